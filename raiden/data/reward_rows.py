"""What a row of another trainer's data set keeps for the reward, in one text."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from raiden.core.errors import SampleError
from raiden.core.types import Sample
from raiden.data.chat_template.decoding import silent_tokens
from raiden.data.samples import parse_sample
from raiden.rewards.reply import ResponseFormat

if TYPE_CHECKING:
    from raiden.data.chat_template import ChatTemplate


@dataclass(frozen=True)
class Marks:
    """What the text of a completion has too little or too much, by a model's tokenizer and its chat template."""

    opened: str = ""
    """The block of reasoning that the prompt opens, which belongs to the completion."""
    silent: tuple[str, ...] = ()
    """Special tokens that say nothing, as text; the end of a turn is among them."""

    @staticmethod
    def of(chat: ChatTemplate) -> Marks:
        """Those of a model's prompts."""
        return Marks(chat.traits.opened, tuple(silent_tokens(chat.tokenizer).values()))


@dataclass(frozen=True)
class RewardRow:
    """A sample and the form of its replies; the whole of it is text, since samples differ in their fields."""

    record: str
    """The sample as JSON; `raiden.data.samples.parse_sample` reads it."""
    response_format: ResponseFormat = "plain"
    marks: Marks = Marks()

    @staticmethod
    def of(sample: Sample, response_format: ResponseFormat, marks: Marks = Marks()) -> RewardRow:
        """The row of a sample."""
        return RewardRow(json.dumps(sample.raw, ensure_ascii=False), response_format, marks)

    def dump(self) -> str:
        """The row's text, JSON."""
        row = {"sample": json.loads(self.record), "response_format": self.response_format, **asdict(self.marks)}
        return json.dumps(row, ensure_ascii=False)

    @staticmethod
    @lru_cache(maxsize=4096)
    def load(text: str) -> RewardRow:
        """The row of such a text.

        Raises:
            SampleError: it is none.
        """
        try:
            row = json.loads(text)
            marks = Marks(row["opened"], tuple(row["silent"]))
            return RewardRow(json.dumps(row["sample"], ensure_ascii=False), row["response_format"], marks)
        except (ValueError, KeyError, TypeError) as fault:
            raise SampleError(
                f"the ground truth of a row is none of raiden's ({type(fault).__name__}: {fault}); make the data set "
                "with `raiden convert FILE --to verl`, or `--to easyr1`."
            ) from fault

    @property
    def sample(self) -> Sample:
        """The sample itself."""
        return read_sample(self.record)

    def completion(self, text: str, reached_limit: bool = False) -> tuple[str, bool]:
        """What the reward reads, and whether the completion was cut.

        Args:
            text: as a trainer decodes it, with or without special tokens.
            reached_limit: it has as many tokens as it may have.
        """
        is_cut = reached_limit and not text.endswith(self.marks.silent)
        for mark in self.marks.silent:
            text = text.replace(mark, "")
        return self.marks.opened + text, is_cut


@lru_cache(maxsize=4096)
def read_sample(record: str) -> Sample:
    """The sample of a JSON text in a data set.

    Raises:
        SampleError: it cannot be used.
    """
    return parse_sample(json.loads(record), "column `sample`")
