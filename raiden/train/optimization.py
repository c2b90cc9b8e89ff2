"""The optimizer and its learning-rate schedule."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from torch.nn import Parameter
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR

from raiden.core.errors import ConfigError


@dataclass(frozen=True)
class OptimizerConfig:
    """AdamW and its schedule."""

    lr: float = 1e-6
    """Peak learning rate."""
    schedule: Literal["cosine", "linear", "constant"] = "cosine"
    """How it falls from the peak to 0 over the run, after the warm-up."""
    warmup_steps: int = 0
    """Steps (rollouts) in which it rises from 0 to the peak."""
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


def make_optimizer(parameters: Iterable[Parameter], config: OptimizerConfig, num_steps: int) -> tuple[AdamW, LambdaLR]:
    """AdamW over the parameters that are trained, and its schedule over `num_steps` rollouts."""
    from transformers import get_scheduler  # with it come peft and all that it looks for

    trained = [p for p in parameters if p.requires_grad]
    # One kernel for all weights on GPUs; on CPUs the fused one rounds otherwise and is no faster.
    fused = all(p.device.type == "cuda" for p in trained)
    optimizer = AdamW(trained, lr=config.lr, betas=config.betas, weight_decay=config.weight_decay, fused=fused)
    name = "constant_with_warmup" if config.schedule == "constant" else config.schedule
    schedule = get_scheduler(name, optimizer, num_warmup_steps=config.warmup_steps, num_training_steps=num_steps)
    return optimizer, schedule
