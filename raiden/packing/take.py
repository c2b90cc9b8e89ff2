"""Values of shared tokens for each completion that has them, with a gradient that is the same on each run."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def take(values: Tensor, index: Tensor) -> Tensor:
    """``values[index]``, where an entry may be taken several times.

    Its gradients are added up in the order of `index`: PyTorch's own backward pass adds them as threads come by.

    Shape:
        - values: ``(M, *)``
        - index: ``(N,)``
        - output: ``(N, *)``

    >>> values = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> taken = take(values, torch.tensor([0, 1, 0]))
    >>> torch.autograd.grad((taken * torch.tensor([1.0, 10.0, 100.0])).sum(), values)
    (tensor([101.,  10.]),)
    """
    out: Tensor = _Take.apply(values, index)
    return out


class _Take(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, index: Tensor) -> Tensor:
        ctx.save_for_backward(index)
        ctx.size = len(values)
        return values[index]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        (index,) = ctx.saved_tensors
        counts = torch.bincount(index, minlength=ctx.size)
        of_each = grad[index.argsort(stable=True)]
        return torch.segment_reduce(of_each, "sum", lengths=counts, axis=0, initial=0.0), None
