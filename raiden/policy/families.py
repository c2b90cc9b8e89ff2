"""Which models the packed prefix tree computes exactly; all others are refused by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from raiden.core.errors import ConfigError

PROVEN = frozenset({"gemma", "gemma3_text", "glm4", "gpt2", "llama", "mistral", "phi3", "qwen2", "qwen3", "smollm3"})
"""`model_type` of the architectures whose packed rows the tests prove equal to separate ones: log-probabilities,
losses, gradients and greedy completions. No config says it of others: StableLM takes an attention function as Llama
does, but does not hand on how tokens see one another, and would be wrong by nats."""

_ROUTED = "routes each token to experts, whose fused weights can neither be sharded from files nor sent to vLLM yet"
_BATCH_ROPE = frozenset({"dynamic", "longrope"})
"""Rotary embeddings whose frequencies depend on the longest row of a batch: rows together differ from rows alone."""
_NO_POSITIONS = "reads positions off the place in the row (ALiBi) and not from `position_ids`"
_REASONS = {
    "bloom": _NO_POSITIONS,
    "mpt": _NO_POSITIONS,
    "gpt_oss": "has attention sinks",
}
"""Where the config does not tell."""


def refuse_unsupported(config: Any) -> None:
    """Refuses models that attend in ways that the prefix tree does not compute, or that were never compared with it.

    Args:
        config: of transformers.

    Raises:
        ConfigError: names the model's type and the reason.
    """
    name = config.model_type
    if reason := next(_reasons(name, config.get_text_config()), None):
        raise ConfigError(f"`model.policy.path`: {name} {reason}; take another model, of {', '.join(sorted(PROVEN))}.")


def _reasons(name: str, config: Any) -> Iterator[str]:
    if config.is_encoder_decoder:
        yield "is an encoder-decoder, and only decoders are supported"
    yield from _in_attention(config)
    yield from _around_attention(config)
    if name in _REASONS:
        yield _REASONS[name]
    if name not in PROVEN:
        yield "is not among the architectures whose packed rows are proven equal to separate ones"


def _in_attention(config: Any) -> Iterator[str]:
    kinds = set(getattr(config, "layer_types", None) or ())
    if others := kinds - {"full_attention"}:
        yield f"has layers with {', '.join(sorted(others))} where only full attention is supported"
    # Where layers are listed they say themselves which of them slide.
    if not kinds and getattr(config, "use_sliding_window", True) and getattr(config, "sliding_window", None):
        yield "has a sliding window, and only full attention is supported"
    if getattr(config, "attn_logit_softcapping", None):
        yield "caps its attention scores, which is not supported"
    if getattr(config, "use_bidirectional_attention", False):
        yield "lets tokens see those behind them, and only causal attention is supported"
    if getattr(config, "alibi", False):
        yield _NO_POSITIONS


def _around_attention(config: Any) -> Iterator[str]:
    after_head = ("final_logit_softcapping", "logits_scaling", "logit_scale")
    if changes := [option for option in after_head if getattr(config, option, None) not in (None, 1)]:
        yield f"changes its logits behind the head ({', '.join(changes)}), which is not supported"
    if changing := _BATCH_ROPE & _rope_types(getattr(config, "rope_parameters", None) or {}):
        yield f"changes its rotary frequencies with the longest row of a batch (rope_type {', '.join(changing)})"
    if any(getattr(config, option, None) for option in ("num_experts", "num_local_experts", "n_routed_experts")):
        yield _ROUTED


def _rope_types(parameters: dict[str, Any]) -> set[str]:
    """Of all layers, or of each kind of layers where those differ."""
    kinds = [value for value in parameters.values() if isinstance(value, dict)] or [parameters]
    return {kind["rope_type"] for kind in kinds if "rope_type" in kind}
