"""What the page shows, as plain data for its script."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from raiden.evaluation.comparison import compare, differing_rewards
from raiden.evaluation.curves import Curve
from raiden.evaluation.examples import examples
from raiden.evaluation.html.figures import figures, writing
from raiden.evaluation.html.panels import panels
from raiden.evaluation.reasons import counted, kind_of, parts_of_reward
from raiden.evaluation.results import Evaluation, Row
from raiden.evaluation.statistics import MIN_CHARACTERS

Replies = Mapping[str, Sequence[Row]]
"""One model's replies by the sample that they answer."""


def page_content(
    evaluations: Sequence[tuple[str, Evaluation]], curves: Sequence[Curve] = (), warnings: Sequence[str] = ()
) -> dict[str, Any]:
    """The content of the page.

    Args:
        evaluations: one, or two of which the second is compared with the first, each with the name of its file.
        curves: of the run that made the model.
        warnings: of that run.

    Raises:
        InputError: two evaluations have no sample in common, or one that reads differently in the two.
    """
    both = [evaluation for _, evaluation in evaluations]
    comparison = compare(both[0], both[1]) if len(both) == 2 else None
    by_sample = [_by_sample(evaluation.rows) for evaluation in both]
    samples = {id: rows[0] for replies in by_sample for id, rows in replies.items()}
    profiles: dict[tuple[tuple[str, str], ...], int] = {}
    return {
        "date": date.today().isoformat(),
        "models": [{"name": evaluation.model, "file": name} for name, evaluation in evaluations],
        "num_characters": len({row["character_name"] for row in samples.values()}),
        "notes": [*_notes(evaluations, by_sample), *warnings],
        "min_characters": MIN_CHARACTERS,
        "figures": figures(both, comparison),
        "writing": writing(both, comparison),
        "examples": examples(by_sample),
        "reasons": counted(both),
        "parts": parts_of_reward(both),
        "panels": panels(curves),
        "samples": [
            _sample(row, profiles, [replies.get(id, ()) for replies in by_sample]) for id, row in samples.items()
        ],
        "profiles": [list(fields) for fields in profiles],  # each once, though many samples have it
    }


def _by_sample(rows: Sequence[Row]) -> Replies:
    samples: dict[str, list[Row]] = {}
    for row in rows:
        samples.setdefault(row["id"], []).append(row)
    return samples


def _notes(evaluations: Sequence[tuple[str, Evaluation]], by_sample: Sequence[Replies]) -> Iterator[str]:
    """What a reader must know to read the figures right."""
    for (name, evaluation), own, other in zip(evaluations, by_sample, reversed(by_sample), strict=True):
        if alone := len(own.keys() - other.keys()):
            yield f"Samples that only {name} has: {alone:,}. They count in its shares, not in the differences."
        if evaluation.failed:
            yield f"Requests of {name} without a reply: {len(evaluation.failed):,}. They count nowhere."
    if len(evaluations) == 2 and (differing := differing_rewards(*(evaluation for _, evaluation in evaluations))):
        yield f"Scored with different settings ({differing}): the mean rewards cannot be compared."


def _sample(row: Row, profiles: dict[Any, int], replies: Sequence[Sequence[Row]]) -> dict[str, Any]:
    profile = tuple((str(name), str(text)) for name, text in row["profile"].items())
    return {
        "character": row["character_name"],
        "profile": profiles.setdefault(profile, len(profiles)),
        "history": [[turn["role"], turn["content"]] for turn in row["history"]],
        **{name: row[name] for name in ("id", "focus", "language", "question_type", "difficulty")},
        **{name: row[name] for name in ("question", "reference")},
        "replies": [[_reply(reply) for reply in of_model] for of_model in replies],
    }


def _reply(row: Row) -> dict[str, Any]:
    return {
        "parts": cut_at_spans(row["reply"], row["spans"]),
        "accuracy": row["accuracy"],
        "total": row["total"],  # null: no score
        "components": row["components"],
        "truncated": row["finish_reason"] == "length",
        "reason": row["reason"],
        "kind": kind_of(row["reason"]),
    }


def cut_at_spans(text: str, spans: Sequence[Mapping[str, Any]]) -> list[str]:
    """A text in pieces, plain and matched by turns, the first one plain.

    It is cut here because a browser counts UTF-16 units, where an emoji takes two.

    >>> cut_at_spans("I was born in Hull.", [{"start": 14, "end": 18}])
    ['I was born in ', 'Hull', '.']
    >>> cut_at_spans("Hull.", [])
    ['Hull.']
    """
    parts, place = [], 0
    for span in sorted(spans, key=lambda span: (span["start"], span["end"])):
        start, end = max(place, span["start"]), min(len(text), span["end"])
        if start < end:
            parts += [text[place:start], text[start:end]]
            place = end
    return [*parts, text[place:]] if place < len(text) else parts
