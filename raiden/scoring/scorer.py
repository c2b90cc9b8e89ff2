"""What completions earn in all: the verifiable reward, and the user's own rewards."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, TypeVar

from raiden.core.errors import ConfigError
from raiden.core.types import Message, Reward, Sample
from raiden.data.prompts import PromptSettings, build_messages
from raiden.rewards import VRAR, RewardConfig
from raiden.rewards.extra import ExtraReward
from raiden.scoring.asking import Asker
from raiden.scoring.base import Score
from raiden.scoring.loading import load_reward
from raiden.scoring.verifier import NAME, is_asked, verified

T = TypeVar("T")
_STARTING = threading.Lock()
Written = tuple[str, bool]
"""A completion's text, and whether it was cut at the token limit."""
Group = tuple[Sample, Sequence[Written]]
"""A sample and the completions of its prompt."""


class Scorer:
    """The reward of completions, the same in training, validation, `raiden score` and TRL's trainer."""

    def __init__(self, config: RewardConfig = RewardConfig(), settings: PromptSettings | None = None) -> None:
        """
        Args:
            settings: of the prompts that the user's own rewards read.

        Raises:
            ConfigError: one of `extra` cannot be loaded.
        """
        self.config = config
        self.settings = settings or PromptSettings(config.response_format)
        self.vrar = VRAR(config)
        self.extra = [
            Asker(entry, load_reward(entry, place := f"model.rewards.extra[{index}]"), place)
            for index, entry in enumerate(config.extra_rewards)
        ]
        self.verifier = _verifier(config)

    @property
    def names(self) -> list[str]:
        """Of the rewards that may give no score."""
        return [*(asker.entry.name for asker in self.extra), *([NAME] if self.config.verifier else [])]

    @property
    def asks_reference(self) -> bool:
        """Whether the run's frozen reference is to verify; whoever has it asks it (`raiden.rollout.likelihood`)."""
        verifier = self.config.verifier_options
        return verifier is not None and verifier.is_reference

    @property
    def _askers(self) -> list[Asker]:
        return [*self.extra, *([self.verifier] if self.verifier else [])]

    def score(self, groups: Sequence[Group]) -> list[tuple[Reward, ...]]:
        """The rewards of each group's completions.

        Raises:
            RewardError: one of the user's own raised, or gave what is no score.
        """
        if not self._askers:
            return list(map(self._by_rule, groups))
        with _STARTING:  # several threads may score with one scorer
            elsewhere = self._elsewhere
        return elsewhere.run(self.score_async(groups))

    async def score_async(self, groups: Sequence[Group]) -> list[tuple[Reward, ...]]:
        """As `score`, within an event loop."""
        return list(await asyncio.gather(*map(self._score_group, groups)))

    def refuse_reference(self) -> None:
        """For whoever has no frozen reference.

        Raises:
            ConfigError: it is to verify.
        """
        if self.asks_reference:
            raise ConfigError(
                "`model.rewards.verifier` is the frozen reference of a run of `raiden fit`, and there is none here; "
                "name an endpoint's class, or leave the verifier out."
            )

    def take_warnings(self) -> list[str]:
        """What was seen of the rewards since they were taken last, a sentence each."""
        warnings = [warning for asker in self._askers for warning in asker.warnings]
        for asker in self._askers:
            asker.warnings.clear()
        return warnings

    def close(self) -> None:
        """Ends what waits for servers; may be called twice."""
        if "_elsewhere" in vars(self):
            self._elsewhere.run(self.close_async())
            self._elsewhere.close()
            del self._elsewhere

    async def close_async(self) -> None:
        """As `close`, within the event loop of `score_async`."""
        for asker in self._askers:
            if (close := getattr(asker.reward, "close", None)) is not None:
                await close()

    @cached_property
    def _elsewhere(self) -> _Elsewhere:
        return _Elsewhere()

    def _by_rule(self, group: Group) -> tuple[Reward, ...]:
        sample, completions = group
        return tuple(self.vrar(sample, text, truncated=truncated) for text, truncated in completions)

    async def _score_group(self, group: Group) -> tuple[Reward, ...]:
        sample, completions = group
        prompt, texts = build_messages(sample, self.settings), [text for text, _ in completions]
        asked = await asyncio.gather(*(asker.scores(sample, prompt, texts) for asker in self.extra))
        said = [(asker, scores) for asker, scores in zip(self.extra, asked, strict=True) if scores is not None]
        rewards = await self._verify(sample, prompt, texts, self._by_rule(group))
        return tuple(
            _together(reward, [(asker, scores[index]) for asker, scores in said])
            for index, reward in enumerate(rewards)
        )

    async def _verify(
        self, sample: Sample, prompt: Sequence[Message], texts: Sequence[str], rewards: Sequence[Reward]
    ) -> Sequence[Reward]:
        """The rewards with what a verifier behind a server says."""
        options = self.config.verifier_options
        if self.verifier is None or options is None:
            return rewards
        asked = [index for index, reward in enumerate(rewards) if is_asked(reward, options)]
        scores = await self.verifier.scores(sample, prompt, [texts[index] for index in asked])
        said = dict(zip(asked, scores or (), strict=True))
        return [verified(r, said[i], self.config) if i in said else r for i, r in enumerate(rewards)]


def _verifier(config: RewardConfig) -> Asker | None:
    """Of a server; the reference is asked elsewhere."""
    options, place = config.verifier_options, "model.rewards.verifier"
    if options is None or options.is_reference:
        return None
    entry = ExtraReward(options.class_path, options.init_args, 1.0, NAME, options.max_in_flight)
    return Asker(entry, load_reward(entry, place), place, watches=False)


def _together(reward: Reward, said: Sequence[tuple[Asker, Score]]) -> Reward:
    """The verifiable reward of a completion with what the user's own rewards say."""
    total, components, reasons = reward.total, dict(reward.components), [reward.reason]
    unscored = []
    for asker, score in said:
        entry = asker.entry
        if score.value is None:
            unscored.append(entry.name)
            reasons.append(f"{entry.name}: no score, {score.reason}.")
            total = total if entry.weight == 0 else None
            continue
        components[entry.name] = score.value
        why = f", {score.reason}" if score.reason else ""
        reasons.append(f"{entry.name} {score.value:g} {asker.reward.units}{why}.")
        total = None if total is None else total + entry.weight * score.value
    return replace(
        reward, total=total, components=components, reason=" ".join(reasons), unscored=(*reward.unscored, *unscored)
    )


class _Elsewhere:
    """An event loop in a thread of its own: it works where a loop runs already, and Ctrl-C ends the wait for it."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="raiden rewards", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def close(self) -> None:
        async def end() -> None:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self._loop).result(timeout=10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()
