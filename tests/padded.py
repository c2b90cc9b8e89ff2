"""The slow truth: one padded row a completion, with transformers' own attention."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from transformers import PreTrainedModel

Pair = tuple[Sequence[int], Sequence[int]]


def padded_logits(model: PreTrainedModel, pairs: Sequence[Pair]) -> list[Tensor]:
    """The logits that predict the tokens of each (prompt, completion), ``(C, V)``."""
    rows = [torch.tensor([*prompt, *completion]) for prompt, completion in pairs]
    ids = pad_sequence(rows, batch_first=True, padding_value=0)
    mask = pad_sequence([torch.ones_like(row) for row in rows], batch_first=True, padding_value=0)
    logits = model(input_ids=ids, attention_mask=mask, use_cache=False).logits
    return [logits[i, len(p) - 1 : len(p) - 1 + len(c)] for i, (p, c) in enumerate(pairs)]


def padded_logps(model: PreTrainedModel, pairs: Sequence[Pair], temperature: float = 1.0) -> list[Tensor]:
    """Log-probability of each token of each completion, ``(C,)``."""
    all_logits = padded_logits(model, pairs)
    return [
        (logits / temperature).log_softmax(-1)[torch.arange(len(completion)), torch.tensor(completion)]
        for logits, (_, completion) in zip(all_logits, pairs, strict=True)
    ]
