"""The optimizer and its learning-rate schedule."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from lightning.pytorch.utilities import rank_zero_warn
from torch.nn import Parameter
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR

from raiden.core.errors import ConfigError
from raiden.core.private import let_schedules_go_first

_FUSED = {"cpu", "cuda", "mps", "xpu"}
"""Devices with one kernel for the whole step: each number is read and written once."""


@dataclass(frozen=True)
class OptimizerConfig:
    """AdamW and its schedule."""

    lr: float = 1e-6
    """Peak learning rate."""
    schedule: Literal["cosine", "linear", "constant"] = "cosine"
    """How it falls from the peak to 0 over the run, after the warm-up."""
    warmup_steps: int = 0
    """Steps (rollouts) before the peak: with n of them the first learns at 1 / (n + 1) of it, none at 0."""
    betas: tuple[float, float] = (0.9, 0.999)
    """Decay of the gradient's running mean and of its square's."""
    weight_decay: float = 0.0
    """Share of a weight taken off per unit of learning rate."""
    max_grad_norm: float | None = 1.0
    """Gradients are scaled down to this norm; None leaves them as they are."""

    def __post_init__(self) -> None:
        checks = {
            "lr": (self.lr > 0, "above 0"),
            "warmup_steps": (self.warmup_steps >= 0, "at least 0"),
            "betas": (all(0 <= beta < 1 for beta in self.betas), "two shares, at least 0 and below 1"),
            "weight_decay": (self.weight_decay >= 0, "at least 0"),
            "max_grad_norm": (self.max_grad_norm is None or self.max_grad_norm > 0, "above 0, or null for none"),
        }
        for name, (ok, need) in checks.items():
            if not ok:
                raise ConfigError(f"`model.optimizer.{name}` must be {need}, got {getattr(self, name)}.")


def lr_factor(step: int, config: OptimizerConfig, num_steps: int) -> float:
    """Learning rate of a step as a share of the peak: a linear warm-up, then linear or cosine decay to 0, or none.

    From the peak on it is that of `transformers.get_scheduler`, whose warm-up begins at 0. Here each step has sampled
    a rollout, so that none may go without learning.

    Args:
        step: counted from 0.
        num_steps: of the whole run.

    >>> config = OptimizerConfig(warmup_steps=3, schedule="linear")
    >>> [lr_factor(step, config, num_steps=5) for step in range(6)]
    [0.25, 0.5, 0.75, 1.0, 0.5, 0.0]
    """
    warmup_steps = config.warmup_steps
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    if config.schedule == "constant":
        return 1.0
    num_decay_steps = max(1, num_steps - warmup_steps)
    if config.schedule == "linear":
        return max(0.0, (num_steps - step) / num_decay_steps)
    return max(0.0, 0.5 * (1.0 + math.cos(math.pi * ((step - warmup_steps) / num_decay_steps))))


def make_optimizer(parameters: Iterable[Parameter], config: OptimizerConfig, num_steps: int) -> tuple[AdamW, LambdaLR]:
    """AdamW over the parameters that are trained, and its schedule over `num_steps` rollouts."""
    trained = [p for p in parameters if p.requires_grad]
    fused = {p.device.type for p in trained} <= _FUSED
    optimizer = AdamW(trained, lr=config.lr, betas=config.betas, weight_decay=config.weight_decay, fused=fused)
    schedule = LambdaLR(optimizer, partial(lr_factor, config=config, num_steps=num_steps))
    # It counts rollouts, and the first may have nothing to learn from.
    let_schedules_go_first(optimizer)
    return optimizer, schedule


def warn_of_other_warmup(schedules: Sequence[Mapping[str, Any]], step: int, config: OptimizerConfig) -> None:
    """Warns where a run goes on within a warm-up that is not this one; earlier versions began theirs at 0.

    Args:
        schedules: their states in the checkpoint; one of weights alone has none.
        step: of the checkpoint.
    """
    if step >= config.warmup_steps:
        return
    for state in schedules:
        saved, due = state["_last_lr"][0], state["base_lrs"][0] * lr_factor(step, config, step)
        if not math.isclose(saved, due):
            rank_zero_warn(
                "the checkpoint is from within a warm-up that began at 0, as in earlier versions, or had other "
                f"`model.optimizer.warmup_steps`: the next step has its learning rate, {saved:g}, where {due:g} would "
                "be due, and those behind it have what is due. From the peak on the two are the same."
            )
