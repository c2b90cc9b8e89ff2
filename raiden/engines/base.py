"""What every engine takes and gives."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from raiden.errors import ConfigError
from raiden.types import Completion


@dataclass(frozen=True)
class SamplingConfig:
    """How completions are drawn."""

    temperature: float = 1.0
    """Divides the logits; 0 always takes the most likely token."""
    top_p: float = 1.0
    """Keep the most likely tokens whose probabilities sum to this; 1 keeps all."""
    top_k: int = 0
    """Keep this many of the most likely tokens; 0 keeps all."""
    min_p: float = 0.0
    """Drop tokens less likely than this share of the most likely one; 0 keeps all."""
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


@runtime_checkable
class Engine(Protocol):
    """Generates completions with the policy's weights. ``__init__`` only keeps settings; `start` does the work."""

    def start(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
        """Gets ready to generate; called once, after the processes of a distributed run are up."""
        ...

    def generate(
        self, prompts: Sequence[Sequence[int]], seeds: Sequence[Sequence[int]], sampling: SamplingConfig
    ) -> list[list[Completion]]:
        """Completions of each prompt, one for each of its seeds.

        A completion depends on its prompt, its seed and the weights; not on what else is in the batch.
        """
        ...

    def update_weights(self, weights: Iterable[tuple[str, Tensor]]) -> None:
        """Takes over the policy's new weights, as (name, tensor) pairs."""
        ...

    def close(self) -> None:
        """Frees what `start` took; safe to call twice."""
        ...
