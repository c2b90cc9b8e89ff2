"""Loads the policy, with LoRA if asked for, and its frozen reference."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.utilities import rank_zero_warn
from torch import nn
from torch.distributed.device_mesh import DeviceMesh
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    GenerationConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import GENERATION_CONFIG_NAME

from raiden.core.errors import ConfigError
from raiden.core.limits import MAX_CONFIG_BYTES, refuse_larger
from raiden.packing import ATTENTION, Packing
from raiden.packing.logps import base_model
from raiden.policy.adapters import LoraConfig, add_lora
from raiden.policy.finite import nonfinite_of, nonfinite_weights
from raiden.policy.options import PolicyConfig
from raiden.policy.products import onednn_is_faster, use_onednn
from raiden.policy.quantised import keep_layout, loading_options, refuse_unquantisable, stored_weights
from raiden.policy.sharding import initialise_adapters, load_shards, shard
from raiden.policy.sharing import Sharing, sharing_of
from raiden.policy.sources import NO_FOREIGN_CODE, explain_model_errors, load_config, local_folder, resolve_model
from raiden.policy.weights import unmap

_BFLOAT16_INSTRUCTIONS = ("avx512_bf16", "amx_bf16", "bf16")
"""Of Intel's and AMD's processors, and of ARM's."""


class Policy:
    """A causal language model, its tokenizer, and what its KL divergence is measured against."""

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        reference: nn.Module | None,
        compute_dtype: torch.dtype | None = None,
        sharing: Sharing | None = None,
    ) -> None:
        """
        Args:
            compute_dtype: of the layers; None: that of the weights.
            sharing: how its passes are computed, and those of the reference; None: by the prefix tree.
        """
        self.model: Any = model
        self.tokenizer = tokenizer
        self.compute_dtype = compute_dtype
        self.sharing = sharing or Sharing(Packing.SHARED)
        self.packing = self.sharing.packing
        self.separate_reference = reference

    @contextmanager
    def reference(self) -> Iterator[Any]:
        """The frozen reference model, without gradients."""
        with torch.no_grad():
            if self.separate_reference is not None:
                yield self.separate_reference
            else:
                assert hasattr(self.model, "disable_adapter"), "without LoRA a reference is loaded when beta > 0"
                with self.model.disable_adapter():
                    yield self.model

    @property
    def has_reference(self) -> bool:
        """Whether there is one: a model of its own, or the policy without its adapters."""
        return self.separate_reference is not None or hasattr(self.model, "disable_adapter")

    def move_reference(self, device: torch.device) -> None:
        """The trainer moves the model, but it does not know the reference."""
        if self.separate_reference is not None:
            self.separate_reference.to(device)


def load_tokenizer(path: str, chat_template: str | None = None) -> PreTrainedTokenizerBase:
    """The model's tokenizer.

    Args:
        chat_template: path of a Jinja file in place of the tokenizer's own template.

    Raises:
        ConfigError: it is not there, is empty, or has no chat template to make prompts with.
    """
    with explain_model_errors(path):
        tokenizer = AutoTokenizer.from_pretrained(resolve_model(path), **NO_FOREIGN_CODE)
    if not tokenizer.encode("a", add_special_tokens=False):
        # Without tokenizer files transformers makes an empty tokenizer from the model's config.
        raise ConfigError(f"`model.policy.path`: {path} has no tokenizer with a vocabulary; add its files.")
    if chat_template is not None:
        tokenizer.chat_template = _read_template(chat_template)
    if tokenizer.chat_template is None:
        raise ConfigError(
            f"`model.policy.path`: the tokenizer of {path} has no chat template; take an instruct model. A base "
            "model gets one by a `chat_template.jinja` in its folder, or in training by `model.policy.chat_template`."
        )
    return tokenizer


def _read_template(path: str) -> str:
    refuse_larger(Path(path).expanduser(), MAX_CONFIG_BYTES, ConfigError, "give the path of a Jinja file")
    try:
        return Path(path).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        # Without a cause: that is how `raiden plan` tells a wrong option from a model that is out of reach.
        raise ConfigError(
            f"`model.policy.chat_template`: {path} cannot be read ({error}); give the path of a Jinja file."
        ) from None


@dataclass(frozen=True)
class Placement:
    """Where a policy lives."""

    device: torch.device
    mesh: DeviceMesh | None = None
    """Over which it is sharded; None: it is whole."""


def load_policy(config: PolicyConfig, with_reference: bool = False, placement: Placement | None = None) -> Policy:
    """Loads the model, its tokenizer and, where asked for and LoRA does not give one, a second frozen copy.

    Args:
        placement: with a mesh both are sharded over it, each process reading its own part. Without one what is
            quantised is so on the device, and the rest comes there later; None: on the best of this machine.

    Raises:
        ConfigError: the model cannot be read, is no causal language model, or a weight is not a finite number.
    """
    if config.attention == "flex" and not torch.cuda.is_available():
        raise ConfigError(
            "`model.policy.attention`: flex attention learns on GPUs only, and there is none here; set it to sdpa."
        )
    placement = placement or Placement(best_device())
    if placement.mesh is not None:
        config.refuse_shards()
    _warn_of_slow_type(config, placement.device)
    folder = resolve_model(config.path)
    with explain_model_errors(config.path):
        if placement.mesh is not None or config.quantization:
            folder = local_folder(folder)
        model_config = load_config(folder)
        sharing = sharing_of(model_config)
        if config.quantization:
            refuse_unquantisable(model_config, config.path)
        attention = sharing.attention or config.attention_function
        model = _load(folder, config, placement, attention, config.lora)
        if broken := nonfinite_of(stored_weights(folder)) if config.quantization else nonfinite_weights(model):
            raise ConfigError(
                f"`model.policy.path`: {config.path} has weights that are not finite numbers ({len(broken)} weights, "
                f"the first: {broken[0]}); take another copy, or the checkpoint before it broke."
            )
        reference = None
        if with_reference and config.lora is None:
            reference = _load(folder, config, placement, attention).requires_grad_(False).eval()
    if config.gradient_checkpointing:
        model.gradient_checkpointing_enable({"use_reentrant": False})
    compute_dtype = getattr(torch, config.compute_dtype) if config.compute_dtype else None
    return Policy(model, load_tokenizer(config.path, config.chat_template), reference, compute_dtype, sharing)


def _load(
    folder: str, config: PolicyConfig, placement: Placement, attention: str, lora: LoraConfig | None = None
) -> Any:
    dtype = getattr(torch, config.dtype)
    compute_dtype = getattr(torch, config.compute_dtype) if config.compute_dtype else None
    if placement.mesh is not None:
        model: Any = empty_model(folder, dtype, attention)
    elif config.quantization:
        model = _whole_model(folder, dtype, attention, **loading_options(compute_dtype or dtype, placement.device))
        keep_layout(model)
    else:
        model = _whole_model(folder, dtype, attention)
    without_noise(model)
    if lora is not None:
        model = add_lora(model, lora)
    if placement.mesh is not None:
        shard(model, placement.mesh, compute_dtype)
        load_shards(model, folder, placement.device)
    elif compute_dtype not in (None, dtype):
        _compute_in(compute_dtype, model)
    initialise_adapters(model)
    if onednn_is_faster():
        use_onednn(model)
    return model.train()


def without_noise(model: nn.Module) -> None:
    """Turns off dropout and the jitter of routers: the same tokens have the same log-probabilities in each pass."""
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        for name, value in vars(module).items():
            if isinstance(value, float) and ("drop" in name or "jitter" in name):
                setattr(module, name, 0.0)


def best_device() -> torch.device:
    """The accelerator of this machine, or its CPU."""
    return torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")


def _whole_model(folder: str, dtype: torch.dtype, attention: str, **options: Any) -> Any:
    options |= {"attn_implementation": attention, "output_loading_info": True, **NO_FOREIGN_CODE}
    loaded: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, **options)
    model, found = loaded
    if missing := sorted(found["missing_keys"]):  # transformers draws them at random, with a table of them
        raise ConfigError(
            f"`model.policy.path`: {folder} lacks {len(missing)} of the weights that its config asks for, the first: "
            f"{missing[0]}; take a model whose files are whole."
        )
    unmap(model)
    return model


def _warn_of_slow_type(config: PolicyConfig, device: torch.device) -> None:
    capabilities = getattr(torch.cpu, "get_capabilities", None)  # a new function of torch's
    if config.compute_dtype != "bfloat16" or device.type != "cpu" or capabilities is None:
        return
    if not any(capabilities().get(name) for name in _BFLOAT16_INSTRUCTIONS):
        rank_zero_warn(
            "`model.policy.compute_dtype` is bfloat16, for which this processor has no instructions: it will compute "
            "many times more slowly than in float32; set `model.policy.compute_dtype` (and `dtype`) to float32."
        )


def _compute_in(dtype: torch.dtype, model: Any) -> None:
    """Forward passes cast weights and activations; FSDP2 gathers its layers in that type instead."""
    base = base_model(model)
    forward = base.forward

    @wraps(forward)  # `generate` reads what it takes
    def cast_forward(*args: Any, **kwargs: Any) -> Any:
        with torch.autocast(model.device.type, dtype):
            return forward(*args, **kwargs)

    base.forward = cast_forward


def empty_model(folder: str, dtype: torch.dtype, attention: str = ATTENTION) -> PreTrainedModel:
    """The model of a folder's config, its parameters on the meta device, where they take no memory."""
    from accelerate import init_empty_weights

    config = load_config(folder)
    # Buffers are real: they hold what no file has, such as the rotary frequencies.
    with init_empty_weights(include_buffers=False):
        model = AutoModelForCausalLM.from_config(config, dtype=dtype, attn_implementation=attention)
    model.config.name_or_path = folder
    if model.can_generate() and (Path(folder) / GENERATION_CONFIG_NAME).is_file():
        model.generation_config = GenerationConfig.from_pretrained(folder)
    return model
