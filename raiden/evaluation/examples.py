"""Three samples that show why the figures are what they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean

from raiden.evaluation.results import Row

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
