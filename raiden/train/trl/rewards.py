"""The verifiable reward as TRL's reward functions, one for each component.

They take the rows of `raiden convert --to trl`; nothing else has to be configured:

    GRPOTrainer(..., reward_funcs=[accuracy_reward, format_reward], args=GRPOConfig(reward_weights=[0.7, 0.3]))

`RewardFunctions(RewardConfig(...))` makes them with other settings, and can be told how to see truncation.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from statistics import fmean
from typing import Any

from raiden.core.errors import SampleError
from raiden.core.reasoning import with_opening
from raiden.core.types import Reward
from raiden.data.prompts import PromptSettings
from raiden.data.reward_rows import read_sample
from raiden.evaluation.results import scored_row
from raiden.rewards import RewardConfig
from raiden.rewards.extra import COMPONENTS
from raiden.scoring.rows import RowScorer

Completion = str | Sequence[Mapping[str, Any]]
"""Text, or the messages of a conversation, as TRL hands them over."""
RewardFunction = Callable[..., list[float | None]]
Transcribe = Callable[[Sequence[int]], tuple[str, bool]]
"""Token ids of a completion -> its text, and whether it was cut at the token limit."""


class RewardFunctions:
    """Reward functions that share one setting; each completion is scored once for all of them.

    A completion without a score (`RewardConfig.extra`) is None to all of them, which TRL leaves out of its group's
    mean and deviation.

    All take TRL's keyword arguments: `completions`, and the columns of the data set, of which they read `sample`,
    the whole sample as JSON text, and `response_format`, where it is there. They raise SampleError where a row has
    no sample: a made-up score would be trained on.
    """

    def __init__(
        self,
        config: RewardConfig = RewardConfig(),
        transcribe: Transcribe | None = None,
        settings: PromptSettings = PromptSettings(),
    ) -> None:
        """
        Args:
            config: weights and limits; a row's `response_format` comes before that of the config.
            transcribe: reads `completion_ids`, for example
                `lambda ids: (raiden.data.chat_template.decode(tokenizer, ids), ids[-1] not in eos_token_ids)`.
                Without it the text is TRL's and no completion counts as truncated, so one that was cut can be
                well-formed.
            settings: of the prompts that the user's own rewards read.
        """
        self.config = config
        self.transcribe = transcribe
        self._scorer = RowScorer(config, settings)
        self._last: tuple[Any, list[Reward]] = (None, [])

    @property
    def functions(self) -> list[RewardFunction]:
        """One for each component; the reward is the sum of what they say, times `weights`."""
        own = [_named(partial(self._component, extra.name), extra.name) for extra in self.config.extra_rewards]
        return [*(getattr(self, f"{name}_reward") for name in COMPONENTS), *own]

    @property
    def weights(self) -> list[float]:
        """Of the functions, for TRL's `reward_weights`."""
        own = [extra.weight for extra in self.config.extra_rewards]
        return [*(getattr(self.config, f"{name}_weight") for name in COMPONENTS), *own]

    def accuracy_reward(self, completions: Sequence[Completion], **columns: Any) -> list[float | None]:
        """1 where the reply says what the sample's rule asks for, else 0.

        Tells TRL, where it listens, the shares of right replies as `sbk` and `cm`, and of each completion the
        sample, whether it was cut, the words that decided and the reason.
        """
        samples = [read_sample(row) for row in self._column(completions, columns, "sample")]
        scored = self.score(completions, **columns)
        log_metric, log_extra = columns.get("log_metric"), columns.get("log_extra")
        if log_metric is not None:
            for focus in sorted({sample.focus for sample in samples}):
                right = [r.accuracy for s, r in zip(samples, scored, strict=True) if s.focus == focus]
                log_metric(focus, fmean(right))
        if log_extra is not None:
            log_extra("id", [sample.id for sample in samples])
            log_extra("truncated", [cut for _, cut in self._texts(completions, columns)])
            log_extra("matched", [" ".join(span.text for span in reward.spans) for reward in scored])
            log_extra("reason", [reward.reason for reward in scored])
        return self._component("accuracy", completions, **columns)

    def format_reward(self, completions: Sequence[Completion], **columns: Any) -> list[float | None]:
        """1 where the completion is well-formed, else 0."""
        return self._component("format", completions, **columns)

    def repetition_reward(self, completions: Sequence[Completion], **columns: Any) -> list[float | None]:
        """0 for ordinary talk, down to -1 for a text that only repeats itself."""
        return self._component("repetition", completions, **columns)

    def length_reward(self, completions: Sequence[Completion], **columns: Any) -> list[float | None]:
        """0 for a reply within the lengths of the config, down to -1 outside."""
        return self._component("length", completions, **columns)

    def first_person_reward(self, completions: Sequence[Completion], **columns: Any) -> list[float | None]:
        """0 for a reply that the character speaks, -1 for one about it."""
        return self._component("first_person", completions, **columns)

    def writing_reward(self, completions: Sequence[Completion], **columns: Any) -> list[float | None]:
        """0 for a reply as people write, down to -1 for brackets that close nothing, doubled words and the like."""
        return self._component("writing", completions, **columns)

    def _component(self, name: str, completions: Sequence[Completion], **columns: Any) -> list[float | None]:
        """One component of each completion; None where the completion, or this component of it, has no score."""
        rewards = self.score(completions, **columns)
        return [None if reward.total is None else reward.components.get(name) for reward in rewards]

    def vrar_reward(self, completions: Sequence[Completion], **columns: Any) -> list[float | None]:
        """All components in one number, weighted as in the config: the reward that `raiden fit` trains on."""
        return [reward.total for reward in self.score(completions, **columns)]

    def score(self, completions: Sequence[Completion], **columns: Any) -> list[Reward]:
        """The whole reward of each completion, with spans and reason.

        Raises:
            SampleError: the rows have no samples in them.
        """
        rows = self._column(completions, columns, "sample")
        formats = columns.get("response_format") or [self.config.response_format] * len(rows)
        asked = list(zip(rows, formats, self._texts(completions, columns), strict=True))
        if self._last[0] != asked:
            # Of a group that TRL spreads over processes, each scores its part.
            self._last = asked, self._scorer.score(asked)
        return self._last[1]

    @property
    def last_rows(self) -> list[dict[str, Any]]:
        """A row of the evaluation file for each completion that was scored last."""
        asked, rewards = self._last
        return [
            scored_row(read_sample(row), text, cut, reward)
            for (row, _, (text, cut)), reward in zip(asked or (), rewards, strict=True)
        ]

    def _texts(self, completions: Sequence[Completion], columns: Mapping[str, Any]) -> list[tuple[str, bool]]:
        if self.transcribe is None:
            return [(with_opening(read_text(completion)), False) for completion in completions]
        return [self.transcribe(ids) for ids in self._column(completions, columns, "completion_ids")]

    def _column(self, completions: Sequence[Completion], columns: Mapping[str, Any], name: str) -> Sequence[Any]:
        column = columns.get(name)
        if column is None or len(column) != len(completions) or None in column:
            raise SampleError(
                f"the column `{name}` must hold a value for each of the {len(completions)} completions; make the "
                "data set with `raiden convert FILE --to trl`, and keep its columns (remove_unused_columns=False)."
            )
        return column


def _named(function: Any, name: str) -> RewardFunction:
    """With the name under which TRL logs it."""
    function.__name__ = f"{name}_reward"
    return function


def read_text(completion: Completion) -> str:
    """What the model wrote: the text, or the content of the last message, reasoning taken apart put in front."""
    if isinstance(completion, str):
        return completion
    message = completion[-1]
    reasoning = message.get("reasoning_content")
    return (f"<think>{reasoning}</think>" if reasoning else "") + str(message.get("content") or "")


_DEFAULTS = RewardFunctions()
accuracy_reward = _DEFAULTS.accuracy_reward
format_reward = _DEFAULTS.format_reward
repetition_reward = _DEFAULTS.repetition_reward
length_reward = _DEFAULTS.length_reward
first_person_reward = _DEFAULTS.first_person_reward
writing_reward = _DEFAULTS.writing_reward
vrar_reward = _DEFAULTS.vrar_reward
