"""FSDP2: a policy whose weights, gradients and optimizer states lie in shards on all processes."""

from __future__ import annotations

import json
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
from torch.distributed.tensor._utils import compute_local_shape_and_global_offset

from raiden.core.errors import ConfigError
from raiden.policy.weights import local, plain_name


def shard(model: Any, mesh: DeviceMesh, compute_dtype: torch.dtype | None) -> None:
    """Wraps each transformer layer, then the rest, in place; the weights may still be on the meta device.

    Args:
        mesh: one dimension shards over all processes; two (replicas, shards) make HSDP.
        compute_dtype: layers are gathered and computed in it; weights, gradients and the optimizer stay as stored.
    """
    precision = MixedPrecisionPolicy(param_dtype=compute_dtype, reduce_dtype=torch.float32)
    layer_names = set(getattr(model, "_no_split_modules", None) or ())
    layers = [module for module in model.modules() if type(module).__name__ in layer_names]
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


def load_shards(model: Any, folder: str | Path, device: torch.device) -> None:
    """Fills a sharded model that lies on the meta device; each process reads its own part of each weight alone.

    What is read is copied: as after `unmap`, the files may change afterwards.

    Raises:
        ConfigError: the folder has not all the weights, or has them in another shape.
    """
    # Not to_empty: that would wipe the buffers as well.
    model._apply(lambda t: torch.empty_like(t, device=device) if t.is_meta else t.to(device))
    _tie(model)
    files = _weight_files(Path(folder))
    for name, parameter in model.named_parameters():
        if ".lora_" in name:
            continue
        plain = plain_name(name)
        if plain not in files:
            raise ConfigError(
                f"`model.policy.path`: {folder} has no weight {plain} in its safetensors files, which loading in "
                "shards needs; save the model anew with this version of transformers."
            )
        local(parameter).copy_(_read_part(files[plain], plain, parameter))


def _tie(model: Any) -> None:
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    base.tie_weights()


def _weight_files(folder: Path) -> dict[str, Path]:
    """Which file holds each weight."""
    index = folder / "model.safetensors.index.json"
    if index.exists():
        return {name: folder / file for name, file in json.loads(index.read_text())["weight_map"].items()}
    single = folder / "model.safetensors"
    if not single.exists():
        raise ConfigError(
            f"`model.policy.path`: {folder} has no model.safetensors, which loading in shards needs; save the model "
            "as safetensors."
        )
    with safe_open(single, framework="pt") as file:
        return dict.fromkeys(file.keys(), single)


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
        shape, offset = compute_local_shape_and_global_offset(
            parameter.shape, parameter.device_mesh, parameter.placements
        )
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
            local(parameter).copy_(_part_of(full, parameter))
        elif ".lora_B." in name:
            local(parameter).zero_()


def _part_of(full: Tensor, parameter: Tensor) -> Tensor:
    if not isinstance(parameter, DTensor):
        return full
    shape, offset = compute_local_shape_and_global_offset(parameter.shape, parameter.device_mesh, parameter.placements)
    return full[offset[0] : offset[0] + shape[0]]


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
