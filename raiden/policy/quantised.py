"""Frozen weights of linear layers in 4 bits (NF4), by bitsandbytes; QLoRA, arXiv:2305.14314.

bitsandbytes, because its layers are what transformers loads and PEFT adapts, on GPUs and on CPUs. Numbers are scaled
by the largest of their block of 64, and the scales are kept in 8 bits, by blocks of 256 ("double quantisation").
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

from raiden.core.errors import ConfigError
from raiden.policy.sources import weight_files

BYTES_A_NUMBER = 1 / 2 + 1 / 64 + 4 / (64 * 256)
"""Four bits, and its share of the scale of a block and of the scale of scales."""


def loading_options(compute_dtype: torch.dtype, device: torch.device) -> dict[str, Any]:
    """What ``from_pretrained`` takes in addition: weights are quantised one by one as they are read, on the device.

    On a CPU that takes some minutes for each 1,000 million of them, on a GPU seconds.

    Raises:
        ConfigError: bitsandbytes is not installed.
    """
    if find_spec("bitsandbytes") is None:
        raise ConfigError("`model.policy.quantization` needs bitsandbytes: `pip install 'raiden-r1[qlora]'`.")
    from transformers import BitsAndBytesConfig

    config = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=compute_dtype,
    )
    return {"quantization_config": config, "device_map": {"": device}}


def refuse_unquantisable(config: Any, model: str) -> None:
    """
    Args:
        config: the model's, of transformers.

    Raises:
        ConfigError: the model's files are quantised already.
    """
    if getattr(config, "quantization_config", None) is not None:
        raise ConfigError(
            f"`model.policy.quantization`: the files of {model} are quantised already; take those that they were "
            "made of in `model.policy.path`."
        )


def keep_layout(model: nn.Module) -> None:
    """The layers keep their weights as they are, in training and in sampling alike.

    On processors with AVX512-BF16 bitsandbytes 0.50 packs a weight anew in the first pass without gradient, and passes
    over packed weights have none. GPT-2's layers, which it turns round, are refused.

    Raises:
        ConfigError: a layer keeps its weight as (in, out).
    """
    for name, module in model.named_modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False
        if getattr(module, "source_cls", None) is Conv1D:
            raise ConfigError(
                f"`model.policy.quantization`: {name} keeps its weight as (in, out), which cannot be merged from 4 "
                "bits; leave it null for this model."
            )


def is_quantised(tensor: Tensor) -> bool:
    """Whether it holds two numbers a byte, beside their scales."""
    return getattr(tensor, "quant_state", None) is not None


def dequantised(tensor: Any) -> Tensor:
    """The numbers that a pass computes with, in the type of the rest of the model; others as they are."""
    if not is_quantised(tensor):
        return tensor
    from bitsandbytes.functional import dequantize_4bit

    return dequantize_4bit(tensor.data, tensor.quant_state)


def num_bytes_dequantised(tensor: Any, dtype: torch.dtype | None = None) -> int:
    """
    Args:
        dtype: None: as for `dequantised`.
    """
    if is_quantised(tensor):
        return tensor.quant_state.shape.numel() * (dtype or tensor.quant_state.dtype).itemsize
    return tensor.numel() * (dtype or tensor.dtype).itemsize


def stored_weights(folder: str | Path) -> list[tuple[str, Tensor]]:
    """Those that quantised ones are made of, mapped: what is looked at of them is read from the files.

    In 4 bits a NaN is a number, and which device made them decides single bits.
    """
    files = weight_files(Path(folder))
    return [(name, safe_open(file, framework="pt").get_tensor(name)) for name, file in files.items()]
