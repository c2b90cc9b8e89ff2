"""Faults that are seen in the figures of single steps, and told when they last."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

_NUM_FIRST = 3
"""Values of a metric whose mean is its level at the start of the run."""
_HEALTHY_STEPS = 50
"""Steps in a row without a fault after which it is told again when it comes back."""


@dataclass(frozen=True)
class Fault:
    """Something that is wrong when it lasts."""

    metric: str
    there: Callable[[float, float], bool]
    """Whether this value of the metric is bad, given its level at the start of the run."""
    what: str
    """A clause; `{value}` and `{first}` stand for the metric now and at the start, `{text}` for what it is about."""
    remedy: str


class Lasting:
    """Counts for how many steps in a row each fault has been there, and tells each once.

    A step that does not log a fault's metric says nothing about it. A fault is told again only when it lasts again
    after many healthy steps in a row.
    """

    def __init__(self, faults: Mapping[str, Fault], after_n_steps: int) -> None:
        """
        Args:
            faults: by a name that stays the same in checkpoints.
            after_n_steps: steps in a row, at least 1.
        """
        self.faults = faults
        self.after_n_steps = after_n_steps
        self._first: dict[str, list[float]] = {}  # by metric
        self._streaks: dict[str, int] = {}  # steps in a row: with the fault above 0, without it below
        self._told: list[str] = []

    def count(self, metrics: Mapping[str, float], text: str = "") -> list[str]:
        """The warnings of a step: what has now lasted, with its remedy.

        Args:
            text: what `{text}` stands for.
        """
        for metric in dict.fromkeys(fault.metric for fault in self.faults.values() if fault.metric in metrics):
            self._first[metric] = [*self._first.get(metric, []), metrics[metric]][:_NUM_FIRST]
        return [
            f"for {self.after_n_steps} steps {self._what(fault, metrics, text)}: {fault.remedy}."
            for name, fault in self.faults.items()
            if fault.metric in metrics and self._has_lasted(name, metrics[fault.metric])
        ]

    def _has_lasted(self, name: str, value: float) -> bool:
        """Counts a step; whether the fault is to be told now."""
        fault = self.faults[name]
        streak = self._streaks.get(name, 0)
        bad = fault.there(value, self._level(fault.metric))
        streak = self._streaks[name] = max(streak, 0) + 1 if bad else min(streak, 0) - 1
        if name in self._told:
            if streak <= -_HEALTHY_STEPS:
                self._told.remove(name)
            return False
        if streak < self.after_n_steps:
            return False
        self._told.append(name)
        return True

    def _what(self, fault: Fault, metrics: Mapping[str, float], text: str) -> str:
        value, first = metrics[fault.metric], self._level(fault.metric)
        return fault.what.format(value=value, first=first, text=text)

    def _level(self, metric: str) -> float:
        """Of a metric, at the start of the run."""
        return fmean(self._first[metric])

    def state_dict(self) -> dict[str, Any]:
        return {"first": self._first, "streaks": self._streaks, "told": self._told}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._first, self._streaks, self._told = state["first"], state["streaks"], state["told"]
