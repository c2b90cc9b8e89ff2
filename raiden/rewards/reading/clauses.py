"""A sentence as clauses, and whose fact each of them tells."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from raiden.rewards.reading.grammar import Grammar

Who = Literal["self", "user", "other", "open"]


@dataclass(frozen=True)
class Person:
    """Whom a clause speaks of."""

    who: Who
    family: str = ""
    """For another: the first word of the row of `Grammar.kin`; empty for a pronoun."""

    def __str__(self) -> str:
        return {"self": "the character", "user": "the user", "open": "nobody named"}.get(self.who) or (
            self.family or "another"
        )


OPEN = Person("open")
PEOPLE = "people"
"""The family of people in general."""
NAMED = "somebody named"
"""The family of whoever a sentence brings up by name."""
# A name that brings somebody up; another may be the character's own, or a place's.
_NAME = re.compile(
    r"\b(?:know|knew|mean|meant|met|meet|remember|ask|named|called|about|friend),? (?!I\b)[A-Z][a-z]+\b"
)
_QUOTED_NAME = re.compile(r"[「『][^「」『』,.?!。]{1,12}[」』]|\"[^\",.?!。]{1,12}\"")
"""What is too short in its quotation marks to be a clause of its own."""
PRONOUN = Person("other")


@dataclass(frozen=True)
class Subject:
    """A word for a person (or a thing), in the place of a subject."""

    start: int
    end: int
    person: Person


@dataclass(frozen=True)
class Clause:
    """A clause of a folded text, its closing mark included."""

    start: int
    end: int
    subjects: tuple[Subject, ...]
    inherited: Person
    """The subject of the clause before it in the same sentence, for a clause without its own."""

    def subject_at(self, position: int, last: bool) -> Subject:
        """The subject of the word at a position: the last, or the first, that begins before it.

        A clause without a subject goes on about that of the clause before it.
        """
        before = [subject for subject in self.subjects if subject.start <= position]
        if before:
            return before[-1 if last else 0]
        return Subject(self.start, self.start, self.inherited)


def split_clauses(
    text: str, start: int, end: int, grammar: Grammar, family: str = "", inherited: Person = OPEN
) -> list[Clause]:
    """The clauses of the sentence `text[start:end]`, in order.

    Args:
        family: of the person whom the sentence before has named, for whom a pronoun stands.
        inherited: whom the first clause is about that has no subject of its own.
    """
    clauses: list[Clause] = []
    for begin, finish in _pieces(text, start, end, grammar.cut):
        if grammar.turn.match(text, begin, finish):
            inherited = OPEN
        subjects = tuple(_subjects(text[begin:finish], begin, grammar))
        subjects = tuple(_resolved(subject, family) for subject in subjects)
        clauses.append(Clause(begin, finish, subjects, inherited))
        if subjects:
            inherited = subjects[-1 if grammar.last_subject else 0].person
            family = inherited.family or family
            if inherited.family == PEOPLE:  # 大家都管我叫老邱,大名邱建国
                inherited = OPEN
    return clauses


def last_named(clauses: Iterable[Clause], original: str) -> str:
    """The family of the other person whom a sentence has named last; empty where it names none.

    Args:
        original: the sentence as it was written.
    """
    families = [subject.person.family for clause in clauses for subject in clause.subjects]
    families = [family for family in families if family and family != PEOPLE]
    return families[-1] if families else NAMED if _NAME.search(original) else ""


def _pieces(text: str, start: int, end: int, cut: re.Pattern[str]) -> Iterable[tuple[int, int]]:
    begin = start
    is_quoted = any(mark in text for mark in '"「『')
    names = [match.span() for match in _QUOTED_NAME.finditer(text, start, end)] if is_quoted else []
    for match in cut.finditer(text, start, end):
        if names and any(first <= match.start() and match.end() <= last for first, last in names):
            continue
        if match.end() > begin and text[begin : match.end()].strip():
            yield begin, match.end()
            begin = match.end()
    if begin < end:
        yield begin, end


def _subjects(clause: str, offset: int, grammar: Grammar) -> Iterable[Subject]:
    for match in grammar.subject.finditer(clause):
        yield Subject(offset + match.start(), offset + match.end(), person_of(match, grammar))


def _resolved(subject: Subject, family: str) -> Subject:
    """A pronoun stands for the person that the sentence has named before."""
    if subject.person == PRONOUN and family:
        return Subject(subject.start, subject.end, Person("other", family))
    return subject


def owned(text: str, grammar: Grammar) -> frozenset[str]:
    """What the speaker calls their own: persons ("my brother", 我哥哥) by their families, things as written."""
    persons = (
        grammar.kin[match[1]]
        for match in grammar.kin_word.finditer(text)
        if grammar.self_owner.search(text[: match.start()])
    )
    return frozenset((*persons, *(match[0] for match in grammar.mine.finditer(text))))


def person_of(match: re.Match[str], grammar: Grammar) -> Person:
    """The person that a match of `Grammar.subject` or `Grammar.focus` names."""
    groups = {name.rstrip("23"): word for name, word in match.groupdict().items() if word}
    if kin := groups.get("kin"):
        return Person("other", grammar.kin[kin])
    if groups.get("self"):
        return Person("self")
    if groups.get("user"):
        return Person("user")
    if groups.get("people"):
        return Person("other", PEOPLE)
    return PRONOUN if groups.get("third") else OPEN
