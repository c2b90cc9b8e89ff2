"""What is used of libraries that is none of their public interface; to be read anew where one of them moves on.

Read in torch 2.13.0, Lightning 2.6.6 and transformers 5.19.0. Methods that a subclass of a library's class overrides
stand in the subclass; `tests/test_floors.py` lists them, and finds all else that is private outside of this file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from torch.distributed.tensor import DTensor

SHARDS_METADATA = "meta.pt"
"""The file beside a checkpoint's shards, `_METADATA_FILENAME` of Lightning's `model_parallel`."""

# What `scaled_dot_product_attention` calls on CPUs; the public function keeps the normalisers to itself.
flash_attention_for_cpu: Any = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
flash_attention_for_cpu_backward: Any = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward


def pack_linear_weight(weight: Tensor, rows: int) -> Tensor:
    """A weight in the order in which oneDNN's products of so many rows read it."""
    packed: Tensor = torch.ops.mkldnn._reorder_linear_weight(weight, rows)
    return packed


def packed_linear(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """`linear` with a weight of `pack_linear_weight`."""
    out: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")
    return out


def num_changes(tensor: Tensor) -> int:
    """How often a tensor has been written to in place."""
    return tensor._version


def is_saved(module: nn.Module, buffer: str) -> bool:
    """Whether a module's buffer is part of its state dict."""
    return buffer not in module._non_persistent_buffers_set


def convert_tensors(module: nn.Module, convert: Callable[[Tensor], Tensor]) -> None:
    """Puts another tensor in the place of each parameter and buffer of a module and those within it."""
    module._apply(convert)


def shape_and_offset(tensor: DTensor) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Shape of this process's part of a sharded tensor, and where that begins in the whole."""
    from torch.distributed.tensor._utils import compute_local_shape_and_global_offset

    return compute_local_shape_and_global_offset(tensor.shape, tensor.device_mesh, tensor.placements)


def let_schedules_go_first(optimizer: Any) -> None:
    """A schedule over this optimizer may take its first step before the optimizer does, and torch warns of nothing."""
    optimizer._opt_called = True


def attention_name(model: Any) -> str:
    """The attention that a model of transformers was loaded with."""
    return str(model.config._attn_implementation)


def mlflow_uri(logger: Any) -> str:
    """Where Lightning's logger of MLflow keeps its runs, as it was given."""
    return str(logger._tracking_uri)
