"""LoRA: low-rank adapters of a model's linear layers."""

from dataclasses import dataclass
from typing import Any

from torch import nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from raiden.core.errors import ConfigError, require_at_least
from raiden.policy.weights import plain_name


@dataclass(frozen=True)
class LoraConfig:
    """Low-rank adapters in place of full training (arXiv:2106.09685)."""

    rank: int = 16
    """Rank of each adapter."""
    alpha: int = 32
    """Adapters are scaled by alpha / rank."""
    target_modules: str = "all-linear"
    """Which linear layers get an adapter: `all-linear` (not experts), or names joined by commas (`q_proj,v_proj`)."""

    def __post_init__(self) -> None:
        for name in ("rank", "alpha"):
            require_at_least(f"model.policy.lora.{name}", getattr(self, name), 1)


def _linear_layers(model: PreTrainedModel) -> list[str]:
    """All but the head, and but what a state-space layer's fused kernel takes the weight of itself.

    PEFT's own `all-linear` takes experts in, whose adapters cannot be merged one layer at a time.
    """
    linear = {name: m for name, m in model.named_modules() if isinstance(m, nn.Linear | Conv1D)}
    head = model.get_output_embeddings()
    return [
        name
        for name, module in linear.items()
        if module is not head
        and not (name.endswith(".out_proj") and hasattr(model.get_submodule(name.rpartition(".")[0]), "conv1d"))
    ]


def add_lora(model: PreTrainedModel, config: LoraConfig) -> Any:
    """The model in PEFT's wrapper, all but the adapters frozen.

    Raises:
        ConfigError: an adapter would be of a layer whose adapters cannot be merged.
    """
    from peft import LoraConfig as PeftConfig
    from peft import get_peft_model
    from peft.tuners.lora import LoraLayer

    targets: Any = _linear_layers(model)
    if config.target_modules != "all-linear":
        targets = [name.strip() for name in config.target_modules.split(",")]
        outermost = (model.get_input_embeddings(), model.get_output_embeddings())
        names = {name.rpartition(".")[2] for name, module in model.named_modules() if module in outermost}
        if wrong := names.intersection(targets):
            raise ConfigError(
                f"`model.policy.lora.target_modules`: adapters of embeddings and of the head ({', '.join(wrong)}) are "
                "not supported; name layers in between."
            )
    adapters = PeftConfig(
        r=config.rank,
        lora_alpha=config.alpha,
        target_modules=targets,
        lora_dropout=0.0,
        task_type="CAUSAL_LM",
        fan_in_fan_out=any(isinstance(module, Conv1D) for module in model.modules()),
    )
    try:
        adapted = get_peft_model(model, adapters)
    except ValueError as error:  # no layer has such a name, or one that has is not linear
        raise ConfigError(f"`model.policy.lora.target_modules`: {error}") from error
    layers = ((name, module) for name, module in adapted.named_modules() if isinstance(module, LoraLayer))
    if others := [
        plain_name(f"{name}.") for name, module in layers if not isinstance(module.base_layer, nn.Linear | Conv1D)
    ]:
        raise ConfigError(
            f"`model.policy.lora.target_modules`: {others[0].rstrip('.')} is not a linear layer, and adapters of "
            "others are not supported; name linear layers."
        )
    return adapted
