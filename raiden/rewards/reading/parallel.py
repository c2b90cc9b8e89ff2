"""Which of two clauses of one reply answers: the one with the verb or the doer of the question.

"What did you take up?" - "They offered me the cello, but I took up the trumpet.": each clause would answer a question
of its own. A clause is only refused where the other one says something new in its place.
"""

from __future__ import annotations

import re

from raiden.rewards.dates import names_a_time
from raiden.rewards.idioms import IDIOMS
from raiden.rewards.reading.clauses import OPEN, PRONOUN, Clause
from raiden.rewards.reading.content import content, has_verb, main_verb
from raiden.rewards.reading.elsewhere import goes_on_about, neighbours
from raiden.rewards.reading.place import Place

DONE_TO_SPEAKER = "its clause tells what was done to the speaker, and the question asks what the speaker did"
OTHER_REASON = "it is the reason of something else than is asked about"
OTHER_DEED = "its clause tells of another deed, and the one that is asked about stands in another clause"

_CAPITAL = re.compile("[A-Z]")


def parallel(place: Place) -> str:
    """Why another clause of the reply answers the question, and this one another question; empty where it does not."""
    return _done_to_speaker(place) or _other_reason(place) or _other_deed(place)


def _others(place: Place) -> list[Clause]:
    """The other clauses of the word's sentence."""
    return [clause for clause in place.answer.clauses_of(place.hit.start) if clause is not place.clause]


def _done_to_speaker(place: Place) -> str:
    """ "What did you teach Mira?" - "Mira taught me chess, and I taught her to swear." for chess."""
    asked, grammar = place.asked, place.grammar
    verb = grammar.asked_verb.search(asked.text)
    wanted = main_verb(verb["verb"]) if verb else frozenset()
    if not wanted or asked.reported or asked.whose.who != "self" or place.told.who == "self":
        return ""
    if not grammar.on_self.search(place.text):
        return ""
    if wanted <= content(place.text):
        return "" if grammar.passive.search(place.text) else DONE_TO_SPEAKER
    if place.told not in asked.persons:  # "What did you inherit?" - "My uncle left me a mill."
        return ""
    others = ((place.text_of(other), other.subject_at(other.end, grammar.last_subject)) for other in neighbours(place))
    does_it = any(
        wanted <= content(text) and subject.person.who == "self" and not grammar.anaphor.search(text)
        for text, subject in others
    )
    return DONE_TO_SPEAKER if does_it else ""


def _other_reason(place: Place) -> str:
    """ "Why did you come back?" - "I left because of the flood, and I came back for my mother." for the flood."""
    asked, cause, verb = place.asked, place.grammar.cause, main_verb(place.asked.text)
    if not asked.manner or not verb:
        return ""
    if not cause.search(place.whole) or verb & content(place.whole + place.with_subject + place.led_in):
        return ""
    found = (place.with_part(other) for other in neighbours(place))
    return OTHER_REASON if any(verb <= content(text) and cause.search(text) for text in found) else ""


def _other_deed(place: Place) -> str:
    """ "Where did you settle?" - "I came from Odessa | and settled in Baltimore." for Odessa."""
    verb = _asked_deed(place)
    if not verb or verb & content(place.whole + place.with_part(place.clause)) or not has_verb(place.text):
        return ""
    if content(place.text) <= content(place.answer.text[place.hit.start : place.hit.end]):
        return ""
    if place.told.family and place.grammar.on_self.search(place.text):  # "My uncle left me a mill."
        return ""
    return OTHER_DEED if any(_answers(verb, other, place) for other in _others(place)) else ""


def _asked_deed(place: Place) -> frozenset[str]:
    """What the verb of the question is about, where its answer is a person, a place, a time, a number or an object."""
    asked = place.asked
    if asked.asks_who or ((asked.asks_when or asked.asks_where or asked.value) and not asked.manner):
        return main_verb(asked.text)
    verb = place.grammar.asked_verb.search(asked.text)
    return main_verb(verb["verb"]) if verb and not asked.manner and not asked.reported else frozenset()


def _is_of_somebody_else(other: Clause, place: Place) -> bool:
    """Whether a clause has a subject that the question does not speak of; "he" may be the brother asked about."""
    subject, asked = other.subject_at(other.end, place.grammar.last_subject), place.asked
    is_marked = place.grammar.marked.search(place.answer.text[subject.start : subject.end].rstrip())
    is_inherited = subject.start == subject.end
    if (
        not asked.persons
        or subject.person in (*asked.persons, OPEN)
        or (place.grammar.last_subject and not (is_marked or is_inherited))
    ):
        return False
    return subject.person != PRONOUN or asked.whose.who != "other"


def _answers(verb: frozenset[str], other: Clause, place: Place) -> bool:
    """Whether another clause has the verb and a value of the kind that is asked for, and is not leant upon."""
    asked, grammar, text = place.asked, place.grammar, place.with_part(other)
    if not verb <= content(text) or IDIOMS[place.answer.language].negator.search(text):
        return False
    leans = other.end <= place.clause.start and grammar.anaphor.search(place.text)
    if leans or grammar.likewise.search(text) or _is_of_somebody_else(other, place) or goes_on_about(place, other):
        return False
    if asked.times == {"now"} and (grammar.before.search(text) or grammar.later.search(text)):
        return False
    if asked.value or asked.asks_when:
        return names_a_time(text) or bool(asked.value and place.has_number(other))
    start, slot = other.start, next((tells for asks, tells in grammar.slots if asks.search(asked.text)), None)
    written = place.answer.original[start : start + len(text)]  # with the capitals of names
    if slot:
        return any(_is_new(start + found.start(), start + found.end(), place) for found in slot.finditer(written))
    told = (found for pattern in grammar.parties for found in pattern.finditer(written))
    parties = (found.span("party") for found in told if verb <= content(found["verb"].lower()))
    return any(_is_new(start + first, start + last, place) for first, last in parties)


def _is_new(start: int, end: int, place: Place) -> bool:
    """Whether a piece of the reply tells what question and word do not: no time, and a name where the word is one."""
    text, hit = place.answer.text, place.hit
    known = content(place.asked.text) | content(text[hit.start : hit.end])
    pieces = (place.answer.original[first:last] for first, last in ((start, end), (hit.start, hit.end)))
    is_named, wants_name = (bool(_CAPITAL.search(piece)) for piece in pieces)
    return not content(text[start:end]) <= known and is_named >= wants_name and not names_a_time(text[start:end])
