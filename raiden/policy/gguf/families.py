"""Which model families are written as GGUF, and what llama.cpp has to be told of each.

Names of tensors come from the maps of `gguf`, llama.cpp's own package; it has no converter. What stands here is what
that converter knows besides: https://github.com/ggml-org/llama.cpp/tree/master/conversion
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import gguf
import torch
from gguf import MODEL_ARCH, GGUFWriter, RopeScalingType
from torch import Tensor
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

from raiden.core.errors import ConfigError


@dataclass(frozen=True)
class Family:
    """How llama.cpp has a family of models."""

    arch: MODEL_ARCH
    activation: str = "silu"
    permutes: bool = False
    """Rows of queries and keys are ordered for a rotation of neighbours, not of halves."""
    adds_one: bool = False
    """Scales of the norms are kept as what they are above one."""
    biases: tuple[str, ...] = ()
    """Endings of layers that may have one."""
    windows_every: int = 0
    """All layers but each of this number attend within a window; 0: none does."""
    layers_of_27b: int = 0
    """Number of layers by which llama.cpp knows the one size whose attention is scaled by the width of the model."""


_ALL = ("_proj",)
FAMILIES = {
    "llama": Family(MODEL_ARCH.LLAMA, permutes=True, biases=_ALL),
    "mistral": Family(MODEL_ARCH.LLAMA, permutes=True),
    "smollm3": Family(MODEL_ARCH.SMOLLM3, permutes=True),
    "qwen2": Family(MODEL_ARCH.QWEN2, biases=("q_proj", "k_proj", "v_proj")),
    "qwen3": Family(MODEL_ARCH.QWEN3),
    "phi3": Family(MODEL_ARCH.PHI3),
    "gemma": Family(MODEL_ARCH.GEMMA, "gelu_pytorch_tanh", adds_one=True),
    "gemma2": Family(MODEL_ARCH.GEMMA2, "gelu_pytorch_tanh", adds_one=True, windows_every=2, layers_of_27b=46),
    "gemma3_text": Family(MODEL_ARCH.GEMMA3, "gelu_pytorch_tanh", adds_one=True, windows_every=6, layers_of_27b=62),
}
"""By `model_type`."""
_NO_ROPE_EVERY = 4
"""Layers of SmolLM3 without rotation, in llama.cpp."""


def family_of(config: Any) -> Family:
    """The family of a model, which llama.cpp computes as transformers does.

    Raises:
        ConfigError: it knows no such family, or something of this model that it would compute in another way.
    """
    family = FAMILIES.get(config.model_type)
    if family is None:
        raise _refusal(f"{config.model_type} models are none of those that raiden writes ({', '.join(FAMILIES)})")
    for fault in _faults(config, family):
        raise _refusal(f"llama.cpp has no {config.model_type} model with {fault}")
    return family


def notes_on(config: Any) -> list[str]:
    """What llama.cpp does in another way without harm to conversations of usual length."""
    notes = []
    if windowed(config) and not FAMILIES[config.model_type].windows_every:
        notes.append(f"llama.cpp attends further back than this model's window of {config.sliding_window} tokens")
    if (rope := rope_of(config)).get("rope_type") == "longrope":
        notes.append(
            f"with a context of more than {_original(config, rope)} tokens llama.cpp takes the factors of long texts "
            "for short ones too; this model was trained with those of short ones"
        )
    return notes


def _refusal(why: str) -> ConfigError:
    return ConfigError(
        f"`--format gguf`: {why}; nothing was written. Export the folder (`--format hf`), and give it to llama.cpp's "
        "own converter: python convert_hf_to_gguf.py FOLDER --outfile MODEL.gguf"
    )


def _faults(config: Any, family: Family) -> Iterator[str]:
    """What a model has that the family has not in llama.cpp."""
    activation = getattr(config, "hidden_activation", None) or config.hidden_act
    if activation != family.activation:
        yield f"the activation {activation}"
    rope = rope_of(config)
    kind = rope.get("rope_type", "default")
    if kind not in _ROPES:
        yield f"`rope_type` {kind}"
    if kind == "yarn" and {"attention_factor", "mscale", "mscale_all_dim"} & {k for k, v in rope.items() if v}:
        yield "an attention factor of its own under YaRN"
    if kind == "longrope" and family.arch != MODEL_ARCH.PHI3:
        yield "`rope_type` longrope"
    if family.windows_every:
        yield from _faults_of_gemma(config, family)
    if family.arch == MODEL_ARCH.SMOLLM3:
        rotated = [int((i + 1) % _NO_ROPE_EVERY != 0) for i in range(config.num_hidden_layers)]
        if list(config.no_rope_layers) != rotated:
            yield "other layers without rotation than every fourth"
    if family.adds_one and not config.tie_word_embeddings:
        yield "a head of its own"


def _faults_of_gemma(config: Any, family: Family) -> Iterator[str]:
    every = family.windows_every
    usual = [(i + 1) % every != 0 for i in range(config.num_hidden_layers)]
    if windowed(config) and [kind == "sliding_attention" for kind in config.layer_types] != usual:
        yield f"other windows than in all layers but each {every}th"
    if family.arch == MODEL_ARCH.GEMMA2 and None in (config.attn_logit_softcapping, config.final_logit_softcapping):
        yield "uncapped logits"
    is_27b = config.num_hidden_layers == family.layers_of_27b
    scale = config.hidden_size / config.num_attention_heads if is_27b else head_dim(config)
    if config.query_pre_attn_scalar != scale:
        yield f"`query_pre_attn_scalar` {config.query_pre_attn_scalar} (it takes {scale:g})"


def head_dim(config: Any) -> int:
    """Width of an attention head."""
    return getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads


def windowed(config: Any) -> bool:
    """Whether some layer attends within a window."""
    kinds = getattr(config, "layer_types", None)
    if kinds is not None:
        return "sliding_attention" in kinds
    return bool(getattr(config, "sliding_window", None)) and getattr(config, "use_sliding_window", True)


def rope_of(config: Any, layers: str = "full_attention") -> dict[str, Any]:
    """Settings of the rotation, in layers of a kind."""
    parameters = config.rope_parameters
    return dict(parameters.get(layers, parameters))


# What the header says


def add_shape(writer: GGUFWriter, config: Any, family: Family) -> None:
    """Adds all that llama.cpp has to know of the layers."""
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(head_dim(config))
    writer.add_value_length(head_dim(config))
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(config.vocab_size)
    if family.arch == MODEL_ARCH.PHI3:
        writer.add_sliding_window(0)  # llama.cpp wants the key
    elif family.windows_every and windowed(config):
        writer.add_sliding_window(config.sliding_window)
    if cap := getattr(config, "attn_logit_softcapping", None):
        writer.add_attn_logit_softcapping(cap)
    if cap := getattr(config, "final_logit_softcapping", None):
        writer.add_final_logit_softcapping(cap)
    rope = rope_of(config)
    writer.add_rope_dimension_count(int(head_dim(config) * rope.get("partial_rotary_factor", 1.0)))
    writer.add_rope_freq_base(rope["rope_theta"])
    if "sliding_attention" in config.rope_parameters:
        writer.add_rope_freq_base_swa(rope_of(config, "sliding_attention")["rope_theta"])
    _ROPES[rope.get("rope_type", "default")](writer, config, rope)


def _add_nothing(writer: GGUFWriter, config: Any, rope: dict[str, Any]) -> None:
    """Frequencies as they are, or as a tensor has them."""


def _add_linear(writer: GGUFWriter, config: Any, rope: dict[str, Any]) -> None:
    writer.add_rope_scaling_type(RopeScalingType.LINEAR)
    writer.add_rope_scaling_factor(rope["factor"])


def _add_yarn(writer: GGUFWriter, config: Any, rope: dict[str, Any]) -> None:
    writer.add_rope_scaling_type(RopeScalingType.YARN)
    writer.add_rope_scaling_factor(rope["factor"])
    writer.add_rope_scaling_orig_ctx_len(
        rope.get("original_max_position_embeddings") or config.max_position_embeddings
    )
    writer.add_rope_scaling_yarn_beta_fast(rope.get("beta_fast") or 32.0)
    writer.add_rope_scaling_yarn_beta_slow(rope.get("beta_slow") or 1.0)


def _add_longrope(writer: GGUFWriter, config: Any, rope: dict[str, Any]) -> None:
    original = _original(config, rope)
    scale = config.max_position_embeddings / original
    usual = math.sqrt(1 + math.log(scale) / math.log(original)) if scale > 1 else 1.0
    writer.add_rope_scaling_type(RopeScalingType.LONGROPE)
    writer.add_rope_scaling_orig_ctx_len(original)
    writer.add_rope_scaling_attn_factors(rope.get("attention_factor") or usual)


def _original(config: Any, rope: dict[str, Any]) -> int:
    """Length up to which short factors are for."""
    return int(rope.get("original_max_position_embeddings") or config.original_max_position_embeddings)


_ROPES: dict[str, Callable[[GGUFWriter, Any, dict[str, Any]], None]] = {
    "default": _add_nothing,
    "llama3": _add_nothing,
    "linear": _add_linear,
    "yarn": _add_yarn,
    "longrope": _add_longrope,
}
"""By transformers' `rope_type`."""


# Weights


def extra_tensors(config: Any) -> Iterator[tuple[str, Tensor]]:
    """What llama.cpp wants of a rotation besides its base: divisors of the frequencies."""
    rope = rope_of(config)
    if rope.get("rope_type") == "llama3":
        dim = int(head_dim(config) * rope.get("partial_rotary_factor", 1.0))
        usual = 1.0 / (rope["rope_theta"] ** (torch.arange(0, dim, 2, dtype=torch.float32) / dim))
        scaled, _ = ROPE_INIT_FUNCTIONS["llama3"](config, torch.device("cpu"))
        yield "rope_freqs.weight", usual / scaled
    if rope.get("rope_type") == "longrope":
        for key, name in (("long_factor", "rope_factors_long"), ("short_factor", "rope_factors_short")):
            yield f"{name}.weight", torch.tensor(rope[key], dtype=torch.float32)


class Translation:
    """Weights of a folder -> tensors of llama.cpp, one at a time."""

    def __init__(self, config: Any, family: Family) -> None:
        self.config = config
        self.family = family
        self._map = gguf.get_tensor_name_map(family.arch, config.num_hidden_layers)

    def name(self, name: str) -> str:
        """llama.cpp's name.

        Raises:
            ConfigError: it has none for it.
        """
        found = self._map.get_name(name, try_suffixes=(".weight", ".bias"))
        layer, _, kind = name.rpartition(".")
        if found is None or (kind == "bias" and not layer.endswith(self.family.biases)):
            raise _refusal(f"llama.cpp has no {self.config.model_type} model with {name}")
        return found

    def values(self, name: str, weight: Tensor) -> Tensor:
        """The weight as llama.cpp has it."""
        if self.family.adds_one and name.endswith("norm.weight"):
            return weight.float() + 1
        if self.family.permutes and name.rpartition(".")[0].endswith(("q_proj", "k_proj")):
            is_query = "q_proj" in name
            return _interleaved(
                weight, self.config.num_attention_heads if is_query else self.config.num_key_value_heads
            )
        return weight


def _interleaved(weight: Tensor, num_heads: int) -> Tensor:
    """The rows of each head, first those of both halves, then their second ones, and so on.

    >>> _interleaved(torch.tensor([0, 1, 2, 3, 10, 11, 12, 13]), 2)
    tensor([ 0,  2,  1,  3, 10, 12, 11, 13])
    """
    halves = weight.reshape(num_heads, 2, weight.shape[0] // num_heads // 2, *weight.shape[1:])
    return halves.transpose(1, 2).reshape(weight.shape)
