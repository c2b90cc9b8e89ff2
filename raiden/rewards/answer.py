"""One answer under examination: folded, cut into sentences, its numbers and dates found once."""

from __future__ import annotations

import re
from functools import cached_property

from raiden.core.languages import detect_language
from raiden.core.types import Language, Span
from raiden.rewards.chinese import simplify
from raiden.rewards.clock import Clock, find_clocks
from raiden.rewards.dates import Date, find_dates
from raiden.rewards.measures import Measure, fixed_measures, measure_of
from raiden.rewards.normalise import Folded, fold
from raiden.rewards.numbers import Number, find_numbers
from raiden.rewards.reading import GRAMMARS
from raiden.rewards.reading.clauses import OPEN, Clause, Person, last_named, person_of, split_clauses
from raiden.rewards.sentences import Sentence, sentence_at, split_sentences

_SCRIPT: dict[Language, re.Pattern[str]] = {
    "zh": re.compile(r"[\u3400-\u9fff]"),
    "ja": re.compile(r"[\u3041-\u30ff\u3400-\u9fff]"),
    "ko": re.compile(r"[\uac00-\ud7a3]"),
    "en": re.compile(r"[a-z]"),
}


_NARRATION = re.compile(r"(?<!\*)\*[^*\n]{1,200}\*(?!\*)|\([^()\n]{1,200}\)")
_QUOTATION = re.compile(r"\"[^\"\n]{1,120}\"|[「『][^「」『』\n]{1,120}[」』]")
_MAX_BESIDE = 2
"""Letters beside the person in a question that is no more than a person (自己, か)."""


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
    def measures(self) -> list[Measure]:
        """Every number with what it counts, and words that say both at once."""
        measures = [measure_of(number, self.text, self.language) for number in self.numbers]
        return [*measures, *fixed_measures(self.text, self.language)]

    @cached_property
    def clocks(self) -> list[Clock]:
        """Every time of day."""
        return find_clocks(self.text, self.language)

    @cached_property
    def dates(self) -> list[Date]:
        """Every date that names a month and a day."""
        return find_dates(self.text)

    @cached_property
    def _clauses(self) -> dict[int, list[Clause]]:
        return {}

    def clause_at(self, position: int) -> Clause:
        """The clause that holds a position of `text`."""
        clauses = self.clauses_of(position)
        return next((clause for clause in reversed(clauses) if clause.start <= position), clauses[0])

    @property
    def clauses(self) -> list[Clause]:
        """Those of all sentences."""
        return [clause for sentence in self.sentences for clause in self.clauses_of(sentence.start)]

    def clauses_of(self, position: int) -> list[Clause]:
        """The clauses of the sentence that holds a position; it is cut when it is first asked for."""
        index = self.sentence_index(position)
        if index not in self._clauses:
            sentence, grammar = self.sentences[index], GRAMMARS[self.language]
            family = self._named_before(index) if grammar.third.search(self.text, sentence.start, sentence.end) else ""
            clauses = split_clauses(
                self.text, sentence.start, sentence.end, grammar, family, self._topic_before(index)
            )
            self._clauses[index] = clauses
        return self._clauses[index]

    def _topic_before(self, index: int) -> Person:
        """Whom a sentence is about that stands behind a question which is only their name: "Me? Getting old." """
        if not index or not self.sentences[index - 1].is_question:
            return OPEN
        before, grammar = self.sentences[index - 1], GRAMMARS[self.language]
        found = list(grammar.subject.finditer(self.text, before.start, before.end))
        found = found or list(grammar.topic_alone.finditer(self.text, before.start, before.end))
        if not found:
            return OPEN
        beside = self.text[before.start : found[0].start()] + self.text[found[0].end() : before.end]
        return person_of(found[0], grammar) if sum(map(str.isalnum, beside)) <= _MAX_BESIDE else OPEN

    def _named_before(self, index: int) -> str:
        """The family of the person whom the sentence before this one has named last."""
        if not index:
            return ""
        before = self.sentences[index - 1]
        clauses = split_clauses(self.text, before.start, before.end, GRAMMARS[self.language])
        return last_named(clauses, self.original[before.start : before.end])

    def kin_in(self, clause: Clause) -> frozenset[str]:
        """The families of the persons that a clause names."""
        grammar = GRAMMARS[self.language]
        words = grammar.kin_word.findall(self.text, clause.start, clause.end)
        return frozenset(grammar.kin[word] for word in words)

    def sentence_at(self, position: int) -> Sentence:
        """The sentence that holds a position of `text`."""
        return self.sentences[self.sentence_index(position)]

    def around(self, position: int, reach: int) -> str:
        """The sentence at a position, and as many characters before and behind it."""
        sentence = self.sentence_at(position)
        return self.text[max(0, sentence.start - reach) : max(sentence.end, position) + reach]

    def has(self, pattern: re.Pattern[str]) -> bool:
        """Whether a pattern is found anywhere in the answer."""
        if pattern not in self._found:
            self._found[pattern] = bool(pattern.search(self.text))
        return self._found[pattern]

    @cached_property
    def _found(self) -> dict[re.Pattern[str], bool]:
        return {}

    @cached_property
    def _narrations(self) -> list[tuple[int, int]]:
        return [match.span() for match in _NARRATION.finditer(self.text)]

    def in_narration(self, position: int) -> bool:
        """Whether a position is in a description of gestures: *bows*, (笑)."""
        return any(start <= position < end for start, end in self._narrations)

    @cached_property
    def _quotations(self) -> list[tuple[int, int]]:
        return [match.span() for match in _QUOTATION.finditer(self.text)]

    def in_quotation(self, position: int) -> bool:
        """Whether a position stands between quotation marks."""
        return any(start <= position < end for start, end in self._quotations)

    def sentence_index(self, position: int) -> int:
        """Which sentence holds a position of `text`."""
        return sentence_at(self.sentences, position)

    def span(self, start: int, end: int) -> Span:
        """The piece of the completion behind `text[start:end]`."""
        return self._folded.span(start, end)
