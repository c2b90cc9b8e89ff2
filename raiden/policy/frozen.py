"""What a run has of its model besides its checkpoints, told by digests: tokenizer, weights not trained."""

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any

from torch.distributed.tensor import DTensor

from raiden.core.errors import ConfigError
from raiden.core.private import shape_and_offset
from raiden.core.processes import Processes
from raiden.policy.loading import Policy
from raiden.policy.quantised import is_quantised, stored_weights
from raiden.policy.weights import local_tensor, plain_name

_NUM_SAMPLED = 4096
"""Numbers that are looked at, about; a model trained further has others almost everywhere."""


def frozen_digests(policy: Policy) -> dict[str, str]:
    """Of the `tokenizer`, the weights beneath adapters (`base`), the model that KL is measured against (`reference`).

    All processes have to ask together; any number of them finds the same. What is trained has none.
    """
    tokenizer = policy.tokenizer
    tokens = (sorted(tokenizer.get_vocab().items()), sorted(tokenizer.all_special_ids), tokenizer.eos_token_id)
    models: dict[str, Any] = {"base": policy.model, "reference": policy.separate_reference}
    frozen = {
        name: [(plain_name(n), p) for n, p in model.named_parameters() if not p.requires_grad]
        for name, model in models.items()
        if model is not None
    }
    if any(is_quantised(p) for _, p in frozen.get("base", ())):
        # Told by what they are made of: another device quantises to other bits.
        folder = policy.model.config.name_or_path
        frozen["base"] = [(f"nf4 {name}", weight) for name, weight in stored_weights(folder)]
    digests = {name: _digest(tensors) for name, tensors in frozen.items() if tensors}
    return {"tokenizer": blake2b(repr(tokens).encode(), digest_size=8).hexdigest(), **digests}


def refuse_other_frozen(now: Mapping[str, str], saved: Mapping[str, str], checkpoint: str) -> None:
    """Compares the digests of now with those that a checkpoint was written with; earlier ones have none.

    Raises:
        ConfigError: `model.policy.path` holds another model than when the run began.
    """
    changed = [name for name, digest in now.items() if saved.get(name, digest) != digest]
    if "tokenizer" in changed:
        raise ConfigError(
            f"`model.policy.path`: the tokenizer there is not the one that {checkpoint} was trained with: its tokens, "
            "or those that end a text, have other numbers. Put that one back, or start a new run with this one."
        )
    if changed:
        raise ConfigError(
            f"`model.policy.path`: the model there, or its `dtype` or `quantization`, is not the one {checkpoint} was "
            "trained on: weights that are not trained differ. Put that model back, or start a new run on this one."
        )


def _digest(tensors: list[tuple[str, Any]]) -> str:
    stride = max(1, sum(tensor.numel() for _, tensor in tensors) // _NUM_SAMPLED)
    own = [(name, *found) for name, tensor in tensors for found in _sampled(tensor, stride)]
    shapes = sorted((name, tuple(tensor.shape)) for name, tensor in tensors)
    return blake2b(repr((shapes, sorted(set(Processes.current().gather(own))))).encode(), digest_size=8).hexdigest()


def _sampled(tensor: Any, stride: int) -> Iterator[tuple[int, float]]:
    """Every so many numbers of the whole tensor, of those that this process holds, each with its place."""
    part = local_tensor(tensor)
    start = 0
    if isinstance(tensor, DTensor):  # FSDP2 shards the first dimension
        _, offset = shape_and_offset(tensor)
        start = offset[0] * (tensor.numel() // tensor.shape[0]) if offset else 0
    first = -start % stride
    values = part.flatten()[first::stride].tolist()
    yield from ((start + first + i * stride, value) for i, value in enumerate(values))
