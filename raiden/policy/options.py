"""Which model is trained, and in which form."""

from dataclasses import dataclass
from typing import Literal

import torch

from raiden.core.errors import ConfigError
from raiden.packing import ATTENTION, FLEX_ATTENTION
from raiden.policy.adapters import LoraConfig


@dataclass(frozen=True)
class PolicyConfig:
    """Which model is trained."""

    path: str
    """A folder, a hub id (`org/name`), a `.gguf` file, or `package://PACKAGE/FILE.gguf`."""
    dtype: Literal["float32", "bfloat16"] = "float32"
    """Type in which weights are kept, gradients added up and the optimizer works (those of adapters are float32). In
    bfloat16 steps of the usual learning rates round away: set `compute_dtype` to it instead, or train with `lora`."""
    compute_dtype: Literal["float32", "bfloat16"] | None = None
    """Type in which layers compute; null is `dtype`."""
    chat_template: str | None = None
    """Path of a Jinja file that makes the prompts, for base models; null: the model's own. The export brings it
    along."""
    quantization: Literal["nf4"] | None = None
    """Keep the frozen weights of linear layers in 4 bits (QLoRA, arXiv:2305.14314): a third of bfloat16's memory, on
    one process. Needs `lora`, and `pip install 'raiden-r1[qlora]'`; what is exported is whole numbers."""
    lora: LoraConfig | None = None
    """Train adapters only; the reference is then the policy with its adapters off."""
    gradient_checkpointing: bool = False
    """Recompute activations in the backward pass: less memory, a third more time."""
    attention: Literal["auto", "sdpa", "flex"] = "auto"
    """How the update computes attention over the packed row: all at once in a compiled kernel of flex attention
    (flex, which auto takes on GPUs), or by PyTorch's own kernels (sdpa): on CPUs as a cascade, on GPUs run by run."""

    def __post_init__(self) -> None:
        if self.quantization and self.lora is None:
            raise ConfigError(
                "`model.policy.quantization`: weights in 4 bits cannot be trained; train adapters "
                "(`model.policy.lora.rank`), or leave it null."
            )

    def refuse_shards(self) -> None:
        """
        Raises:
            ConfigError: the policy was to be sharded, and cannot be.
        """
        if self.quantization:
            raise ConfigError(
                "`model.policy.quantization`: weights in 4 bits lie whole on one device; set `trainer.strategy` to "
                "auto and `trainer.devices` to 1, or leave it null and shard them in bfloat16."
            )

    @property
    def attention_function(self) -> str:
        """The name under which transformers knows it."""
        flex = torch.cuda.is_available() if self.attention == "auto" else self.attention == "flex"
        return FLEX_ATTENTION if flex else ATTENTION
