"""An engine of one's own: it shows the first completion of each rollout and else does what another engine does.

raiden fit --config configs/quickstart.yaml --model.engine examples.own_engine.ShowingEngine
"""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from raiden.core.types import Completion
from raiden.rollout.engines import Engine, SamplingConfig, TransformersEngine


class ShowingEngine(Engine):
    """`__init__` only keeps settings, the options `--model.engine.width` and so on; `start` does the work."""

    def __init__(self, width: int = 100) -> None:
        """
        Args:
            width: characters that are shown at most.
        """
        self.width = width
        self.engine: Engine = TransformersEngine()
        self.shares_weights = self.engine.shares_weights

    def start(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        max_length: int,
        dtype: torch.dtype,
        device: torch.device,
    ) -> None:
        self.engine.start(model, tokenizer, max_length, dtype, device)

    def generate(
        self, prompts: Sequence[Sequence[int]], seeds: Sequence[Sequence[int]], sampling: SamplingConfig
    ) -> list[list[Completion]]:
        groups = self.engine.generate(prompts, seeds, sampling)
        if groups and groups[0]:
            print(groups[0][0].text[: self.width])
        return groups

    def update_weights(self, weights: Iterable[tuple[str, Tensor]]) -> None:
        self.engine.update_weights(weights)

    def sleep(self) -> None:
        self.engine.sleep()

    def close(self) -> None:
        self.engine.close()
