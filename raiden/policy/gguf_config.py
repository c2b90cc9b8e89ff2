"""What the header of a GGUF file says of a model, and transformers' reader (5.19) leaves out without a word."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import gguf
import torch
from transformers import AutoConfig
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

from raiden.core.errors import ConfigError
from raiden.policy.gguf.families import FAMILIES, head_dim, rope_of

_SCALED = ("linear", "yarn", "longrope")
"""Kinds of `rope.scaling.type` that transformers has, under the same names."""
_FACTORS = {"rope_factors_long.weight": "long_factor", "rope_factors_short.weight": "short_factor"}
_FREQUENCIES = "rope_freqs.weight"
"""Divisors of the frequencies: how llama.cpp has the rotation of Llama 3.1."""
_OF_ROTATION = {*_FACTORS, _FREQUENCIES}
_NUMBERS = {
    "attention.key_length": "head_dim",
    "attention.sliding_window": "sliding_window",
    "attn_logit_softcapping": "attn_logit_softcapping",
    "final_logit_softcapping": "final_logit_softcapping",
    "rope.scaling.original_context_length": "original_max_position_embeddings",
}
"""Key of the header -> what a config calls it, where it has it."""
_BIASES = {"attn_q.bias": "attention_bias", "ffn_up.bias": "mlp_bias"}
_ORIGINAL_LENGTHS = [2**n for n in range(4, 18)]
_AGREE = 1e-3


def read_config(file: Path, **options: Any) -> Any:
    """The config of the model in a file, with what transformers leaves out.

    Raises:
        ConfigError: the file has a rotation that transformers cannot be told.
    """
    reader = gguf.GGUFReader(file)
    tensors = {tensor.name: tensor for tensor in reader.tensors}
    arch = reader.fields["general.architecture"].contents()
    said = {name.removeprefix(f"{arch}."): field.contents() for name, field in reader.fields.items()}
    config = AutoConfig.from_pretrained(file.parent, gguf_file=file.name, **options)
    for key, option in _NUMBERS.items():
        if said.get(key) and hasattr(config, option):
            setattr(config, option, said[key])
    if hasattr(config, "query_pre_attn_scalar"):
        config.query_pre_attn_scalar = _scale_of_queries(config)
    for ending, option in _BIASES.items():
        if hasattr(config, option) and any(name.endswith(ending) for name in tensors):
            setattr(config, option, True)
    found = {name: torch.tensor(tensors[name].data.copy()) for name in _OF_ROTATION & tensors.keys()}
    _set_rotation(config, dict(_rotation(file, config, said, found)))
    if "sliding_attention" in (config.rope_parameters or {}) and (base := said.get("rope.freq_base_swa")):
        config.rope_parameters["sliding_attention"]["rope_theta"] = base
    return config


def refuse_other_sizes(file: Path, model: Any) -> None:
    """Compares how many numbers the file and the model have.

    Raises:
        ConfigError: tensors of the file were left out, or some of the model's are not in the file.
    """
    tensors = gguf.GGUFReader(file).tensors
    in_file = sum(int(tensor.n_elements) for tensor in tensors if tensor.name not in _OF_ROTATION)
    # Buffers that are kept count as well (as a router's corrections), and what is tied counts once.
    in_model = sum({weight.data_ptr(): weight.numel() for weight in model.state_dict().values()}.values())
    if in_file != in_model:
        raise ConfigError(
            f"`model.policy.path`: {file.name} holds {in_file:,} numbers, and the {model.config.model_type} model "
            f"that transformers makes of it {in_model:,}; give the folder that the file was made from."
        )


def _rotation(
    file: Path, config: Any, said: Mapping[str, Any], found: Mapping[str, torch.Tensor]
) -> Iterator[tuple[str, Any]]:
    """Settings of the rotation that go beyond its base."""
    kind = said.get("rope.scaling.type", "none")
    if kind in _SCALED:
        yield "rope_type", kind
        for name, key in (
            ("factor", "factor"),
            ("original_max_position_embeddings", "original_context_length"),
            ("beta_fast", "yarn_beta_fast"),
            ("beta_slow", "yarn_beta_slow"),
        ):
            if (value := said.get(f"rope.scaling.{key}")) is not None:
                yield name, value
        for tensor, name in _FACTORS.items():
            if tensor in found:
                yield name, found[tensor].tolist()
    elif kind != "none":
        raise _unknown(file, f"the kind {kind!r}")
    if _FREQUENCIES in found:
        yield from _as_in_llama_3(file, config, found[_FREQUENCIES]).items()


def _scale_of_queries(config: Any) -> float:
    """Gemma's, as llama.cpp has it: no header says it."""
    family = FAMILIES.get(config.model_type)
    is_27b = family is not None and config.num_hidden_layers == family.layers_of_27b
    return config.hidden_size / config.num_attention_heads if is_27b else head_dim(config)


def _as_in_llama_3(file: Path, config: Any, divisors: torch.Tensor) -> dict[str, Any]:
    """The settings under which transformers divides the frequencies by these numbers."""
    if bool((divisors == 1).all()):
        return {}
    theta = rope_of(config)["rope_theta"]
    usual = 1.0 / theta ** (torch.arange(len(divisors), dtype=torch.float32) / len(divisors))
    for original in _ORIGINAL_LENGTHS:
        tried = {
            "rope_type": "llama3",
            "factor": round(float(divisors.max()), 4),
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": original,
        }
        of_config = deepcopy(config)
        _set_rotation(of_config, tried)
        scaled, _ = ROPE_INIT_FUNCTIONS["llama3"](of_config, torch.device("cpu"))
        if torch.allclose(usual / scaled, divisors, rtol=_AGREE):
            return tried
    raise _unknown(file, "divisors that are not those of Llama 3")


def _set_rotation(config: Any, settings: Mapping[str, Any]) -> None:
    if settings:
        parameters = config.rope_parameters or {}
        if "full_attention" in parameters:
            parameters["full_attention"] = {**parameters["full_attention"], **settings}
        else:
            config.rope_parameters = {**parameters, **settings}


def _unknown(file: Path, what: str) -> ConfigError:
    return ConfigError(
        f"`model.policy.path`: {file.name} scales its rotation by {what}, which transformers does not read from such "
        "files; give the folder that it was made from."
    )
