"""What a question asks for: whose fact, of which time, in which relation, and what else may answer it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from raiden.core.types import Language
from raiden.rewards.answer import Answer
from raiden.rewards.idioms import IDIOMS
from raiden.rewards.measures import ValueKind
from raiden.rewards.reading import GRAMMARS
from raiden.rewards.reading.clauses import OPEN, PEOPLE, Person, owned, person_of
from raiden.rewards.reading.grammar import Grammar

Time = Literal["now", "before", "event", "later"]


@dataclass(frozen=True)
class Question:
    """A question, read."""

    text: str
    """Folded, and simplified where it is Chinese."""
    whose: Person
    """Whose fact is asked for."""
    persons: frozenset[Person]
    """All that it speaks of."""
    asks_who: bool
    asks_when: bool
    asks_where: bool
    value: ValueKind
    """The kind of number that it asks for."""
    times: frozenset[Time]
    """Of which times the answer may tell; empty where there is no question."""
    reported: bool
    """It asks for what others say."""
    manner: bool
    """It asks why or how."""
    seeks_subject: bool
    """It asks who or what did it."""
    asks_for_negative: bool
    """It asks for what is not so, or is not liked: then a denial is the answer."""
    asks_for_wish: bool
    """It asks for a dream: then what is only imagined is the answer."""
    asks_for_reason: bool
    """It asks why: then what is disliked may be the answer."""
    asks_for_advice: bool
    """It asks what the user should or can do."""
    asks_several: bool
    """It asks for more than one thing ("who gave it to you, and when?"): then a clause may answer one of them."""
    users_own: frozenset[str]
    """Persons and things that it calls the user's ("my brother")."""
    speakers_own: frozenset[str]
    """Things that it calls those of the one who answers ("your chains")."""


@lru_cache(maxsize=4096)
def read_question(question: str, language: Language) -> Question:
    """What a question asks for.

    Args:
        language: whose words it is read with.
    """
    text = Answer(question, language).text
    grammar, idioms = GRAMMARS[language], IDIOMS[language]
    asks = grammar.frame.sub(" ", text)
    reported = bool(grammar.reported.search(text))
    about_talk = grammar.frame.search(text)
    persons = [] if grammar.advice.search(asks) else _persons(asks, grammar, reported)
    seeks_subject = bool(grammar.seeks_subject.search(asks))
    if grammar.drops_you and len(persons) == len(grammar.receiver.findall(asks)) and not about_talk and asks.strip():
        persons = [Person("self"), *persons]  # 妹さんに何をあげたの?
    return Question(
        text=text,
        whose=persons[0] if persons and not seeks_subject else OPEN,
        persons=frozenset(persons),
        asks_who=bool(grammar.asks_who.search(asks)),
        asks_when=bool(grammar.asks_when.search(asks)),
        times=_times(asks, grammar),
        reported=reported,
        asks_where=any(place.search(asks) for place, _ in grammar.slots[:1]),
        value=next((kind for kind, pattern in grammar.values.items() if pattern.search(asks)), ""),
        manner=bool(grammar.manner.search(asks)),
        seeks_subject=seeks_subject,
        asks_for_negative=bool(idioms.negative_question.search(text) or grammar.refusal.search(text)),
        asks_for_wish=bool(idioms.wish_question.search(text)),
        asks_for_reason=bool(idioms.reason_question.search(text)),
        asks_for_advice=bool(grammar.advice.search(asks)),
        asks_several=len(set(grammar.question_words.findall(asks))) > 1,
        users_own=owned(asks, grammar),
        speakers_own=frozenset(grammar.yours.findall(asks)),
    )


def _persons(asks: str, grammar: Grammar, reported: bool) -> list[Person]:
    persons = [person_of(match, grammar) for match in grammar.asked_person.finditer(asks)]
    # "What do the villagers say you are?" is about whom they speak of.
    return [person for person in persons if not (reported and person.family in ("", PEOPLE) and person.who == "other")]


def _times(asks: str, grammar: Grammar) -> frozenset[Time]:
    times: set[Time] = set()
    if grammar.asks_before.search(asks):
        times.add("before")
    if grammar.asks_event.search(asks):
        times.add("event")
    if grammar.asks_later.search(asks):
        times.add("later")
    return frozenset(times or ({"now"} if asks.strip() else ()))
