"""Tree attention in one pass a run, on CPUs: a run's keys are read once by itself and by all that descends from it.

The row is written depth first, so that the tokens that may see a run stand behind one another, its own first: one
causal call of PyTorch's flash attention, whose later queries see all of the keys. What a token gets from the runs of
its sequence is merged by their log-sum-exp (Hydragen, arXiv 2402.05099, equation 4; there for inference). The
backward pass needs no merging: flash attention's takes each run's part of it from the merged outputs and normalisers.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from raiden.core.private import flash_attention_for_cpu, flash_attention_for_cpu_backward
from raiden.packing.layout import Run


def cascade_attention(runs: Sequence[Run], query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
    """Attention output, without dropout.

    Shape:
        - query: ``(1, heads, T, head_dim)``
        - key, value: ``(1, kv_heads, T, head_dim)``
        - output: ``(1, heads, T, head_dim)``
    """
    # Under autocast the rotation of queries and keys may have made them float32.
    query, key = query.to(value.dtype), key.to(value.dtype)
    # A key head and the query heads that share it are a row of the batch.
    query = query[0].unflatten(0, (key.shape[1], -1))
    out: Tensor = _Cascade.apply(query, key.transpose(0, 1), value.transpose(0, 1), runs, scale)
    return out.flatten(0, 1)[None]


class _Cascade(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, runs: Sequence[Run], scale: float) -> Tensor:
        """
        Shape:
            - query, output: ``(kv_heads, groups, T, head_dim)``
            - key, value: ``(kv_heads, 1, T, head_dim)``
        """
        keys, values = (x.expand(-1, query.shape[1], -1, -1) for x in (key, value))
        out = torch.empty_like(query)
        normaliser = query.new_empty(query.shape[:3], dtype=torch.promote_types(query.dtype, torch.float32))
        for run in runs:
            own, seen_by = slice(run.start, run.end), slice(run.start, run.stop)
            part, part_normaliser = flash_attention_for_cpu(
                query[:, :, seen_by], keys[:, :, own], values[:, :, own], is_causal=True, scale=scale
            )
            if run.before:
                merge(out[:, :, seen_by], normaliser[:, :, seen_by], part, part_normaliser)
            else:
                out[:, :, seen_by], normaliser[:, :, seen_by] = part, part_normaliser
        ctx.save_for_backward(query, key, value, out, normaliser)
        ctx.runs, ctx.scale = runs, scale
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_out: Tensor) -> tuple[Tensor | None, ...]:
        query, key, value, out, normaliser = ctx.saved_tensors
        keys, values = (x.expand(-1, query.shape[1], -1, -1) for x in (key, value))
        grad_query, grad_key, grad_value = (torch.empty_like(x) for x in (query, key, value))
        for run in ctx.runs:
            own, seen_by = slice(run.start, run.end), slice(run.start, run.stop)
            for_query, for_key, for_value = flash_attention_for_cpu_backward(
                grad_out[:, :, seen_by],
                query[:, :, seen_by],
                keys[:, :, own],
                values[:, :, own],
                out[:, :, seen_by],
                normaliser[:, :, seen_by],
                dropout_p=0.0,
                is_causal=True,
                scale=ctx.scale,
            )
            if run.before:
                grad_query[:, :, seen_by] += for_query
            else:
                grad_query[:, :, seen_by] = for_query
            grad_key[:, :, own] = for_key.sum(1, keepdim=True)
            grad_value[:, :, own] = for_value.sum(1, keepdim=True)
        return grad_query, grad_key, grad_value, None, None


def attend(
    query: Tensor, key: Tensor, value: Tensor, scale: float, mask: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Attention of all queries to all keys, and the log-sum-exp of each query's scores.

    Args:
        mask: what is added to the scores.

    Shape:
        - query, output: ``(B, heads, T, head_dim)``; key, value: ``(B, heads, keys, head_dim)``
        - mask: ``(T, keys)``
        - log-sum-exp: ``(B, heads, T)``
    """
    out: tuple[Tensor, Tensor] = flash_attention_for_cpu(query, key, value, attn_mask=mask, scale=scale)
    return out


def merge(out: Tensor, normaliser: Tensor, part: Tensor, part_normaliser: Tensor) -> None:
    """Adds what further keys give to outputs and normalisers, in place."""
    weight = (part_normaliser - normaliser).sigmoid_()  # exp(part) / (exp(normaliser) + exp(part))
    out.lerp_(part, weight[..., None].to(out.dtype))
    normaliser.copy_(torch.logaddexp(normaliser, part_normaliser))
