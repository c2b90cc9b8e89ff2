"""Log-probabilities of completion tokens under a model, from a micro-batch; `take` repeats what completions share."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from inspect import signature
from typing import Any
from weakref import WeakSet

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.utils.checkpoint import checkpoint
from transformers import PreTrainedModel

from raiden.packing.batching import MicroBatch

MAX_LOGITS = 2**27
"""Logits that exist at one time, at most (and where a temperature divides them, as many again): 512 MiB in float32."""

_CHANGED_BEHIND: WeakSet[Any] = WeakSet()
"""Heads whose logits their model caps or scales: seen by what it returns, which is then not what the head gave."""


def token_logps(
    model: PreTrainedModel, batch: MicroBatch, temperature: float = 1.0, entropy_gradient: bool = False
) -> tuple[Tensor, Tensor]:
    """Log-probability of each completion token, and the entropy of the distribution it was drawn from, in nats.

    ``log_softmax(logits / temperature)`` at the token; top-k, top-p and min-p are left out, as TRL does. The
    vocabulary is projected at scored positions only, and in chunks of `MAX_LOGITS`; where there is more than one,
    the backward pass projects each again. A model that changes its logits behind the head makes them all at once.

    Args:
        temperature: the one that sampled; at 0 (greedy) the model's own distribution is taken.
        entropy_gradient: whether the entropy has a gradient.

    Shape:
        - output: ``(N,)`` and ``(N,)``
    """
    # At 0 (greedy) the model's own distribution is meant.
    scores = _target_scores(model, batch, temperature or 1.0, entropy_gradient)
    logps, entropy = take(scores, batch.nodes).unbind(dim=-1)
    return logps, entropy if entropy_gradient else entropy.detach()


def _target_scores(model: Any, batch: MicroBatch, temperature: float, entropy_gradient: bool) -> Tensor:
    """Log-probability and entropy of each target, ``(M, 2)``."""
    head: Any = model.get_output_embeddings()
    if head is None or head in _CHANGED_BEHIND:
        logits = scored_logits(model, batch)
        return torch.stack(token_scores(logits, batch.targets, temperature, entropy_gradient), dim=-1)
    project = head.forward

    def score(hidden: Tensor, targets: Tensor) -> Tensor:
        return torch.stack(token_scores(project(hidden), targets, temperature, entropy_gradient), dim=-1)

    returned: list[Tensor] = []

    def score_in_chunks(hidden: Tensor) -> Tensor:
        size = max(1, MAX_LOGITS // head.weight.shape[0])
        chunks = list(zip(_scored(hidden, batch).split(size), batch.targets.split(size), strict=True))
        again = len(chunks) > 1 and torch.is_grad_enabled()
        scores = [checkpoint(score, *chunk, use_reentrant=False) if again else score(*chunk) for chunk in chunks]
        returned.append(torch.cat(scores)[None])
        return returned[-1]

    # Within the model's own forward pass: sharded weights are whole there, and nowhere else.
    with _forward_replaced(head, score_in_chunks):
        scores = _forward(model, batch)
    if not returned or scores is not returned[-1]:
        _CHANGED_BEHIND.add(head)
        return _target_scores(model, batch, temperature, entropy_gradient)
    return scores[0]


@contextmanager
def _forward_replaced(module: Any, forward: Callable[..., Any]) -> Iterator[None]:
    own = module.forward
    module.forward = forward
    try:
        yield
    finally:
        module.forward = own


def scored_logits(model: PreTrainedModel, batch: MicroBatch) -> Tensor:
    """The model's logits for each target, ``(M, V)``."""
    return _scored(_forward(model, batch), batch)


def _forward(model: Any, batch: MicroBatch) -> Tensor:
    """What the model gives as logits, from the first scored position on or only there: ``(B, K, V)``."""
    if batch.packed is None:
        # A row's last tokens, as a number: some models take no places. Positions and attention are the model's own.
        first = int((batch.predictors % batch.input_ids.shape[1]).min())
        takes = "logits_to_keep" in signature(type(base_model(model)).forward).parameters
        kept = {"logits_to_keep": batch.input_ids.shape[1] - first} if takes else {}
        return model(input_ids=batch.input_ids, use_cache=False, **kept).logits
    return model(
        input_ids=batch.input_ids,
        position_ids=batch.packed.position_ids,
        logits_to_keep=batch.predictors,
        use_cache=False,
        tree=batch.packed.tree,
    ).logits


def _scored(states: Tensor, batch: MicroBatch) -> Tensor:
    """Of ``(B, K, *)`` those of the scored positions, ``(M, *)``; a packed row has no others."""
    if batch.packed is not None:
        return states[0]
    width, kept = batch.input_ids.shape[1], states.shape[1]
    rows, places = batch.predictors // width, batch.predictors % width - (width - kept)
    return states.flatten(0, 1)[rows * kept + places]


def base_model(model: Any) -> Any:
    """The model itself, where adapters of PEFT are around it."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


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
