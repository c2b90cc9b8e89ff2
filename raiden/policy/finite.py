"""Weights and optimizer states that hold what is no number, and what made the first of them so."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from raiden.core.processes import Processes
from raiden.policy.weights import local_tensor, plain_name


def nonfinite_weights(model: Any) -> list[str]:
    """Names, as a Hugging Face folder has them, of the weights that hold a NaN or an infinity; see `nonfinite_of`.

    Adapters and frozen weights are looked at as all others are.
    """
    return nonfinite_of((plain_name(name), parameter) for name, parameter in model.named_parameters())


def nonfinite_states(model: Any, optimizer: Optimizer) -> list[str]:
    """Names, as `exp_avg_sq of model.norm.weight`, of the optimizer's states that hold a NaN or an infinity."""
    names = {parameter: plain_name(name) for name, parameter in model.named_parameters()}
    return nonfinite_of(
        (f"{state} of {names[parameter]}", value)
        for parameter, states in optimizer.state.items()
        for state, value in states.items()
        if state != "step"  # a counter, on the CPU whatever the device of the others
    )


@torch.no_grad()
def nonfinite_of(tensors: Iterable[tuple[str, Tensor]]) -> list[str]:
    """Names of the tensors that hold a NaN or an infinity, on any process; the same on all.

    Reads each number of this process's shards once and takes no memory. All processes have to ask together, for the
    same names in the same order.
    """
    ends = dict(_ends(tensors))
    if not ends:
        return []
    of_each = torch.stack(list(ends.values()))
    found = [not finite for finite in of_each.isfinite().all(dim=1).tolist()]
    anywhere = Processes.current().reduce(found, "max", of_each.device)
    return [name for name, bad in zip(ends, anywhere, strict=True) if bad]


def _ends(tensors: Iterable[tuple[str, Tensor]]) -> Iterator[tuple[str, Tensor]]:
    """Least and largest number of each tensor, ``(2,)``: a NaN is both."""
    for name, tensor in tensors:
        part = local_tensor(tensor)
        yield name, torch.stack(part.aminmax()).float() if part.numel() else torch.zeros(2, device=part.device)


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
