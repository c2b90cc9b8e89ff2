"""Which completion makes a value of a whole step, its loss or its gradient, no finite number."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import Parameter

from raiden.policy import full_tensor
from raiden.train.nonfinite import NonFinite

LOSS, GRADIENT_NORM = "loss", "gradient norm"
"""What is found in a step as a whole."""


def largest_alone(
    found: NonFinite, rows: Sequence[int], losses: Iterable[Tensor], parameters: Iterable[Parameter]
) -> NonFinite:
    """What was found, with the completion that gives the most of it when each is computed again alone.

    All processes have to ask together, each for all completions: what is sharded is gathered by all.

    Args:
        found: of the step as a whole.
        rows: index of each completion among all of the step.
        losses: of each of them alone, in the same order.
        parameters: whose gradients are looked at; they have none afterwards.
    """
    trained = [p for p in parameters if p.requires_grad]
    sizes = [_size(found.what, loss, trained) for loss in losses]
    place = max(range(len(sizes)), key=lambda i: math.inf if math.isnan(sizes[i]) else sizes[i])
    return replace(found, row=rows[place], alone=sizes[place])


def _size(what: str, loss: Tensor, parameters: Sequence[Parameter]) -> float:
    if what == LOSS:
        return abs(loss.item())
    for parameter in parameters:
        parameter.grad = None
    loss.backward()
    norm = torch.nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
    for parameter in parameters:
        parameter.grad = None
    return full_tensor(norm).item()
