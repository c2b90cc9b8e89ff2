"""Asks one reward for its scores, some calls at a time, and takes nothing for a score that is none."""

import asyncio
import inspect
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from raiden.core.errors import AccessError, EndpointError, RewardError
from raiden.core.records import shortened
from raiden.core.types import Message, Sample
from raiden.rewards.extra import ExtraReward
from raiden.scoring.base import GroupReward, Score

NUM_EQUAL = 64
"""Scores in a row that are all the same number before that is told."""


@dataclass
class Asker:
    """One reward of the user's own: what it is, and what came of it."""

    entry: ExtraReward
    reward: Any
    place: str
    watches: bool = True
    """Whether it is told when the scores are all the same."""
    warnings: list[str] = field(default_factory=list)
    """What was seen since they were taken away last."""
    _in_flight: asyncio.Semaphore = field(init=False)
    _equal: tuple[float, int] = (math.nan, 0)
    """The last score, and how many in a row were the same; below 0 once it was told."""

    def __post_init__(self) -> None:
        self._in_flight = asyncio.Semaphore(self.entry.max_in_flight)

    async def scores(
        self, sample: Sample, prompt: Sequence[Message], completions: Sequence[str]
    ) -> Sequence[Score] | None:
        """A score for each completion of a group; None where it has nothing to compare.

        Raises:
            RewardError: it raised, or gave what is no score.
            AccessError: no request to its server can succeed.
        """
        if not isinstance(self.reward, GroupReward):
            calls = (self._call(self.reward, sample, prompt, completion) for completion in completions)
            found = list(await asyncio.gather(*calls))
        elif len(completions) < 2:
            return None
        else:
            found = await self._call(self.reward.score_group, sample, prompt, list(completions))
            if isinstance(found, Score) and found.value is None:  # the whole call failed
                found = [found] * len(completions)
            if not isinstance(found, Sequence) or len(found) != len(completions):
                raise self._fault(f"gave {shortened(found)} for {len(completions)} completions", sample, completions)
        scores = [self._checked(one, sample, text) for one, text in zip(found, completions, strict=True)]
        for score in scores:
            self._watch(score, sample)
        return scores

    async def _call(self, method: Any, *arguments: Any) -> Any:
        async with self._in_flight:
            try:
                given = method(*arguments)
                return await given if inspect.isawaitable(given) else given
            except AccessError:
                raise
            except EndpointError as fault:
                return Score(None, f"no score ({fault})")
            except Exception as fault:  # of the user's own class: whatever it is, the run ends with its place
                raise self._fault(f"raised {type(fault).__name__} ({fault})", arguments[0], arguments[2]) from fault

    def _checked(self, given: Any, sample: Sample, text: str) -> Score:
        if not isinstance(given, tuple) or len(given) != 2:
            raise self._fault(f"gave {shortened(given)}, not (number or None, reason)", sample, text)
        value, reason = given
        if value is None:
            return Score(None, str(reason) or "no score")
        # bool is a number to Python, and numpy's numbers are none of its own.
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = math.nan
        if not math.isfinite(number):
            raise self._fault(f"gave {shortened(value)}, which is no finite number", sample, text)
        return Score(number, str(reason))

    def _fault(self, what: str, sample: Sample, written: Any) -> RewardError:
        return RewardError(
            f"`{self.place}` ({self.entry.name}) {what} for the sample {sample.id} ({shortened(sample.question)}) and "
            f"the completion {shortened(written)}. Mend {self.entry.class_path}; where it cannot tell, it returns "
            "(None, reason), and the completion is left out."
        )

    def _watch(self, score: Score, sample: Sample) -> None:
        last, count = self._equal
        if not self.watches or score.value is None or count < 0:
            return
        count = count + 1 if score.value == last else 1
        if count >= NUM_EQUAL:
            count = -1
            self.warnings.append(
                f"the reward {self.entry.name} was {score.value:g} for {NUM_EQUAL} completions in a row, the last of "
                f"the sample {sample.id} ({shortened(sample.question)}): it teaches nothing so; look at what "
                f"{self.entry.class_path} compares, or drop `{self.place}`."
            )
        self._equal = (score.value, count)
