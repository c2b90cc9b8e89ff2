"""The figures at the head of the page: those of `raiden validate` and `raiden compare`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode

from raiden.evaluation.comparison import Comparison, styles
from raiden.evaluation.results import Evaluation
from raiden.evaluation.statistics import Difference, Estimate, estimate
from raiden.evaluation.style import STYLE_TITLES
from raiden.evaluation.summary import estimates, pass_shares, title


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
