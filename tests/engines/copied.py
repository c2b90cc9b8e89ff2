"""An engine with weights of its own, as vLLM has them, but in plain transformers: it can be stale."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor
from transformers import AutoModelForCausalLM, PreTrainedModel, PreTrainedTokenizerBase

from raiden.core.types import Completion
from raiden.packing import ATTENTION
from raiden.rollout.engines import SamplingConfig, TransformersEngine


class CopyEngine(TransformersEngine):
    """Writes down what it is asked for, in order."""

    shares_weights = False

    def __init__(self, max_rows: int = 64) -> None:
        super().__init__(max_rows)
        self.calls: list[str] = []

    def start(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        max_length: int,
        dtype: torch.dtype,
        device: torch.device,
    ) -> None:
        path = model.config._name_or_path
        own = AutoModelForCausalLM.from_pretrained(path, dtype=dtype, attn_implementation=ATTENTION)
        super().start(own, tokenizer, max_length, dtype, device)

    def generate(
        self, prompts: Sequence[Sequence[int]], seeds: Sequence[Sequence[int]], sampling: SamplingConfig
    ) -> list[list[Completion]]:
        self.calls.append("generate")
        return super().generate(prompts, seeds, sampling)

    def update_weights(self, weights: Iterable[tuple[str, Tensor]]) -> None:
        self.calls.append("update_weights")
        own = self.model.state_dict()
        for name, weight in weights:
            own[name].copy_(weight)

    def sleep(self) -> None:
        self.calls.append("sleep")
