"""A tiny random copy of a model: its class and all that its config says, in sizes that take milliseconds."""

from collections.abc import Iterator
from typing import Any

import torch
from transformers import AutoModelForCausalLM

WINDOW = 5
"""Tokens of a sliding window: short rows go beyond it, and beyond the chunks and context lengths that are as short."""
_SIZES = {
    **dict.fromkeys(("hidden_size", "n_embd", "d_model", "embedding_size", "word_embed_proj_dim", "lru_width"), 32),
    **dict.fromkeys(("intermediate_size", "ffn_dim", "n_inner", "dense_intermediate_size"), 48),
    **dict.fromkeys(("moe_intermediate_size", "shared_intermediate_size", "shared_expert_intermediate_size"), 16),
    **dict.fromkeys(("moe_shared_expert_intermediate_size", "expert_ffn_hidden_size", "ffn_hidden_size"), 16),
    **dict.fromkeys(("num_attention_heads", "n_head", "n_heads", "attention_heads", "index_n_heads"), 4),
    **dict.fromkeys(("num_heads", "mamba_n_heads", "mamba_num_heads", "n_mamba_heads", "mamba_n_groups"), 8),
    **dict.fromkeys(
        ("head_dim", "global_head_dim", "index_head_dim", "mamba_d_head", "mamba_head_dim", "kv_channels"), 8
    ),
    **dict.fromkeys(("linear_key_head_dim", "linear_value_head_dim", "linear_head_dim"), 8),
    **dict.fromkeys(("qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim", "q_lora_rank", "kv_lora_rank"), 8),
    **dict.fromkeys(("linear_num_key_heads", "linear_num_value_heads", "linear_num_heads"), 4),
    **dict.fromkeys(("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts", "zero_expert_num"), 4),
    **dict.fromkeys(("num_experts_per_tok", "num_experts_per_token", "moe_k", "moe_topk", "top_k_experts"), 2),
    **dict.fromkeys(("n_group", "topk_group", "num_expert_group", "num_nextn_predict_layers", "n_groups"), 1),
    **dict.fromkeys(("sliding_window", "attention_chunk_size", "window_size", "sliding_window_size"), WINDOW),
    **dict.fromkeys(("local_attention", "keep_window_size", "index_topk"), WINDOW),
    **dict.fromkeys(("mamba_d_state", "state_size", "ssm_state_size", "time_step_rank", "mamba_dt_rank"), 8),
    **dict.fromkeys(("rotary_dim", "linear_conv_kernel_dim", "gated_norm_rank"), 4),
    **dict.fromkeys(("chunk_size", "mamba_chunk_size", "hidden_size_per_layer_input", "laurel_rank"), 8),
    **dict.fromkeys(("vocab_size", "vocab_size_per_layer_input", "mamba_d_ssm"), 64),
    "original_max_position_embeddings": 8,
}
"""By option, the size at most. Of the experts some are not taken, and a row is longer than the first training's."""
_VALUES = {"attn_logit_softcapping": 1.0, "final_logit_softcapping": 3.0, "query_pre_attn_scalar": 8}
"""Caps that bite, and scores that are large enough for it."""
_HEADS = (("num_attention_heads", "num_key_value_heads"), ("num_attention_heads", "num_global_key_value_heads"))
_LAYERS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers")
_MOST_LAYERS = 8
_ROTARY = {"short_factor": 4, "long_factor": 4}
_SPREAD = 0.3
"""Deviation of the weights: large enough that all that a token sees changes what it becomes."""


def tiny_config(config: Any) -> Any:
    """The config with small sizes: each kind of its layers, its windows and its rotary embeddings are there."""
    return type(config).from_dict(_smaller(config.to_dict()))


def tiny_model(config: Any, attention: str) -> Any:
    """A model of a config from `tiny_config`, in float64; every parameter is random, and dropout is off.

    Args:
        attention: the name under which transformers knows it.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model: Any = AutoModelForCausalLM.from_config(
            type(config).from_dict(config.to_dict()),
            dtype=torch.float64,
            attn_implementation=attention,
            experts_implementation="eager",  # grouped kernels have no float64
        )
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.dim() > 1:
                    parameter.normal_(std=_SPREAD)
                else:  # norms, biases and decays keep what they are about
                    parameter.add_(torch.randn_like(parameter), alpha=0.1)
    return model


def _smaller(options: dict[str, Any]) -> dict[str, Any]:
    num_layers = next((options[name] for name in _LAYERS if isinstance(options.get(name), int)), 0)
    kept = _layers_kept(options, num_layers)
    cut: dict[str, Any] = {}
    for name, value in options.items():
        if name in _LAYERS and isinstance(value, int):
            cut[name] = kept
        elif name in _SIZES and isinstance(value, int) and not isinstance(value, bool):
            cut[name] = min(value, _SIZES[name])
        elif name in _VALUES and isinstance(value, int | float):
            cut[name] = _VALUES[name]
        elif name.endswith("_token_id") and isinstance(value, int | list):
            cut[name] = 0 if name == "pad_token_id" else 1
        elif name in _ROTARY and isinstance(value, list):
            cut[name] = value[: _ROTARY[name]]
        elif name == "mrope_section":
            cut[name] = [2, 1, 1]
        elif isinstance(value, list) and len(value) == num_layers:
            cut[name] = value[:kept]
        elif name == "per_layer_config" and isinstance(value, dict):
            cut[name] = {layer: options for layer, options in value.items() if int(layer) < kept}
        elif isinstance(value, dict) and name != "id2label":
            cut[name] = _smaller(value)
        else:
            cut[name] = value
    for heads, sharing in _HEADS:
        if isinstance(options.get(sharing), int):
            cut[sharing] = 4 if options[sharing] == options.get(heads) else min(options[sharing], 2)
    return cut


def _layers_kept(options: dict[str, Any], num_layers: int) -> int:
    """The first layers, so many that each kind of all is among them."""
    needed = [2]
    for value in options.values():
        if isinstance(value, list) and len(value) == num_layers:
            needed += [value.index(kind) + 1 for kind in _kinds(value)]
    return min(max(needed), _MOST_LAYERS, max(num_layers, 1))


def _kinds(layers: list[Any]) -> Iterator[Any]:
    return iter(dict.fromkeys(kind for kind in layers if isinstance(kind, str | int)))
