"""Log-probabilities of completion tokens under a model, from a packed micro-batch."""

from __future__ import annotations

import torch
from torch import Tensor
from transformers import PreTrainedModel

from raiden.grpo.batching import MicroBatch


def token_logps(
    model: PreTrainedModel, batch: MicroBatch, temperature: float = 1.0, entropy_gradient: bool = False
) -> tuple[Tensor, Tensor]:
    """Log-probability of each scored token, and the entropy of the distribution it was drawn from, in nats.

    ``log_softmax(logits / temperature)`` at the token; top-k, top-p and min-p are left out, as TRL does. The
    vocabulary is projected at scored positions only.

    Args:
        temperature: the one that sampled; at 0 (greedy) the model's own distribution is taken.
        entropy_gradient: keep what the entropy's gradient needs: one more tensor of the size of the logits.

    Shape:
        - output: ``(N,)`` and ``(N,)``
    """
    logits = scored_logits(model, batch).float() / (temperature or 1.0)
    log_total = logits.logsumexp(dim=-1)
    logps = logits.gather(1, batch.targets[:, None]).squeeze(1) - log_total
    with torch.set_grad_enabled(entropy_gradient and torch.is_grad_enabled()):
        return logps, _entropy(logits, log_total)


def scored_logits(model: PreTrainedModel, batch: MicroBatch) -> Tensor:
    """The model's logits at each scored position, ``(N, V)``; nowhere else are they computed."""
    return model(
        input_ids=batch.input_ids,
        position_ids=batch.position_ids,
        logits_to_keep=batch.predictors,
        use_cache=False,
        tree=batch.tree,
    ).logits[0]


def _entropy(logits: Tensor, log_total: Tensor) -> Tensor:
    """``log sum exp(l) - sum p l``, without a second tensor of the size of the logits' log-probabilities."""
    probabilities = torch.softmax(logits, dim=-1)
    return log_total - (probabilities * logits).sum(dim=-1)
