"""The options of `watch`, and the warnings."""

import math
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from lightning import Callback
from lightning.pytorch.utilities import rank_zero_warn

from raiden.core.errors import ConfigError
from raiden.core.types import Rollout
from raiden.train.trackers import log_text
from raiden.train.watching.faults import (
    REWARD_HACKING,
    SILENT,
    alike_replies,
    far_from_reference,
    growing_replies,
    low_entropy,
)
from raiden.train.watching.held_out import HeldOutFall
from raiden.train.watching.lasting import Lasting
from raiden.train.watching.replies import LatestReplies


class LearningWatch(Callback):
    """Warns, once and with the remedy, when a run goes on without learning or learns the wrong thing.

    It looks at what a step has logged and at its replies, of all processes, and asks the model nothing.
    """

    def __init__(
        self,
        after_n_steps: int = 5,
        max_skipped: int = 3,
        min_entropy: float | None = 0.02,
        max_kl: float | None = 2.0,
        max_clipped_rise: float | None = 0.3,
        max_alike: float | None = 0.5,
        false_alarm: float | None = 0.05,
    ) -> None:
        """
        Args:
            after_n_steps: steps in a row that a fault must last; 0 never warns of what single steps show.
            max_skipped: steps in a row that are skipped because a loss, a gradient, a log-probability or a reward is
                not a finite number, and then end the run; at least 1.
            min_entropy: nats a token; less is told where it is also less than a tenth of that of the first steps;
                null turns it off.
            max_kl: nats a token between policy and reference, where `model.objective.beta` is above 0; null turns it
                off.
            max_clipped_rise: by how much the share of completions cut at `model.sampling.max_tokens` may rise above
                that of the first steps, 0 to 1; null turns it off.
            max_alike: share of the replies to different questions that may be the same, begin or end the same, where
                neither the reference answers nor the run's first replies do, 0 to 1; null turns it off.
            false_alarm: chance that held-out SBK is said to fall, while the reward rises, by noise alone; null turns
                it off.
        """
        checks = {
            "after_n_steps": (after_n_steps >= 0, after_n_steps, "at least 0"),
            "min_entropy": (_is_within(min_entropy, math.inf), min_entropy, "above 0 nats a token, or null"),
            "max_kl": (_is_within(max_kl, math.inf), max_kl, "above 0 nats a token, or null"),
            "max_clipped_rise": (_is_within(max_clipped_rise, 1), max_clipped_rise, "above 0 and below 1, or null"),
            "max_alike": (_is_within(max_alike, 1), max_alike, "above 0 and below 1, or null"),
            "false_alarm": (_is_within(false_alarm, 0.5), false_alarm, "above 0 and below 0.5, or null"),
        }
        for name, (ok, value, need) in checks.items():
            if not ok:
                raise ConfigError(f"`watch.{name}` must be {need}, got {value}.")
        faults = {
            **SILENT,
            **({"entropy": low_entropy(min_entropy)} if min_entropy is not None else {}),
            **({"kl": far_from_reference(max_kl)} if max_kl is not None else {}),
            **({"growing": growing_replies(max_clipped_rise)} if max_clipped_rise is not None else {}),
            **({"alike": alike_replies(max_alike)} if max_alike is not None else {}),
        }
        self.warnings: list[str] = []
        self._lasting = Lasting(faults if after_n_steps else {}, after_n_steps)
        self._replies = LatestReplies()
        self._held_out = HeldOutFall(false_alarm) if false_alarm is not None else None
        self._num_held_out = 0

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        rollouts = pl_module.rollouts
        if not rollouts:  # supervised steps sample nothing
            return
        self._replies.add(rollouts)
        alike, what = self._replies.alike()
        pl_module.log_by_step({"completions/alike": alike})
        step, metrics = pl_module.num_steps_done, pl_module.step_metrics
        if self._held_out:
            self._held_out.add_step(step, metrics["reward"])
        metrics = {"entropy": sampled_entropy(rollouts), **metrics, "completions/alike": alike}
        self._warn(trainer, step, [*self.count(metrics, what), *pl_module.scorer.take_warnings()])

    def count(self, metrics: Mapping[str, float], text: str = "") -> list[str]:
        """The warnings that the figures of a step give rise to.

        Args:
            text: what replies have in common.

        >>> watch = LearningWatch(after_n_steps=2)
        >>> bad = {"reward": 1.0, "frac_reward_zero_std": 1.0, "completions/clipped_ratio": 0.5}
        >>> [len(watch.count(bad)) for _ in range(4)]
        [0, 1, 0, 0]
        """
        return self._lasting.count(metrics, text)

    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:
        self._num_held_out = 0

    def on_validation_batch_end(self, trainer: Any, pl_module: Any, *args: Any) -> None:
        self._num_held_out += sum(rollout.prompt.sample.focus == "sbk" for rollout in pl_module.rollouts)

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        if self._held_out and self._num_held_out:
            step = pl_module.num_steps_done
            fall = self._held_out.evaluated(step, pl_module.shares["sbk"], self._num_held_out)
            self._warn(trainer, step, [f"{fall}: {REWARD_HACKING}."] if fall else [])

    def _warn(self, trainer: Any, step: int, warnings: Sequence[str]) -> None:
        for warning in warnings:
            text = f"Step {step}: {warning}"
            self.warnings.append(text)
            rank_zero_warn(text)
            for logger in trainer.loggers:
                log_text(logger, "warnings", text, step)

    def state_dict(self) -> dict[str, Any]:
        return {
            "warnings": self.warnings,
            "lasting": self._lasting.state_dict(),
            "replies": self._replies.state_dict(),
            "held_out": self._held_out.state_dict() if self._held_out else None,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.warnings = state_dict["warnings"]
        self._lasting.load_state_dict(state_dict["lasting"])
        self._replies.load_state_dict(state_dict["replies"])
        if self._held_out and state_dict["held_out"]:
            self._held_out.load_state_dict(state_dict["held_out"])


def sampled_entropy(rollouts: Sequence[Rollout]) -> float:
    """Entropy of the sampled tokens, in nats a token, estimated by their mean ``-log p``.

    The update measures it exactly, but only where a group has an advantage, and a policy that always says the same has
    none.
    """
    return -fmean(logp for r in rollouts for c in r.completions for logp in c.sampling_logps)


def _is_within(value: float | None, limit: float) -> bool:
    """Whether an option is off, or above 0 and below a limit."""
    return value is None or 0 < value < limit
