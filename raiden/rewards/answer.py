"""One answer under examination: folded, cut into sentences, its numbers and dates found once."""

from __future__ import annotations

import re
from functools import cached_property

from raiden.languages import detect_language
from raiden.rewards.chinese import simplify
from raiden.rewards.dates import Date, find_dates
from raiden.rewards.normalise import Folded, fold
from raiden.rewards.numbers import Number, find_numbers
from raiden.rewards.sentences import Sentence, sentence_at, split_sentences
from raiden.types import Language, Span

_SCRIPT: dict[Language, re.Pattern[str]] = {
    "zh": re.compile(r"[\u3400-\u9fff]"),
    "ja": re.compile(r"[\u3041-\u30ff\u3400-\u9fff]"),
    "ko": re.compile(r"[\uac00-\ud7a3]"),
    "en": re.compile(r"[a-z]"),
}


class Answer:
    """A folded answer and what is derived from it, each derived on first use.

    Args:
        text: the completion with all that is not answer blanked out.
        language: the sample's.
    """

    def __init__(self, text: str, language: Language) -> None:
        self._folded: Folded = fold(text)
        # A reply in another language has that language's words for no, and its borders.
        written = self._folded.text
        self.language: Language = language if _SCRIPT[language].search(written) else detect_language(text)
        if self.language == "zh":
            written = simplify(written)
        elif self.language == "ja":
            # In Chinese 、 is the comma of lists alone; in Japanese it is the comma.
            written = written.replace("、", ",")
        self.text = written

    @property
    def original(self) -> str:
        """The text before folding where offsets are the same, else the folded one."""
        return self._folded.original if len(self._folded.original) == len(self.text) else self.text

    @cached_property
    def sentences(self) -> list[Sentence]:
        """The sentences, in order."""
        return split_sentences(self.text)

    @cached_property
    def numbers(self) -> list[Number]:
        """Every number, in any notation of the answer's language."""
        return find_numbers(self.text, self.language)

    @cached_property
    def dates(self) -> list[Date]:
        """Every date that names a month and a day."""
        return find_dates(self.text)

    def sentence_index(self, position: int) -> int:
        """Which sentence holds a position of `text`."""
        return sentence_at(self.sentences, position)

    def span(self, start: int, end: int) -> Span:
        """The piece of the completion behind `text[start:end]`."""
        return self._folded.span(start, end)
