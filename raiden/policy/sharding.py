"""FSDP2: a policy whose weights, gradients and optimizer states lie in shards on all processes."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import FSDPModule, MixedPrecisionPolicy, fully_shard
from torch.distributed.tensor import DTensor
from transformers import AutoModelForCausalLM

from raiden.core.errors import ConfigError
from raiden.core.private import convert_tensors, shape_and_offset
from raiden.packing.logps import base_model
from raiden.policy.sources import NO_FOREIGN_CODE, weight_files
from raiden.policy.weights import local_tensor, plain_name, saved_buffers


def shard(model: Any, mesh: DeviceMesh, compute_dtype: torch.dtype | None) -> None:
    """Wraps each transformer layer, then the rest, in place; the weights may still be on the meta device.

    Args:
        mesh: one dimension shards over all processes; two (replicas, shards) make HSDP.
        compute_dtype: layers are gathered and computed in it; weights, gradients and the optimizer stay as stored.
    """
    precision = MixedPrecisionPolicy(param_dtype=compute_dtype, reduce_dtype=torch.float32)
    layer_names = set(getattr(model, "_no_split_modules", None) or ())
    layers = _outermost(model, layer_names)
    if not layers:
        raise ConfigError(
            f"`model.policy.path`: {type(model).__name__} does not say what its transformer layers are "
            "(`_no_split_modules`), so it cannot be sharded; train it on one device."
        )
    for layer in layers:
        fully_shard(layer, mesh=mesh, mp_policy=precision)
    # Left to itself FSDP2 keeps the outermost weights gathered until a backward pass: after one without (the canary's)
    # an optimizer step would change the shards, and the next pass compute with the old weights.
    fully_shard(model, mesh=mesh, mp_policy=precision, reshard_after_forward=True)


def _outermost(model: nn.Module, names: set[str]) -> list[nn.Module]:
    """The modules of these classes that lie in no other of them."""
    found: list[nn.Module] = []
    waiting = [model]
    while waiting:
        module = waiting.pop(0)
        if type(module).__name__ in names:
            found.append(module)
        else:
            waiting = [*module.children(), *waiting]
    return found


def load_shards(model: Any, folder: str | Path, device: torch.device) -> None:
    """Fills a sharded model that lies on the meta device; each process reads its own part of each weight alone.

    What is read is copied: as after `unmap`, the files may change afterwards. Where the files hold weights in another
    form than the model (each expert alone, other names), each process reads all of them and keeps its part.

    Raises:
        ConfigError: the folder has not all the weights, or has them in another shape.
    """
    # Not to_empty: that would wipe the buffers as well.
    convert_tensors(model, lambda t: torch.empty_like(t, device=device) if t.is_meta else t.to(device))
    base_model(model).tie_weights()
    files = weight_files(Path(folder))
    wanted = {plain_name(name): p for name, p in model.named_parameters() if ".lora_" not in name}
    buffers = {plain_name(name): buffer for name, buffer in saved_buffers(model)}
    converted = {} if wanted.keys() <= files.keys() else _converted(folder, next(iter(wanted.values())).dtype)
    for name, tensor in {**wanted, **buffers}.items():
        if name in converted:
            local_tensor(tensor).copy_(_part_of(converted[name], tensor))
        elif name in files:
            local_tensor(tensor).copy_(_read_part(files[name], name, tensor))
        elif name in wanted:
            raise ConfigError(
                f"`model.policy.path`: {folder} has no weight {name} in its safetensors files, which loading in "
                "shards needs; save the model anew with this version of transformers."
            )


def _converted(folder: str | Path, dtype: torch.dtype) -> dict[str, Tensor]:
    """All weights by the model's own names, as transformers makes them of the files; none that the files lack."""
    whole: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, output_loading_info=True, **NO_FOREIGN_CODE)
    loaded, found = whole
    return {name: tensor for name, tensor in loaded.state_dict().items() if name not in found["missing_keys"]}


def _read_part(path: Path, name: str, parameter: Tensor) -> Tensor:
    with safe_open(path, framework="pt") as file:
        part = file.get_slice(name)
        if tuple(part.get_shape()) != tuple(parameter.shape):
            raise ConfigError(
                f"`model.policy.path`: {path} has {name} of shape {tuple(part.get_shape())}, the model's config asks "
                f"for {tuple(parameter.shape)}."
            )
        if not isinstance(parameter, DTensor):
            return part[:]
        shape, offset = shape_and_offset(parameter)
        # FSDP2 shards the first dimension.
        return part[offset[0] : offset[0] + shape[0]] if shape[0] else torch.empty(shape)


def initialise_adapters(model: Any) -> None:
    """As PEFT does it: A uniform, B zero.

    Drawn whole, and from the seed that the run began with: every number of processes begins alike.
    """
    generator = torch.Generator().manual_seed(torch.initial_seed())
    for name, parameter in model.named_parameters():
        if ".lora_A." in name:
            full = torch.empty(parameter.shape)
            nn.init.kaiming_uniform_(full, a=math.sqrt(5), generator=generator)
            local_tensor(parameter).copy_(_part_of(full, parameter))
        elif ".lora_B." in name:
            local_tensor(parameter).zero_()


def _part_of(full: Tensor, parameter: Tensor) -> Tensor:
    if not isinstance(parameter, DTensor):
        return full
    shape, offset = shape_and_offset(parameter)
    return full[offset[0] : offset[0] + shape[0]]


def reduce_over_replicas(model: Any, now: bool) -> None:
    """Whether the next backward pass adds up gradients over the replicas of an HSDP policy, or within each alone.

    What earlier passes added up within a replica goes along. Each process takes part in as many passes, so that the
    last is the last on all. (Without `set_requires_gradient_sync` shards are still reduced in each pass: whole
    gradients would take the memory of an unsharded model.)
    """
    if isinstance(model, FSDPModule):
        model.set_requires_all_reduce(now)


@contextmanager
def gathered(model: Any) -> Iterator[None]:
    """Every process holds all weights, in the compute type, and may run the model without the others."""
    modules = [module for module in model.modules() if isinstance(module, FSDPModule)]
    for module in modules:
        module.set_reshard_after_forward(False, recurse=False)
        module.unshard()
    try:
        yield
    finally:
        for module in modules:
            module.set_reshard_after_forward(True, recurse=False)
            module.reshard()
