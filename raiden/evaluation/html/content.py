"""What the page shows, as plain data for its script."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from statistics import fmean
from typing import Any
from urllib.parse import urlencode

from raiden.evaluation.comparison import Comparison, by_sample_id, compare, differing_rewards, styles
from raiden.evaluation.curves import Curve
from raiden.evaluation.html.panels import panels
from raiden.evaluation.reasons import counted, kind_of, parts_of_reward
from raiden.evaluation.results import Evaluation, Row
from raiden.evaluation.statistics import MIN_CHARACTERS, Difference, Estimate, estimate
from raiden.evaluation.style import STYLE_TITLES
from raiden.evaluation.summary import estimates, pass_shares, title

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
    by_sample = [by_sample_id(evaluation.rows) for evaluation in both]
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


NUM_EXAMPLES = 3
_ORDER = ("got right", "wrong", "got wrong", "got right", "right", *[""] * NUM_EXAMPLES)
"""Verdicts in the order in which examples of them are looked for; the empty one is any."""


def examples(by_sample: Sequence[Mapping[str, Sequence[Row]]]) -> list[str]:
    """Ids of samples for the first page of a report, by a fixed rule that looks at no reply's beauty.

    One that got right, one that is wrong still, one that got wrong, as far as there are such; then more that got
    right, and then any. Of each kind first those where a word of the reply was weighed (it has a span, or was refused
    for a fault), and no two about one character as long as others are left.

    Args:
        by_sample: each model's replies by the sample that they answer; one model, or two.
    """
    chosen: list[str] = []
    seen: set[str] = set()
    for kind in _ORDER:
        candidates = [id for id in by_sample[-1] if id not in chosen and kind in ("", _verdict(id, by_sample))]
        if candidates and len(chosen) < NUM_EXAMPLES:
            best = min(candidates, key=lambda id: _rank(by_sample[-1][id][0], seen))
            chosen.append(best)
            seen.add(by_sample[-1][best][0]["character_name"])
    return chosen


def _rank(row: Row, seen: set[str]) -> tuple[bool, bool]:
    """The lower, the sooner it is shown; equal ones in the order of the file."""
    return row["character_name"] in seen, not row["spans"]


def _verdict(id: str, by_sample: Sequence[Mapping[str, Sequence[Row]]]) -> str:
    shares = list(_shares(id, by_sample))
    before, after = shares[0], shares[-1]
    if before is not None and after is not None and before != after:
        return "got right" if after > before else "got wrong"
    return {0.0: "wrong", 1.0: "right"}.get(after or 0.0, "partly right")


def _shares(id: str, by_sample: Sequence[Mapping[str, Sequence[Row]]]) -> Iterator[float | None]:
    for replies in by_sample:
        rows = replies.get(id, ())
        yield fmean(row["accuracy"] for row in rows) if rows else None


def figures(evaluations: Sequence[Evaluation], comparison: Comparison | None) -> list[dict[str, Any]]:
    """Shares of right replies and the mean reward, each with its interval.

    Args:
        evaluations: one or two.
        comparison: of the second with the first, where there are two.
    """
    found: list[dict[str, Estimate | None]] = [
        {**estimates(evaluation.rows), "reward": _reward(evaluation)} for evaluation in evaluations
    ]
    differences = comparison.differences if comparison else {}
    names = [*found[0], *(name for name in found[-1] if name not in found[0])]
    return [_figure(name, [each.get(name) for each in found], differences.get(name)) for name in names]


def _reward(evaluation: Evaluation) -> Estimate | None:
    rows = [row for row in evaluation.rows if row["total"] is not None]
    return estimate([row["total"] for row in rows], [row["character_name"] for row in rows]) if rows else None


def _figure(name: str, values: Sequence[Estimate | None], difference: Difference | None) -> dict[str, Any]:
    return {
        "title": title(name).strip(),
        "headline": "/" not in name,
        "unit": "reward" if name == "reward" else "share",
        "link": "#" + urlencode(_filters(name)),
        "values": [value and asdict(value) for value in values],
        "difference": difference and {**asdict(difference), "verdict": difference.verdict},
    }


def _filters(name: str) -> Mapping[str, str]:
    """The page's filters that leave the samples which a figure counts.

    >>> _filters("sbk/language/zh")
    {'focus': 'sbk', 'language': 'zh'}
    """
    focus, *kind = name.split("/")
    if focus not in ("sbk", "cm"):
        return {}
    return {"focus": focus, **({kind[0]: kind[1]} if kind else {})}


def writing(evaluations: Sequence[Evaluation], comparison: Comparison | None) -> list[dict[str, Any]]:
    """How the replies are written, so that a model that got right by getting dull is seen; and pass@k where k > 1."""
    passed = [pass_shares(evaluation.rows) for evaluation in evaluations]
    lines = [(f"pass@{k}", "share", [shares.get(k) for shares in passed]) for k in sorted(set().union(*passed))]
    by_model = [comparison.style_before, comparison.style_after] if comparison else [styles(evaluations[0].rows)]
    lines += [
        (heading, "characters" if name == "mean_length" else "share", [style[name] for style in by_model])
        for name, heading in STYLE_TITLES.items()
    ]
    return [{"title": heading, "unit": unit, "values": values} for heading, unit, values in lines]
