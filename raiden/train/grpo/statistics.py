"""What is known of an update for the log: sums over trained tokens, over all processes."""

import math

import torch
from torch import Tensor

from raiden.core.processes import Processes

_BY_TOKEN = ("kl", "entropy", "clipped_low", "clipped_high", "difference", "ratio")
_SUMMED = ("loss", "tokens", "computed", *_BY_TOKEN)


class UpdateStatistics:
    """Adds up micro-batches; processes are put together when the metrics are asked for."""

    def __init__(self) -> None:
        self._sums = dict.fromkeys(_SUMMED, 0.0)
        self._largest_difference = 0.0
        self._largest_ratio = -math.inf
        self._smallest_ratio = math.inf
        self._waiting: list[tuple[int, int, Tensor]] = []
        """Of micro-batches that are on the device yet: their tokens, how many of them were computed, and figures. What
        asks for these waits for it."""

    @property
    def tokens(self) -> int:
        """Trained tokens seen by this process."""
        return int(self._sums["tokens"]) + sum(tokens for tokens, _, _ in self._waiting)

    def add(self, num_computed: int, *, loss: Tensor, **by_token: Tensor) -> None:
        """Counts a micro-batch: its loss, and one value for each of its tokens under each other name.

        Args:
            num_computed: tokens, what completions share counted once.
        """
        sums = [loss.detach(), *(by_token[name].sum() for name in _BY_TOKEN)]
        ratio = by_token["ratio"]
        figures = torch.stack([figure.float() for figure in (*sums, by_token["difference"].max(), *ratio.aminmax())])
        self._waiting.append((len(ratio), num_computed, figures))

    def _read(self) -> None:
        """All that is on the device comes over at once."""
        if not self._waiting:
            return
        of_each = torch.stack([figures for _, _, figures in self._waiting]).tolist()
        for (*counts, _), (loss, *sums, difference, smallest, largest) in zip(self._waiting, of_each, strict=True):
            for name, value in zip(_SUMMED, (loss, *counts, *sums), strict=True):
                self._sums[name] += value
            self._largest_difference = max(self._largest_difference, difference)
            self._largest_ratio = max(self._largest_ratio, largest)
            self._smallest_ratio = min(self._smallest_ratio, smallest)
        self._waiting = []

    def mean(self, name: str) -> float:
        """Over this process's tokens."""
        self._read()
        return self._sums[name] / self._sums["tokens"]

    def metrics(
        self, num_updates: int, with_kl: bool, with_ratio: bool, processes: Processes, device: torch.device
    ) -> dict[str, float]:
        """Means over the tokens of all processes; empty where there were none."""
        self._read()
        sums = dict(zip(_SUMMED, processes.reduce(list(self._sums.values()), "sum", device), strict=True))
        difference, largest, smallest = processes.reduce(
            [self._largest_difference, self._largest_ratio, -self._smallest_ratio], "max", device
        )
        tokens = sums["tokens"]
        if not tokens:
            return {}
        metrics = {
            "loss": sums["loss"] / num_updates,
            "tokens/shared": 1 - sums["computed"] / tokens,
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
