"""The reward of completions whose samples stand in the rows of a data set, for trainers other than raiden's own."""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from itertools import groupby

from raiden.core.errors import ConfigError
from raiden.core.types import Reward
from raiden.data.prompts import PromptSettings
from raiden.data.reward_rows import read_sample
from raiden.rewards import RewardConfig
from raiden.rewards.reply import ResponseFormat
from raiden.scoring.base import GroupReward
from raiden.scoring.scorer import Scorer, Written

Asked = tuple[str, ResponseFormat, Written]
"""A sample as JSON text, the form of its replies, and a completion."""


class RowScorer:
    """Scores completions one after the other or many at once, from any number of threads."""

    def __init__(self, config: RewardConfig = RewardConfig(), settings: PromptSettings = PromptSettings()) -> None:
        """
        Args:
            config: a row's response format comes before that of the config.
            settings: of the prompts that the user's own rewards read.

        Raises:
            ConfigError: a reward is asked for that only `raiden fit` has, or cannot be loaded.
        """
        self.config = config
        scorer = Scorer(config)
        scorer.refuse_reference()
        if config.unlikely_weight:
            raise ConfigError(
                "`model.rewards.unlikely_weight` needs `raiden fit`, whose reference it asks; set it to 0."
            )
        self.compares = [asker.entry.name for asker in scorer.extra if isinstance(asker.reward, GroupReward)]
        """Rewards that compare the completions of a prompt."""
        self._scorer = cache(
            lambda asked: Scorer(replace(config, response_format=asked), replace(settings, response_format=asked))
        )

    def score(self, asked: Sequence[Asked]) -> list[Reward]:
        """The rewards; neighbours of one sample are a group.

        Raises:
            SampleError: a row has no sample that can be used.
        """
        rewards: list[Reward] = []
        for (record, response_format), own in groupby(asked, key=lambda one: one[:2]):
            scorer = self._scorer(response_format)
            (earned,) = scorer.score([(read_sample(record), [written for *_, written in own])])
            rewards += earned
            for warning in scorer.take_warnings():
                warnings.warn(warning, stacklevel=2)
        return rewards
