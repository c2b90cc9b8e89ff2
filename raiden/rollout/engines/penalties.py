"""Tokens that were said already, made less likely to be said again."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Penalties:
    """What repeating costs, in units of logits, by the rules of OpenAI's protocol and of CTRL (arXiv:1909.05858)."""

    frequency: float = 0.0
    """For each time that the completion said the token."""
    presence: float = 0.0
    """Once it has said the token."""
    repetition: float = 1.0
    """Divides the logit of a token of the prompt or the completion; one below zero is multiplied."""


def penalised(logits: Tensor, prompt: Sequence[int], said: Sequence[int], penalties: Penalties) -> Tensor:
    """Logits of the next token behind what one completion has said.

    Shape:
        - logits: ``(V,)``
        - output: ``(V,)``

    >>> penalties = Penalties(frequency=0.5, presence=1.0, repetition=2.0)
    >>> penalised(torch.tensor([4.0, 4.0, -1.0, 4.0]), [0, 2], [1, 1], penalties)  # 4 / 2; 4 / 2 - 2 * 0.5 - 1; -1 * 2
    tensor([ 2.,  0., -2.,  4.])
    """
    logits = logits.float().clone()
    seen = torch.tensor(sorted({*prompt, *said}), device=logits.device)
    logits[seen] = torch.where(
        logits[seen] > 0, logits[seen] / penalties.repetition, logits[seen] * penalties.repetition
    )
    ids, counts = torch.tensor(said, dtype=torch.long, device=logits.device).unique(return_counts=True)
    logits[ids] -= counts * penalties.frequency + penalties.presence
    return logits
