"""The figures at the head of the page: shares of right replies with their intervals, and what changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlencode

from raiden.evaluation.results import BREAKDOWN, Row
from raiden.evaluation.statistics import compare_paired, estimate

Replies = Mapping[str, Sequence[Row]]
"""One evaluation's replies by the sample that they answer."""

_FOCUSES = {"sbk": "SBK (profile)", "cm": "CM (conversation)"}


@dataclass(frozen=True)
class _Figure:
    """A line of the table: which samples it counts, and what of them."""

    title: str
    filters: Mapping[str, str] = field(default_factory=dict)
    """Fields and values of the samples that count, as the page's filters name them."""
    of: str = "accuracy"
    headline: bool = True

    def counts(self, row: Row) -> bool:
        return all(row[name] == value for name, value in self.filters.items())

    def values(self, replies: Replies) -> dict[str, float]:
        """By sample, the mean over its replies."""
        return {
            id: sum(row[self.of] for row in rows) / len(rows) for id, rows in replies.items() if self.counts(rows[0])
        }


def figures(evaluations: Sequence[Replies], track: Callable[[Sequence[Any]], Any] = iter) -> list[dict[str, Any]]:
    """The lines of the page's table, for one evaluation, or for two of which the second is compared with the first.

    Args:
        evaluations: whose samples are these, the older model's first.
        track: goes through the lines, and may show how far it is.
    """
    samples = {id: rows[0] for replies in evaluations for id, rows in replies.items()}
    lines = [line for line in _lines() if any(map(line.counts, samples.values()))]
    return [_as_content(line, evaluations, samples) for line in track(lines)]


def _lines() -> Iterator[_Figure]:
    yield _Figure("all samples")
    for focus, title in _FOCUSES.items():
        yield _Figure(title, {"focus": focus})
        for kind, values in BREAKDOWN.items():
            for value in values:
                yield _Figure(f"{kind.replace('_', ' ')}: {value}", {"focus": focus, kind: value}, headline=False)
    yield _Figure("mean reward", of="total")


def _as_content(line: _Figure, evaluations: Sequence[Replies], samples: Mapping[str, Row]) -> dict[str, Any]:
    values = [line.values(replies) for replies in evaluations]
    return {
        "title": line.title,
        "headline": line.headline,
        "unit": "share" if line.of == "accuracy" else "reward",
        "link": "#" + urlencode(line.filters),
        "values": [_estimate(found, samples) for found in values],
        "difference": _difference(*values, samples) if len(values) == 2 else None,
    }


def _estimate(values: Mapping[str, float], samples: Mapping[str, Row]) -> dict[str, Any] | None:
    return asdict(estimate(list(values.values()), _characters(values, samples))) if values else None


def _difference(
    before: Mapping[str, float], after: Mapping[str, float], samples: Mapping[str, Row]
) -> dict[str, Any] | None:
    """The paired difference, on the samples that both have."""
    shared = [id for id in before if id in after]
    if not shared:
        return None
    pairs = ([values[id] for id in shared] for values in (before, after))
    found = compare_paired(*pairs, _characters(shared, samples))
    return {**asdict(found), "verdict": found.verdict}


def _characters(ids: Iterable[str], samples: Mapping[str, Row]) -> list[str]:
    return [samples[id]["character_name"] for id in ids]
