"""What every engine takes and gives."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from raiden.core.errors import ConfigError
from raiden.core.types import Completion
from raiden.data.chat_template import end_of_turn_ids


@dataclass(frozen=True)
class _Distribution:
    """What a token is drawn from."""

    temperature: float = 1.0
    """Divides the logits; 0 always takes the most likely token."""
    top_p: float = 1.0
    """Keep the most likely tokens whose probabilities sum to this; 1 keeps all."""
    top_k: int = 0
    """Keep this many of the most likely tokens; 0 keeps all."""
    min_p: float = 0.0
    """Drop tokens less likely than this share of the most likely one; 0 keeps all."""


@dataclass(frozen=True)
class SamplingConfig(_Distribution):
    """How completions are drawn."""

    max_tokens: int = 256
    """Longest completion, in tokens."""

    def __post_init__(self) -> None:
        checks = {
            "temperature": (self.temperature >= 0, "at least 0"),
            "top_p": (0 < self.top_p <= 1, "above 0 and at most 1"),
            "top_k": (self.top_k >= 0, "at least 0"),
            "min_p": (0 <= self.min_p <= 1, "between 0 and 1"),
            "max_tokens": (self.max_tokens >= 1, "at least 1 token"),
        }
        for name, (ok, need) in checks.items():
            if not ok:
                option = f"`model.sampling.{name}` (or `model.val_sampling.{name}`)"
                raise ConfigError(f"{option} must be {need}, got {getattr(self, name)}.")


@dataclass(frozen=True)
class HeldOutSampling(_Distribution):
    """How held-out replies are drawn; one option that is set leaves the others as they are."""

    temperature: float = 0.0
    """Divides the logits; 0 always takes the most likely token."""
    max_tokens: int | None = None
    """Longest reply, in tokens; null: as in training."""

    def beside(self, training: SamplingConfig) -> SamplingConfig:
        """
        >>> HeldOutSampling(top_k=5).beside(SamplingConfig(max_tokens=16))
        SamplingConfig(temperature=0.0, top_p=1.0, top_k=5, min_p=0.0, max_tokens=16)
        """
        max_tokens = training.max_tokens if self.max_tokens is None else self.max_tokens
        return SamplingConfig(**{**vars(self), "max_tokens": max_tokens})


class Engine(ABC):
    """Generates completions with the policy's weights. ``__init__`` only keeps settings; `start` does the work.

    A base class and no Protocol: of a Protocol jsonargparse wants the same annotations, letter for letter.
    """

    shares_weights: bool
    """True where the engine samples with the policy's own modules: nothing is copied, nothing can be stale."""

    @abstractmethod
    def start(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        max_length: int,
        dtype: torch.dtype,
        device: torch.device,
    ) -> None:
        """Gets ready; called after the processes of a distributed run are up. Weights come by `update_weights`.

        Args:
            max_length: longest prompt with its completion, in tokens.
            dtype: what the policy computes in.
            device: this process's own. The model may not be there yet: Lightning moves it later.
        """

    @abstractmethod
    def generate(
        self, prompts: Sequence[Sequence[int]], seeds: Sequence[Sequence[int]], sampling: SamplingConfig
    ) -> list[list[Completion]]:
        """Completions of each prompt, one for each of its seeds.

        A completion depends on its prompt, its seed and the weights; not on what else is in the batch.
        """

    @abstractmethod
    def update_weights(self, weights: Iterable[tuple[str, Tensor]]) -> None:
        """Takes over the policy's weights, as (name, tensor) pairs of a Hugging Face folder; wakes up from sleep."""

    @abstractmethod
    def sleep(self) -> None:
        """Gives back memory until the next `update_weights`, where that is worth it."""

    @abstractmethod
    def close(self) -> None:
        """Frees what `start` took; safe to call twice."""


def stop_token_ids(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """The tokens that end a completion: the ends of sequence of tokenizer and generation config, and of a turn."""
    eos = model.generation_config.eos_token_id if model.generation_config else None
    ids = [tokenizer.eos_token_id, *(eos if isinstance(eos, list) else [eos])]
    return sorted({i for i in [*ids, *end_of_turn_ids(tokenizer)] if i is not None})
