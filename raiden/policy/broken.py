"""What an optimizer was given and kept where it has made a weight that is no number."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch.optim import Optimizer

from raiden.core.processes import Processes
from raiden.policy.weights import local_tensor, plain_name

_OPTIONS = ("lr", "betas", "eps", "weight_decay")


@dataclass(frozen=True)
class BrokenWeight:
    """One weight after a step of AdamW, and all that the step was made of."""

    name: str
    place: tuple[int, ...]
    """Indices in the tensor, or in the shard of it that the process holds."""
    value: float
    gradient: float
    states: dict[str, float]
    """After the step: `exp_avg`, `exp_avg_sq`, and `step`, which counts the steps."""
    options: dict[str, Any]
    """`lr`, `betas`, `eps`, `weight_decay`."""

    def __str__(self) -> str:
        numbers = {"gradient": self.gradient, **self.states, **self.options}
        told = ", ".join(
            f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}" for name, value in numbers.items()
        )
        return f"{self.name}{list(self.place)} is {self.value} after a step with {told}"

    def as_record(self) -> dict[str, Any]:
        return asdict(self)

    def step_again(self) -> float:
        """How far the step moves the weight, its decay apart.

        ``lr * m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + eps)``; AdamW, arXiv:1711.05101.
        """
        (beta1, beta2), count = self.options["betas"], self.states["step"]
        mean, square = (torch.tensor(self.states[name], dtype=torch.float32) for name in ("exp_avg", "exp_avg_sq"))
        root = (square / (1 - beta2**count)).sqrt() + self.options["eps"]
        return float(self.options["lr"] * mean / (1 - beta1**count) / root)


def broken_weight(model: Any, optimizer: Optimizer) -> BrokenWeight:
    """The first weight that is no number, on any process; the same on all. There has to be one."""
    found = next(filter(None, Processes.current().gather([_own(model, optimizer)])))
    assert isinstance(found, BrokenWeight)
    return found


def _own(model: Any, optimizer: Optimizer) -> BrokenWeight | None:
    options = {id(p): group for group in optimizer.param_groups for p in group["params"]}
    for name, parameter in model.named_parameters():
        bad = ~local_tensor(parameter).isfinite()
        if parameter.requires_grad and bad.any():
            place = tuple(bad.nonzero()[0].tolist())
            states = {
                state: float(value if value.dim() == 0 else local_tensor(value)[place])
                for state, value in optimizer.state[parameter].items()
            }
            gradient = float(local_tensor(parameter.grad)[place]) if parameter.grad is not None else 0.0
            group = options[id(parameter)]
            kept = {option: group[option] for option in _OPTIONS}
            return BrokenWeight(plain_name(name), place, float(local_tensor(parameter)[place]), gradient, states, kept)
    return None
