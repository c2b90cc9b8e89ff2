"""An engine with weights of its own, as vLLM has them, but in plain transformers: it can be stale."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from tempfile import TemporaryDirectory

import torch
from safetensors.torch import save_file
from torch import Tensor
from transformers import AutoModelForCausalLM, PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from raiden.core.types import Completion
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
        attention = model.config._attn_implementation
        own = AutoModelForCausalLM.from_pretrained(path, dtype=dtype, attn_implementation=attention)
        super().start(own, tokenizer, max_length, dtype, device)

    def generate(
        self, prompts: Sequence[Sequence[int]], seeds: Sequence[Sequence[int]], sampling: SamplingConfig
    ) -> list[list[Completion]]:
        self.calls.append("generate")
        return super().generate(prompts, seeds, sampling)

    def update_weights(self, weights: Iterable[tuple[str, Tensor]]) -> None:
        self.calls.append("update_weights")
        own, given = self.model.state_dict(), dict(weights)
        if not given.keys() <= own.keys():
            given = _read(given, self.model.config)
        for name, weight in given.items():
            own[name].copy_(weight)

    def sleep(self) -> None:
        self.calls.append("sleep")


def _read(weights: dict[str, Tensor], config: PretrainedConfig) -> dict[str, Tensor]:
    """By the model's own names, as transformers makes them of a folder that holds these."""
    with TemporaryDirectory() as folder:
        config.save_pretrained(folder)
        save_file({name: w.contiguous() for name, w in weights.items()}, f"{folder}/model.safetensors")
        return AutoModelForCausalLM.from_pretrained(folder, dtype=next(iter(weights.values())).dtype).state_dict()
