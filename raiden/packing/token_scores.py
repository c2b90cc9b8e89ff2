"""Log-probability and entropy from logits: at large vocabularies the tensors of their size are the peak of memory."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

BLOCK = 2**22
"""Logits that are worked on at a time: 16 MiB in float32, which allocators and caches hand on to the next."""


def token_scores(logits: Tensor, targets: Tensor, temperature: float, entropy_gradient: bool) -> tuple[Tensor, Tensor]:
    """Of the distribution ``softmax(logits / temperature)``: the target's log-probability and the entropy, in nats.

    The backward pass writes the gradient over the logits, which nothing else may need; a second one raises. So there
    is one tensor of their size, and one more in the forward pass where they are divided or cast.

    Args:
        temperature: above 0.
        entropy_gradient: whether the entropy has a gradient.

    Shape:
        - logits: ``(N, V)``
        - targets: ``(N,)``
        - output: ``(N,)`` and ``(N,)``, float32, or float64 of such logits
    """
    logps, entropy = _TokenScores.apply(logits, targets, temperature, entropy_gradient)
    return logps, entropy


class _TokenScores(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, logits: Tensor, targets: Tensor, temperature: float, entropy_gradient: bool
    ) -> tuple[Tensor, Tensor]:
        ctx.dtype, ctx.temperature = logits.dtype, temperature
        logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
        if temperature != 1:
            logits = logits / temperature
        log_total, entropy = logits.new_empty(len(logits)), logits.new_empty(len(logits))
        for rows in _blocks(logits):
            probabilities = logits[rows].softmax(dim=-1)
            # By the likeliest token, for a log-sum-exp would take the exponentials once more.
            log_total[rows] = logits[rows].amax(dim=-1) - probabilities.amax(dim=-1).log()
            # No matrix product, which autocast would make coarse.
            entropy[rows] = log_total[rows] - probabilities.mul_(logits[rows]).sum(dim=-1)
            del probabilities  # or it would lie beside those of the next block
        logps = logits.gather(1, targets[:, None]).squeeze(1) - log_total
        ctx.save_for_backward(logits, targets, log_total, *([entropy] if entropy_gradient else []))
        ctx.set_materialize_grads(False)
        if not entropy_gradient:
            ctx.mark_non_differentiable(entropy)
        return logps, entropy

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_logps: Tensor | None, grad_entropy: Tensor | None) -> tuple[Tensor | None, ...]:
        """``d logp / d l_j = [j is the target] - p_j``, and ``d H / d l_j = -p_j (log p_j + H)``."""
        grad, targets, log_total, *of_entropy = ctx.saved_tensors
        of_target = torch.zeros_like(log_total) if grad_logps is None else grad_logps / ctx.temperature
        for rows in _blocks(grad):
            logps = grad[rows].sub_(log_total[rows, None])
            factor = -of_target[rows, None]
            if grad_entropy is not None:
                (entropy,) = of_entropy
                factor = factor - (logps + entropy[rows, None]) * (grad_entropy[rows, None] / ctx.temperature)
            logps.exp_().mul_(factor)
        grad.scatter_add_(1, targets[:, None], of_target[:, None])
        return grad.to(ctx.dtype), None, None, None


def _blocks(logits: Tensor) -> list[slice]:
    size = max(1, BLOCK // logits.shape[1])
    return [slice(start, start + size) for start in range(0, len(logits), size)]
