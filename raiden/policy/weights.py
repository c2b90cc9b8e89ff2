"""The policy's weights as a plain Hugging Face folder has them, one layer at a time."""

import re
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor
from transformers.core_model_loading import revert_weight_conversion

from raiden.core.private import is_saved
from raiden.packing.logps import base_model
from raiden.policy.gathering import gather_together
from raiden.policy.quantised import dequantised

_PEFT_PREFIX = "base_model.model."
_PEFT_BASE = ".base_layer."


def stream_weights(model: Any, dtype: torch.dtype | None = None) -> Iterator[tuple[str, Tensor]]:
    """Names and whole tensors: shards are gathered, adapters merged (out of place), one layer at a time.

    Under sharding all processes have to go through the stream together; a layer takes one collective, two where
    adapters have another type. A head that is tied to the embeddings is named too, as the last: vLLM keeps its own
    packed copy of it on CPU, and `named_parameters` leaves it out. Where a model keeps weights in another form than
    its files (experts as one tensor, other names), those of a layer are turned back together.

    Args:
        dtype: of what is yielded, gathered in it as well; None: as stored.
    """
    base = base_model(model)
    adapters = dict(_lora_layers(model))
    parameters = ((name, p) for name, p in model.named_parameters() if ".lora_" not in name)
    for _, layer in groupby(parameters, key=lambda pair: _layer_of(plain_name(pair[0]))):
        yield from revert_weight_conversion(base, _merged(dict(layer), adapters, dtype)).items()
    for _, layer in groupby(saved_buffers(model), key=lambda pair: _layer_of(plain_name(pair[0]))):
        yield from revert_weight_conversion(base, {plain_name(name): full_tensor(b) for name, b in layer}).items()
    if model.config.tie_word_embeddings:
        yield "lm_head.weight", full_tensor(model.get_input_embeddings().weight, dtype)


def _merged(layer: dict[str, Tensor], adapters: Mapping[str, Any], dtype: torch.dtype | None) -> dict[str, Tensor]:
    """Whole weights as the model holds them, by their plain names."""
    own = [name for name in layer if name in adapters]
    factors = [factor for name in own for factor in _factors(adapters[name])]
    everything = [_plain_numbers(weight, dtype) for weight in layer.values()] + [f.detach() for f in factors]
    gathered = iter(gather_together(everything))
    weights = {name: next(gathered) for name in layer}
    for name in own:
        a, b = next(gathered), next(gathered)
        weights[name] = weights[name] + _lora_delta(adapters[name], a, b).to(weights[name].dtype)
    return {plain_name(name): weight for name, weight in weights.items()}


def saved_buffers(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Those that a checkpoint holds; rotary frequencies and the like are computed anew."""
    for prefix, module in model.named_modules():
        for name, buffer in module.named_buffers(recurse=False):
            if is_saved(module, name):
                yield f"{prefix}.{name}" if prefix else name, buffer


def _layer_of(name: str) -> str:
    """`model.layers.3` of its weights; empty for those outside of the layers.

    >>> _layer_of("model.layers.3.mlp.up_proj.weight"), _layer_of("lm_head.weight")
    ('model.layers.3', '')
    """
    found = re.match(r".*?\.\d+(?=\.)", name)
    return found.group() if found else ""


def unmap(model: Any) -> None:
    """Makes weights that are pages of the model's file the process's own: who writes to that file changes nothing.

    transformers maps safetensors, and without that (`disable_mmap`) holds them twice. Pages of a file that were only
    read are the system's to take back, so that one weight by one no more than one is there a second time.
    """
    for tensor in (*model.parameters(), *model.buffers()):
        tensor.data = tensor.data.clone()


def plain_name(name: str) -> str:
    """A parameter's name without what PEFT's wrappers add to it.

    >>> plain_name("base_model.model.model.layers.0.mlp.up_proj.base_layer.weight")
    'model.layers.0.mlp.up_proj.weight'
    """
    return name.removeprefix(_PEFT_PREFIX).replace(_PEFT_BASE, ".")


def full_tensor(tensor: Tensor, dtype: torch.dtype | None = None) -> Tensor:
    """The tensor without gradient, gathered from its shards where it has any, in whole numbers."""
    return gather_together([_plain_numbers(tensor, dtype)])[0]


def _plain_numbers(tensor: Tensor, dtype: torch.dtype | None) -> Tensor:
    tensor = dequantised(tensor).detach()
    return tensor if dtype is None else tensor.to(dtype)


def local_tensor(tensor: Tensor) -> Tensor:
    """What this process holds of a tensor, without gradient; all of it where it is not sharded."""
    tensor = tensor.detach()
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor


def num_bytes_of(checkpoint: Any) -> int:
    """Of all tensors in dicts and lists, their shards on other processes included; shared memory counts once.

    >>> weight = torch.zeros(3)
    >>> num_bytes_of({"embeddings": weight, "head": weight, "states": [torch.zeros(2, dtype=torch.float64)]})
    28
    """
    sizes: dict[int, int] = {}
    waiting = [checkpoint]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Tensor):
            sizes[local_tensor(value).data_ptr()] = value.numel() * value.element_size()
        elif isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, (list, tuple)):
            waiting += value
    return sum(sizes.values())


def _lora_layers(model: Any) -> Iterator[tuple[str, Any]]:
    """Each adapted layer under the name of the weight that it changes."""
    if not hasattr(model, "peft_config"):
        return
    from peft.tuners.lora import LoraLayer

    for name, module in model.named_modules():
        if isinstance(module, LoraLayer):
            yield f"{name}.base_layer.weight", module


def _factors(layer: Any) -> tuple[Tensor, Tensor]:
    """The weights A and B of the active adapter."""
    (adapter,) = layer.active_adapters
    return layer.lora_A[adapter].weight, layer.lora_B[adapter].weight


def _lora_delta(layer: Any, a: Tensor, b: Tensor) -> Tensor:
    """``scaling * B A``, what the active adapter adds to its layer's weight; LoRA, arXiv:2106.09685.

    Transposed where the layer keeps its weight as (in, out), as GPT-2's do.
    """
    (adapter,) = layer.active_adapters
    delta = (b @ a) * layer.scaling[adapter]
    return delta.T if layer.fan_in_fan_out else delta
