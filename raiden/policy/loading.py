"""Loads the policy, with LoRA if asked for, and its frozen reference."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from raiden.errors import ConfigError
from raiden.policy.sources import resolve_model, told_of_model
from raiden.prefix_tree import ATTENTION


@dataclass(frozen=True)
class LoraConfig:
    """Low-rank adapters in place of full training (arXiv:2106.09685)."""

    rank: int = 16
    """Rank of each adapter."""
    alpha: int = 32
    """Adapters are scaled by alpha / rank."""
    target_modules: str = "all-linear"
    """Which linear layers get an adapter: `all-linear`, or names joined by commas (`q_proj,v_proj`)."""

    def __post_init__(self) -> None:
        for name in ("rank", "alpha"):
            if getattr(self, name) < 1:
                raise ConfigError(f"`model.policy.lora.{name}` must be at least 1, got {getattr(self, name)}.")


@dataclass(frozen=True)
class PolicyConfig:
    """Which model is trained."""

    path: str
    """A folder, a hub id (`org/name`), a `.gguf` file, or `package://PACKAGE/FILE.gguf`."""
    dtype: Literal["float32", "bfloat16"] = "float32"
    """Type of the weights."""
    lora: LoraConfig | None = None
    """Train adapters only; the reference is then the policy with its adapters off."""
    gradient_checkpointing: bool = False
    """Recompute activations in the backward pass: less memory, a third more time."""


class Policy:
    """A causal language model, its tokenizer, and what its KL divergence is measured against."""

    def __init__(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, reference: nn.Module | None
    ) -> None:
        self.model: Any = model
        self.tokenizer = tokenizer
        self._reference = reference

    @contextmanager
    def reference(self) -> Iterator[Any]:
        """The frozen reference model, without gradients."""
        with torch.no_grad():
            if self._reference is not None:
                yield self._reference
            else:
                assert hasattr(self.model, "disable_adapter"), "without LoRA a reference is loaded when beta > 0"
                with self.model.disable_adapter():
                    yield self.model

    def move_reference(self, device: torch.device) -> None:
        """The trainer moves the model, but it does not know the reference."""
        if self._reference is not None:
            self._reference.to(device)


def load_tokenizer(path: str) -> PreTrainedTokenizerBase:
    """The model's tokenizer.

    Raises:
        ConfigError: it is not there, is empty, or has no chat template to make prompts with.
    """
    with told_of_model(path):
        tokenizer = AutoTokenizer.from_pretrained(resolve_model(path))
    if not tokenizer.encode("a", add_special_tokens=False):
        # Without tokenizer files transformers makes an empty tokenizer from the model's config.
        raise ConfigError(f"`model.policy.path`: {path} has no tokenizer with a vocabulary; add its files.")
    if tokenizer.chat_template is None:
        raise ConfigError(
            f"`model.policy.path`: the tokenizer of {path} has no chat template; take an instruct model."
        )
    return tokenizer


def load_policy(config: PolicyConfig, with_reference: bool) -> Policy:
    """Loads the model, its tokenizer and, where asked for and LoRA does not give one, a second frozen copy.

    Raises:
        ConfigError: the model cannot be read, or its attention is not one that the prefix tree computes exactly.
    """
    folder = resolve_model(config.path)
    with told_of_model(config.path):
        refuse_unsupported(AutoConfig.from_pretrained(folder))
        model = _load(folder, config)
        reference = None
        if with_reference and config.lora is None:
            reference = _load(folder, config).requires_grad_(False).eval()
    if config.gradient_checkpointing:
        model.gradient_checkpointing_enable({"use_reentrant": False})
    if config.lora is not None:
        model = _add_lora(model, config.lora)
    return Policy(model, load_tokenizer(config.path), reference)


def refuse_unsupported(config: Any) -> None:
    """Refuses models whose layers attend in ways that the prefix tree does not compute."""
    name = config.model_type
    kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
    slides = getattr(config, "use_sliding_window", True) and getattr(config, "sliding_window", None)
    if kinds != {"full_attention"} or slides:
        raise ConfigError(
            f"`model.policy.path`: {name} has layers with {', '.join(sorted(kinds))}"
            f"{' and a sliding window' if slides else ''}; only full attention in every layer is supported: take "
            "another model."
        )
    if getattr(config, "attn_logit_softcapping", None):
        raise ConfigError(
            f"`model.policy.path`: {name} caps its attention scores, which is not supported; take another model."
        )


def _load(folder: str, config: PolicyConfig) -> PreTrainedModel:
    dtype = getattr(torch, config.dtype)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation=ATTENTION)
    # Dropout would make the log-probabilities of the same tokens differ from pass to pass.
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return model.train()


def _add_lora(model: PreTrainedModel, config: LoraConfig) -> Any:
    from peft import LoraConfig as PeftConfig
    from peft import get_peft_model

    targets: Any = config.target_modules
    if targets != "all-linear":
        targets = [name.strip() for name in targets.split(",")]
    adapters = PeftConfig(
        r=config.rank, lora_alpha=config.alpha, target_modules=targets, lora_dropout=0.0, task_type="CAUSAL_LM"
    )
    try:
        return get_peft_model(model, adapters)
    except ValueError as error:  # no layer has such a name, or one that has is not linear
        raise ConfigError(f"`model.policy.lora.target_modules`: {error}") from error
