"""Log-probabilities of completion tokens under a model, from a packed micro-batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint
from transformers import PreTrainedModel

from raiden.packing.batching import MicroBatch
from raiden.packing.token_scores import token_scores

MAX_LOGITS = 2**27
"""Logits that exist at one time, at most (and where a temperature divides them, as many again): 512 MiB in float32."""


def token_logps(
    model: PreTrainedModel, batch: MicroBatch, temperature: float = 1.0, entropy_gradient: bool = False
) -> tuple[Tensor, Tensor]:
    """Log-probability of each scored token, and the entropy of the distribution it was drawn from, in nats.

    ``log_softmax(logits / temperature)`` at the token; top-k, top-p and min-p are left out, as TRL does. The
    vocabulary is projected at scored positions only, and in chunks of `MAX_LOGITS`; where there is more than one,
    the backward pass projects each again.

    Args:
        temperature: the one that sampled; at 0 (greedy) the model's own distribution is taken.
        entropy_gradient: whether the entropy has a gradient.

    Shape:
        - output: ``(N,)`` and ``(N,)``
    """
    head: Any = model.get_output_embeddings()
    project = head.forward

    def score(hidden: Tensor, targets: Tensor) -> Tensor:
        # At 0 (greedy) the model's own distribution is meant.
        return torch.stack(token_scores(project(hidden), targets, temperature or 1.0, entropy_gradient), dim=-1)

    def score_in_chunks(hidden: Tensor) -> Tensor:
        size = max(1, MAX_LOGITS // head.weight.shape[0])
        chunks = list(zip(hidden[0].split(size), batch.targets.split(size), strict=True))
        again = len(chunks) > 1 and torch.is_grad_enabled()
        scores = [checkpoint(score, *chunk, use_reentrant=False) if again else score(*chunk) for chunk in chunks]
        return torch.cat(scores)[None]

    # Within the model's own forward pass: sharded weights are whole there, and nowhere else.
    with _forward_replaced(head, score_in_chunks):
        logps, entropy = scored_logits(model, batch).unbind(dim=-1)
    return logps, entropy if entropy_gradient else entropy.detach()


@contextmanager
def _forward_replaced(module: Any, forward: Callable[..., Any]) -> Iterator[None]:
    own = module.forward
    module.forward = forward
    try:
        yield
    finally:
        module.forward = own


def scored_logits(model: PreTrainedModel, batch: MicroBatch) -> Tensor:
    """The model's logits at each scored position, ``(N, V)``; nowhere else are they computed."""
    return model(
        input_ids=batch.input_ids,
        position_ids=batch.position_ids,
        logits_to_keep=batch.predictors,
        use_cache=False,
        tree=batch.tree,
    ).logits[0]
