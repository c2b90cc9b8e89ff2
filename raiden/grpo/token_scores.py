"""Log-probability and entropy from logits, with few tensors of their size: these are the peak at large vocabularies."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def token_scores(logits: Tensor, targets: Tensor, temperature: float, entropy_gradient: bool) -> tuple[Tensor, Tensor]:
    """Of the distribution ``softmax(logits / temperature)``: the target's log-probability and the entropy, in nats.

    Three tensors of the logits' size are alive at once in the forward pass, and one stays for the backward pass,
    where there are two; with `entropy_gradient` three.

    Args:
        temperature: above 0.
        entropy_gradient: whether the entropy has a gradient.

    Shape:
        - logits: ``(N, V)``
        - targets: ``(N,)``
        - output: ``(N,)`` and ``(N,)``, float32
    """
    logps, entropy = _TokenScores.apply(logits, targets, temperature, entropy_gradient)
    return logps, entropy


class _TokenScores(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, logits: Tensor, targets: Tensor, temperature: float, entropy_gradient: bool
    ) -> tuple[Tensor, Tensor]:
        ctx.dtype, ctx.temperature = logits.dtype, temperature
        logits = logits.float()
        if temperature != 1:
            logits = logits / temperature
        probabilities = logits.softmax(dim=-1)
        # The normaliser by the likeliest token: a second exponential of all logits is saved.
        log_total = logits.amax(dim=-1) - probabilities.amax(dim=-1).log()
        logps = logits.gather(1, targets[:, None]).squeeze(1) - log_total
        entropy = log_total - torch.einsum("nv,nv->n", probabilities, logits)
        ctx.save_for_backward(logits, targets, log_total, *([entropy] if entropy_gradient else []))
        ctx.set_materialize_grads(False)
        if not entropy_gradient:
            ctx.mark_non_differentiable(entropy)
        return logps, entropy

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_logps: Tensor | None, grad_entropy: Tensor | None) -> tuple[Tensor | None, ...]:
        """``d logp / d l_j = [j is the target] - p_j``, and ``d H / d l_j = -p_j (log p_j + H)``."""
        logits, targets, log_total, *of_entropy = ctx.saved_tensors
        logps = logits - log_total[:, None]
        of_target = torch.zeros_like(log_total) if grad_logps is None else grad_logps / ctx.temperature
        factor = -of_target[:, None]
        if grad_entropy is not None:
            (entropy,) = of_entropy
            factor = factor - (logps + entropy[:, None]) * (grad_entropy / ctx.temperature)[:, None]
        grad = logps.exp_().mul_(factor)
        grad.scatter_add_(1, targets[:, None], of_target[:, None])
        return grad.to(ctx.dtype), None, None, None
