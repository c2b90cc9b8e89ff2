"""What is known of an update for the log: sums over trained tokens, over all processes."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from raiden.core.processes import Processes

_SUMMED = ("loss", "tokens", "kl", "entropy", "clipped_low", "clipped_high", "difference", "ratio")


class UpdateStatistics:
    """Adds up micro-batches; processes are put together when the metrics are asked for."""

    def __init__(self) -> None:
        self._sums = dict.fromkeys(_SUMMED, 0.0)
        self._largest_difference = 0.0
        self._largest_ratio = -math.inf
        self._smallest_ratio = math.inf

    @property
    def tokens(self) -> int:
        """Trained tokens seen by this process."""
        return int(self._sums["tokens"])

    def add(self, *, loss: float, **by_token: Tensor) -> None:
        """Counts a micro-batch: its loss, and one value for each of its tokens under each other name."""
        self._sums["loss"] += loss
        self._sums["tokens"] += len(by_token["difference"])
        for name, values in by_token.items():
            self._sums[name] += values.sum().item()
        self._largest_difference = max(self._largest_difference, by_token["difference"].max().item())
        self._largest_ratio = max(self._largest_ratio, by_token["ratio"].max().item())
        self._smallest_ratio = min(self._smallest_ratio, by_token["ratio"].min().item())

    def mean(self, name: str) -> float:
        """Over this process's tokens."""
        return self._sums[name] / self._sums["tokens"]

    def metrics(
        self, num_updates: int, with_kl: bool, with_ratio: bool, processes: Processes, device: torch.device
    ) -> dict[str, float]:
        """Means over the tokens of all processes; empty where there were none."""
        sums = dict(zip(_SUMMED, processes.reduce(list(self._sums.values()), "sum", device), strict=True))
        difference, largest, smallest = processes.reduce(
            [self._largest_difference, self._largest_ratio, -self._smallest_ratio], "max", device
        )
        tokens = sums["tokens"]
        if not tokens:
            return {}
        metrics = {
            "loss": sums["loss"] / num_updates,
            "entropy": sums["entropy"] / tokens,
            "clip_ratio/low_mean": sums["clipped_low"] / tokens,
            "clip_ratio/high_mean": sums["clipped_high"] / tokens,
            "clip_ratio/region_mean": (sums["clipped_low"] + sums["clipped_high"]) / tokens,
            "sampling/sampling_logp_difference/mean": sums["difference"] / tokens,
            "sampling/sampling_logp_difference/max": difference,
        }
        if with_kl:
            metrics["kl"] = sums["kl"] / tokens
        if with_ratio:
            name = "sampling/importance_sampling_ratio"
            metrics |= {f"{name}/mean": sums["ratio"] / tokens, f"{name}/min": -smallest, f"{name}/max": largest}
        return metrics
