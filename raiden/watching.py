"""Says so when a run goes on without learning."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from lightning import Callback
from lightning.pytorch.utilities import rank_zero_warn

from raiden.errors import ConfigError

_REMEDIES = {
    "no group had an advantage": (
        "all completions of each group earn the same, so nothing is learned: look at the completions in TensorBoard; "
        "raise `model.sampling.temperature` or `model.num_generations`, or take easier (or harder) questions"
    ),
    "all completions were truncated": (
        "none ended before `model.sampling.max_tokens`: raise it, or check that the model's chat template and end "
        "token fit"
    ),
    "rewards were not numbers": "look for weights in `model.rewards` that are not finite",
}


class LearningWatch(Callback):
    """Warns when something that stops all learning lasts."""

    def __init__(self, after_n_steps: int = 10) -> None:
        """
        Args:
            after_n_steps: steps in a row; 0 never warns.
        """
        if after_n_steps < 0:
            raise ConfigError(f"`watch.after_n_steps` must be at least 0, got {after_n_steps}.")
        self.after_n_steps = after_n_steps
        self._in_a_row = dict.fromkeys(_REMEDIES, 0)

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        for warning in self.count({name: float(value) for name, value in trainer.callback_metrics.items()}):
            rank_zero_warn(warning)

    def count(self, metrics: Mapping[str, float]) -> list[str]:
        """What has now lasted for `after_n_steps` steps, with the remedy; each streak is told once.

        >>> watch = LearningWatch(after_n_steps=2)
        >>> bad = {"reward": 1.0, "frac_reward_zero_std": 1.0, "completions/clipped_ratio": 0.5}
        >>> [len(watch.count(bad)) for _ in range(4)]
        [0, 1, 0, 0]
        """
        faults = {
            "no group had an advantage": metrics.get("frac_reward_zero_std") == 1,
            "all completions were truncated": metrics.get("completions/clipped_ratio") == 1,
            "rewards were not numbers": math.isnan(metrics.get("reward", 0.0)),
        }
        for name, there in faults.items():
            self._in_a_row[name] = self._in_a_row[name] + 1 if there else 0
        return [
            f"For {num} steps {name}: {_REMEDIES[name]}."
            for name, num in self._in_a_row.items()
            if num and num == self.after_n_steps
        ]
