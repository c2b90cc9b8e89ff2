"""TRL's trainer, where a completion without a score is left out of the loss too, and models know their prompts."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from trl import GRPOTrainer

from raiden.core.errors import TrainingError
from raiden.data.prompts import PromptSettings, write_record


class ScoredTrainer(GRPOTrainer):
    """GRPOTrainer leaves completions that no reward function scores out of means, deviations and advantages; here they
    are not in the loss either: neither in its KL term nor among the tokens or the completions that it divides by."""

    prompts = PromptSettings()
    """What the rows' prompts were made by; it goes along with each model that is saved, as `raiden fit` has it."""

    def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
        super().save_model(output_dir, _internal_call)
        if self.args.should_save:
            write_record(Path(output_dir or str(self.args.output_dir)), {"prompts": self.prompts.as_record()})

    def _calculate_rewards(self, *arguments: Any, **options: Any) -> Tensor:
        rewards: Tensor = super()._calculate_rewards(*arguments, **options)
        self._unscored = torch.isnan(rewards).all(dim=1)
        if bool(self._unscored.all()):
            raise TrainingError(
                f"none of {len(self._unscored)} completions has a score; see to the server or the reward (`extra`) "
                "and go on from the last checkpoint, or give that reward the weight 0."
            )
        return rewards

    def _generate_and_score_completions(self, inputs: Any) -> dict[str, Any]:
        output: dict[str, Any] = super()._generate_and_score_completions(inputs)
        own = len(output["completion_mask"])
        start = self.accelerator.process_index * own
        unscored = self._unscored[start : start + own].to(output["completion_mask"].device)
        if bool(self._unscored.any()):
            output["completion_mask"] = output["completion_mask"] * (~unscored).unsqueeze(1)
            mask = output["completion_mask"] * output.get("tool_mask", 1)
            output["num_items_in_batch"] = self.accelerator.gather(mask.sum()).sum()
        return output
