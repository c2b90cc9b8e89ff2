"""Groups that teach nothing are sampled again, within a bound: DAPO's dynamic sampling, arXiv:2503.14476."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean

from raiden.core.types import Rollout
from raiden.train.grpo import ObjectiveConfig

SampleGroups = Callable[[Sequence[int], int], list[Rollout]]
"""Gives a group for each of these prompts of the step; the second number is how many each has had before."""


@dataclass(frozen=True)
class Draw:
    """All that a step has sampled."""

    rounds: Sequence[Sequence[Rollout]]
    """First a group for each prompt; then, round after round, another for each prompt without one that teaches."""
    rollouts: list[Rollout]
    """The last group of each prompt: what is trained on."""

    @property
    def first(self) -> Sequence[Rollout]:
        """A group for each prompt, whatever it earned: means over these tell of the policy.

        Groups that were chosen for their spread would make a hard question look easier than it is.
        """
        return self.rounds[0]

    @property
    def groups(self) -> list[Rollout]:
        """Every group, those that were sampled in vain too."""
        return [rollout for groups in self.rounds for rollout in groups]

    def metrics(self, objective: ObjectiveConfig) -> dict[str, float]:
        """What came of the sampling.

        `frac_reward_zero_std` is the share of prompts left without spread, `sampling/wasted_share` the share of
        sampled tokens whose groups taught nothing, `sampling/rounds` how often was sampled.
        """
        wasted = sum(sampled_tokens(r) for r in self.groups if not objective.has_signal(r))
        return {
            "frac_reward_zero_std": fmean(r.reward_std <= objective.min_reward_std for r in self.rollouts),
            "sampling/wasted_share": wasted / sum(map(sampled_tokens, self.groups)),
            "sampling/rounds": float(len(self.rounds)),
        }


def sampled_tokens(rollout: Rollout) -> int:
    """Tokens of a group's completions."""
    return sum(len(completion.token_ids) for completion in rollout.completions)


def draw_groups(sample: SampleGroups, num_prompts: int, objective: ObjectiveConfig, max_resamples: int) -> Draw:
    """Samples a group for each prompt; then again, with new seeds, for those whose group teaches nothing.

    The same question is asked again, not another in its place: the order of the data stays what it is, and with it
    the epoch, the schedule and what a resumed run does. A prompt whose last group teaches nothing either stays in
    the step, as it would without resampling.

    Args:
        sample: gives the same on all processes, so that all go through the same rounds.
        max_resamples: rounds after the first, at most.
    """
    rounds = [sample(range(num_prompts), 0)]
    latest = list(rounds[0])
    for attempt in range(1, max_resamples + 1):
        in_vain = [i for i, rollout in enumerate(latest) if not objective.has_signal(rollout)]
        if not in_vain:
            break
        rounds.append(sample(in_vain, attempt))
        for i, rollout in zip(in_vain, rounds[-1], strict=True):
            latest[i] = rollout
    return Draw(rounds, latest)
