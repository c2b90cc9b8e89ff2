"""The groups that a step has sampled, and what came of sampling some of them again."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from raiden.core.types import Rollout
from raiden.train.grpo.objective import ObjectiveConfig


@dataclass(frozen=True)
class SampledGroups:
    """All groups of a step."""

    rounds: Sequence[Sequence[Rollout]]
    """First a group for each prompt; then, round after round, another for each prompt whose last one has no signal."""
    rollouts: list[Rollout]
    """The last group of each prompt: what is trained on."""

    @property
    def first(self) -> Sequence[Rollout]:
        """A group for each prompt, whatever it earned: means over these tell of the policy.

        Groups that were chosen for their spread would make a hard question look easier than it is.
        """
        return self.rounds[0]

    @property
    def all(self) -> list[Rollout]:
        """Every group, those without a signal too."""
        return [rollout for groups in self.rounds for rollout in groups]

    @property
    def num_tokens(self) -> int:
        """Tokens of all completions."""
        return sum(map(_num_tokens, self.all))

    def metrics(self, objective: ObjectiveConfig) -> dict[str, float]:
        """What came of the sampling.

        `frac_reward_zero_std` is the share of prompts left without spread, `sampling/wasted_share` the share of
        sampled tokens whose groups had no signal, `sampling/rounds` how often was sampled.
        """
        wasted = sum(_num_tokens(rollout) for rollout in self.all if not objective.has_signal(rollout))
        return {
            "frac_reward_zero_std": fmean(r.reward_std <= objective.min_reward_std for r in self.rollouts),
            "sampling/wasted_share": wasted / self.num_tokens,
            "sampling/rounds": float(len(self.rounds)),
        }


def _num_tokens(rollout: Rollout) -> int:
    return sum(len(completion.token_ids) for completion in rollout.completions)
