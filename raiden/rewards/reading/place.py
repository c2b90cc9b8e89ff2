"""A word's place in an answer: the clause that holds it, whose fact that clause tells, and what it belongs to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile

from raiden.rewards.affirmation import Surroundings, surroundings
from raiden.rewards.answer import Answer
from raiden.rewards.hits import Hit
from raiden.rewards.numbers import is_number_here
from raiden.rewards.reading import GRAMMARS
from raiden.rewards.reading.clauses import Clause, Person, Subject, person_of
from raiden.rewards.reading.content import content
from raiden.rewards.reading.grammar import Grammar
from raiden.rewards.reading.question import Question


@dataclass(frozen=True)
class Place:
    """A word's place in an answer, with the question that it should answer."""

    answer: Answer
    hit: Hit
    asked: Question
    sources: tuple[str, ...] = ()
    """Folded texts of all that is known: profile, conversation, reference answer."""
    user_said: tuple[str, ...] = ()
    """Folded texts of the user's turns."""

    @property
    def grammar(self) -> Grammar:
        """The table of the answer's language."""
        return GRAMMARS[self.answer.language]

    @cached_property
    def clause(self) -> Clause:
        """The clause that holds the word."""
        return self.answer.clause_at(self.hit.start)

    @cached_property
    def text(self) -> str:
        """The clause's text; a word that reaches further takes its clauses along."""
        return self.answer.text[self.clause.start : max(self.clause.end, self.hit.end)]

    def has_number(self, piece: Clause | Hit) -> bool:
        """Whether a piece of the answer holds a number."""
        text, language = self.answer.text, self.answer.language
        inside = (number for number in self.answer.numbers if piece.start <= number.start < piece.end)
        return any(is_number_here(number, text, language) for number in inside)

    def text_of(self, clause: Clause) -> str:
        """The text of a clause of the answer."""
        return self.answer.text[clause.start : clause.end]

    @cached_property
    def subject(self) -> Subject:
        """Whose fact the word is, and where that is said."""
        focus = self.grammar.focus.match(self.answer.text, self.hit.end, self.clause.end)
        if focus:
            return Subject(focus.start(), focus.end(), person_of(focus, self.grammar))
        counted = self.grammar.counted.match(self.answer.text, self.hit.start)
        if counted and (of := [each for each in self.clause.subjects if each.start == counted.start("thing")]):
            return of[0]
        return self.clause.subject_at(self.hit.start, self.grammar.last_subject)

    @cached_property
    def around(self) -> Surroundings:
        """What stands around the word in its sentence."""
        return surroundings(self.answer, self.hit, self.asked)

    @property
    def subject_text(self) -> str:
        """The subject as it is written."""
        return self.answer.text[self.subject.start : self.subject.end].rstrip()

    @property
    def told(self) -> Person:
        """Whose fact the word is."""
        return self.subject.person

    def with_part(self, clause: Clause) -> str:
        """The text of a clause with the next one, where that is a part of it."""
        behind = next((c for c in self.answer.clauses_of(clause.start) if c.start >= clause.end), clause)
        is_part = self.grammar.subordinate.match(self.answer.text, behind.start, behind.end)
        return self.answer.text[clause.start : behind.end if is_part else clause.end]

    @cached_property
    def predicate(self) -> str:
        """The clause without its subject and the word."""
        start, end = self.clause.start, max(self.clause.end, self.hit.end)
        kept = [
            char
            for place, char in enumerate(self.answer.text[start:end], start)
            if not self.subject.start <= place < self.subject.end and not self.hit.start <= place < self.hit.end
        ]
        return "".join(kept)

    @cached_property
    def leading_in(self) -> list[Clause]:
        """The clause, and before it those that lead into it without a subject of their own; the nearest first."""
        before = reversed([c for c in self.answer.clauses_of(self.hit.start) if c.end <= self.clause.start])
        return [self.clause, *takewhile(lambda clause: not clause.subjects, before)]

    @property
    def led_in(self) -> str:
        """The clause with what leads into it ("Next month | I start at the museum")."""
        return self.answer.text[self.leading_in[-1].start : max(self.clause.end, self.hit.end)]

    @cached_property
    def whole(self) -> str:
        """The clause with the one that it is a part of ("I quit | because of the noise")."""
        start, grammar = self.clause.start, self.grammar
        for clause in reversed([c for c in self.answer.clauses_of(self.hit.start) if c.start <= start]):
            start = clause.start
            if not grammar.subordinate.match(self.answer.text, clause.start, clause.end):
                break
        return self.answer.text[start : max(self.clause.end, self.hit.end)]

    @cached_property
    def with_subject(self) -> str:
        """The clause with those before it back to the one that it takes its subject from."""
        if self.clause.subjects:
            return self.text
        before = [c for c in self.answer.clauses_of(self.hit.start) if c.end <= self.clause.start and c.subjects]
        start = before[-1].start if before else self.clause.start
        return self.answer.text[start : max(self.clause.end, self.hit.end)]

    def others_begin(self, pattern: re.Pattern[str]) -> bool:
        """Whether another clause of the answer begins with a pattern."""
        others = (clause for clause in self.answer.clauses if clause is not self.clause)
        return any(pattern.match(self.text_of(other).lstrip(" ,.!?。")) for other in others)

    def next_begins(self, pattern: re.Pattern[str]) -> bool:
        """Whether the clause or sentence behind the word's own begins with a pattern."""
        behind = self.answer.text[self.clause.end : self.clause.end + 24].lstrip(" ,.!?。\"'")
        return bool(pattern.match(behind))

    @property
    def is_outside(self) -> bool:
        """Whether the clause does not speak of the word by way of its subject.

        The word is the subject or part of it, the subject only owns it ("Mum's dumplings!"), or belongs to a relative
        clause that ends before it (奶奶做的|饺子).
        """
        between = self.answer.text[self.subject.end : self.hit.start]
        if self.subject.end <= self.hit.start and self.grammar.relative.fullmatch(between):
            return True
        bearer = self.grammar.named_thing.match(self.answer.text, self.hit.end)  # 父の形見の「月光」|って刀|だ
        rest = self.answer.text[bearer.end() if bearer else self.hit.end : self.clause.end]
        ends = not content(rest) and not self.grammar.marked.search(rest[:1])
        if ends and self.told.who == "other" and self.subject.end <= self.hit.start:
            owns = self.grammar.owns.fullmatch(between) and not self.grammar.marked.search(self.subject_text)
            return bool(owns and self.subject.start < self.subject.end)
        return self.subject.start < self.subject.end and self.hit.start < self.subject.end <= self.hit.end + 1

    def shares_predicate(self) -> bool:
        """Whether the clause has a word of the question beside the subject and the word itself."""
        return bool(content(self.predicate) & content(self.asked.text))
