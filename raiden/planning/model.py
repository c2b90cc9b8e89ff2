"""The model of a run, from its config alone: shape, parameters, adapters."""

from dataclasses import replace
from typing import Any

import torch
from torch import nn

from raiden.core.errors import ConfigError
from raiden.planning.shape import Adapters, Parameters, Shape
from raiden.policy.adapters import add_lora
from raiden.policy.loading import empty_model
from raiden.policy.options import PolicyConfig
from raiden.policy.sources import load_config, resolve_model

NORMS: dict[str, dict[str, bool]] = {
    "llama": {},
    "mistral": {},
    "qwen2": {},
    "smollm3": {},
    "qwen3": {"head_norms": True},
    "gemma": {"float32_norms": True},
}
"""By `model_type`, how a family's norms differ from Llama's; the rest of these layers is the same."""


def read_model(
    policy: PolicyConfig, config_file: str | None = None
) -> tuple[Shape | None, Parameters, Adapters | None]:
    """Builds the model on the meta device, where parameters take no memory, and counts.

    Args:
        config_file: a `config.json` in place of that of `policy.path`.

    Returns:
        The shape of its layers (None: no formulas of their memory were derived), its parameters, its adapters.

    Raises:
        ConfigError: there is no config.
    """
    from accelerate import init_empty_weights

    source = config_file or resolve_model(policy.path)
    config = read_config(policy, config_file)
    model: Any = empty_model(str(source), getattr(torch, policy.dtype))
    model.tie_weights()
    quantised = _in_4_bits(model) if policy.quantization else []
    adapters = None
    if policy.lora is not None:
        with init_empty_weights(include_buffers=False):
            model = add_lora(model, policy.lora)
        adapters = Adapters(policy.lora.rank, _adapted(model))
    counted = replace(_count(model), quantised=sum(quantised), largest_quantised=max(quantised, default=0))
    return _shape(config), counted, adapters


def _in_4_bits(model: Any) -> list[int]:
    """Numbers of each weight that `model.policy.quantization` takes: of linear layers, but for the head."""
    head = model.get_output_embeddings()
    return [m.weight.numel() for m in model.modules() if type(m) is nn.Linear and m is not head]


def read_config(policy: PolicyConfig, config_file: str | None) -> Any:
    """The model's config.

    Raises:
        ConfigError: there is none.
    """
    source = config_file or resolve_model(policy.path)
    try:
        return load_config(source)
    except ConfigError:
        raise
    except (OSError, ValueError, KeyError) as error:
        option = "`model_config`" if config_file else "`model.policy.path`"
        raise ConfigError(
            f"{option}: no model config in {source!r}, nor in the cache of the hub; give the model's config.json with "
            f"`model_config`. The cause: {error}"
        ) from error


def _shape(config: Any) -> Shape | None:
    if config.model_type not in NORMS:
        return None
    return Shape(
        num_layers=config.num_hidden_layers,
        hidden=config.hidden_size,
        heads=config.num_attention_heads,
        kv_heads=config.num_key_value_heads,
        head_dim=getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads,
        intermediate=config.intermediate_size,
        vocab=config.vocab_size,
        tied=config.tie_word_embeddings,
        **NORMS[config.model_type],
    )


def _adapted(model: Any) -> frozenset[str]:
    """`q_proj` of `...layers.0.self_attn.q_proj.lora_A.default.weight`, and so on."""
    adapted = [name.partition(".lora_A.")[0] for name, _ in model.named_parameters() if ".lora_A." in name]
    return frozenset(name.rpartition(".")[2] for name in adapted)


def _count(model: Any) -> Parameters:
    sizes = {name: p.numel() for name, p in model.named_parameters()}
    layer_names = set(getattr(model, "_no_split_modules", None) or ())
    layers = [
        sum(p.numel() for p in module.parameters())
        for module in model.modules()
        if type(module).__name__ in layer_names
    ]
    total = sum(sizes.values())
    return Parameters(
        total=total,
        trained=sum(p.numel() for p in model.parameters() if p.requires_grad),
        layer=max(layers, default=0),
        outside=total - sum(layers),
        largest=max(sizes.values()),
    )
