"""Which curves of a run a reader looks at first, which share a chart, and in what unit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from raiden.evaluation.curves import Curve, thinned


@dataclass(frozen=True)
class _Panel:
    title: str
    curves: dict[str, str]
    """Name in the log -> label in the chart."""
    unit: str = ""
    shares: bool = False
    """Whether the values are between 0 and 1 and shown as percentages."""


_MAIN = (
    _Panel("Reward", {"reward": "training", "val/reward": "held out"}),
    _Panel("SBK", {"train/sbk": "training", "val/sbk": "held out"}, "right replies", True),
    _Panel("CM", {"train/cm": "training", "val/cm": "held out"}, "right replies", True),
    _Panel("KL from the reference", {"kl": "kl"}, "nats a token"),
    _Panel("Entropy", {"entropy": "entropy"}, "nats a token"),
    _Panel("Completion length", {"completions/mean_length": "mean", "completions/max_length": "longest"}, "tokens"),
    _Panel("Truncated completions", {"completions/clipped_ratio": "share"}, "", True),
    _Panel("Groups that teach nothing", {"frac_reward_zero_std": "share"}, "equal rewards", True),
    _Panel("Gradient norm", {"grad_norm": "grad_norm"}),
    _Panel("Learning rate", {"lr": "lr"}),
    _Panel("Loss", {"loss": "training", "val/loss": "held out"}),
)
_LEFT_OUT = {"epoch", "hp_metric"}
"""Lightning's bookkeeping."""


def panels(curves: Sequence[Curve]) -> list[dict[str, Any]]:
    """The charts of the page, the main ones first, then one for each other curve."""
    by_name = {curve.name: curve for curve in curves if curve.name not in _LEFT_OUT}
    drawn = [_as_content(panel, by_name, main=True) for panel in _MAIN if panel.curves.keys() & by_name.keys()]
    named = {name for panel in _MAIN for name in panel.curves}
    others = [_Panel(name, {name: "value"}, shares=_is_share(name)) for name in by_name if name not in named]
    return drawn + [_as_content(panel, by_name, main=False) for panel in others]


def _is_share(name: str) -> bool:
    return name.startswith(("val/sbk", "val/cm")) or name == "rewards/accuracy/mean"


def _as_content(panel: _Panel, by_name: dict[str, Curve], main: bool) -> dict[str, Any]:
    curves = {label: by_name[name].points for name, label in panel.curves.items() if name in by_name}
    drawn = {label: thinned(points) for label, points in curves.items()}
    left_out = "extremes only" if drawn != curves else ""
    return {
        "title": panel.title,
        "unit": ", ".join(filter(None, (panel.unit, left_out))),
        "shares": panel.shares,
        "main": main,
        "curves": [
            {"label": label, "points": [[point.step, point.value] for point in points]}
            for label, points in drawn.items()
        ],
    }
