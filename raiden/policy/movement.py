"""Whether steps move the weights: beside a weight, a small step rounds away."""

from typing import Any

import torch
from torch import Tensor

from raiden.core.errors import ConfigError
from raiden.core.processes import Processes
from raiden.policy.weights import local_tensor

_MIN_MOVABLE = 0.5
"""Share of the weights that a whole step of the optimizer has to be able to move, at least."""
_NUM_SAMPLED = 4096
"""Weights that are looked at on each process, about."""


class SampledWeights:
    """A few thousand of the trained weights, always the same ones, as they are now."""

    def __init__(self, model: Any) -> None:
        self._trained = [p for p in model.parameters() if p.requires_grad]
        total = sum(local_tensor(p).numel() for p in self._trained)
        self._stride = max(1, total // _NUM_SAMPLED)
        self._before = self._values()

    def _values(self) -> list[Tensor]:
        return [local_tensor(p).flatten()[:: self._stride].clone() for p in self._trained]

    def movable_share(self, distance: float) -> float:
        """Share of them that are another number when so much is added, on all processes; the others round it away."""
        return _share([value + distance != value for value in self._before])

    def changed_share(self) -> float:
        """Share of them that have changed since, on all processes."""
        return _share([old != new for old, new in zip(self._before, self._values(), strict=True)])


def refuse_steps_that_round_away(model: Any, lr: float) -> None:
    """A step of AdamW moves a weight by the learning rate at most.

    Raises:
        ConfigError: that is too little for most weights to become another number of their type.
    """
    share = SampledWeights(model).movable_share(lr)
    if share < _MIN_MOVABLE:
        raise ConfigError(
            f"`model.policy.dtype` is {str(model.dtype).removeprefix('torch.')}, in which a step of "
            f"`model.optimizer.lr` {lr:g} rounds away for {1 - share:.0%} of the weights: the run would hardly learn. "
            "Keep the weights in float32 and compute in bfloat16 (`model.policy.dtype` float32, "
            "`model.policy.compute_dtype` bfloat16), or train adapters (`model.policy.lora.rank`), which are float32."
        )


def _share(of_each: list[Tensor]) -> float:
    found = torch.cat(of_each)
    counts = [float(found.sum()), float(found.numel())]
    num_found, num = Processes.current().reduce(counts, "sum", found.device)
    return num_found / num
