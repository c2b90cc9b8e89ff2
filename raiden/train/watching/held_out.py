"""Whether the reward rises while held-out accuracy falls: the policy learns something else than to be right."""

import math
from collections.abc import Sequence
from statistics import fmean, variance
from typing import Any

_NUM_STEPS = 5
"""Steps whose mean reward is the level of the reward."""


class HeldOutFall:
    """Compares each evaluation with the best before it, and the reward since then."""

    def __init__(self, chance: float) -> None:
        """
        Args:
            chance: that noise alone is taken for a fall, in a run of whatever length; above 0.
        """
        self.chance = chance
        self._evaluations: list[tuple[int, int, int]] = []  # step, right replies, questions
        self._rewards: list[tuple[int, float]] = []  # step, mean reward
        self._told = False

    def add_step(self, step: int, reward: float) -> None:
        self._rewards.append((step, reward))

    def evaluated(self, step: int, share: float, num_questions: int) -> str | None:
        """What an evaluation says.

        Told once, and again only after an evaluation that is no fall.

        Args:
            share: of right replies, 0 to 1.
            num_questions: that were asked.
        """
        earlier, right = list(self._evaluations), round(share * num_questions)
        self._evaluations.append((step, right, num_questions))
        if not earlier:
            return None
        best_step, *best = max(earlier, key=lambda evaluation: evaluation[1] / evaluation[2])
        # Of many comparisons one falls by chance: each has its part of the chance (Bonferroni).
        if chance_of_fall(best[0], best[1], right, num_questions) > self.chance / len(earlier):
            self._told = False
            return None
        before, after = self._levels(best_step)
        if self._told or not rose(before, after):
            return None
        self._told = True
        return (
            f"held-out SBK fell from {100 * best[0] / best[1]:.1f} % at step {best_step} to {100 * share:.1f} % "
            f"({num_questions} questions) while the reward rose from {fmean(before):.3f} to {fmean(after):.3f}"
        )

    def _levels(self, step: int) -> tuple[list[float], list[float]]:
        """The last rewards until then, and of the steps since the last; before any step, of its first and last."""
        until = [reward for at, reward in self._rewards if at <= step]
        since = [reward for at, reward in self._rewards if at > step]
        num = _NUM_STEPS if until else min(_NUM_STEPS, len(since) // 2)
        return (until[-num:] if until else since[:num]), since[max(len(since) - num, 0) :]

    def state_dict(self) -> dict[str, Any]:
        return {"evaluations": self._evaluations, "rewards": self._rewards, "told": self._told}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._evaluations, self._rewards, self._told = state["evaluations"], state["rewards"], state["told"]


def rose(before: Sequence[float], after: Sequence[float]) -> bool:
    """Whether the mean of `after` is higher by more than its standard error.

    >>> rose([0.1, 0.3], [0.6, 0.8]), rose([0.1, 0.9], [0.2, 0.9]), rose([], [])
    (True, False, False)
    """
    if not before or not after:
        return False
    noise = sum(variance(values) / len(values) for values in (before, after) if len(values) > 1)
    return fmean(after) - fmean(before) > math.sqrt(noise)


def chance_of_fall(right: int, num: int, right_now: int, num_now: int) -> float:
    """Chance that no more than `right_now` of `num_now` replies are right where nothing has changed.

    Fisher's exact test, one-sided. It takes the evaluations for independent; those of the same questions differ less
    by noise, so that the true chance is, if anything, smaller.

    >>> chance_of_fall(3, 3, 0, 3)  # 1 of the 20 ways to have three right of six
    0.05
    """
    together = right + right_now
    ways = sum(math.comb(num_now, k) * math.comb(num, together - k) for k in range(right_now + 1))
    return ways / math.comb(num + num_now, together)
