"""Which weights and optimizer states hold what is no number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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
