"""Which of two clauses of one reply answers: the one with the verb or the doer of the question.

"What did you take up?" - "They offered me the cello, but I took up the trumpet.": each clause would answer a question
of its own. A clause is only refused where the other one says something new in its place.
"""

from __future__ import annotations

import re

from raiden.rewards.idioms import IDIOMS
from raiden.rewards.reading.clauses import Clause
from raiden.rewards.reading.content import content, main_verb
from raiden.rewards.reading.elsewhere import neighbours
from raiden.rewards.reading.place import Place

OTHER_DOER = "its clause tells what the speaker did, and the question asks what {!r} did"
DONE_TO_SPEAKER = "its clause tells what was done to the speaker, and the question asks what the speaker did"
OTHER_REASON = "it is the reason of something else than is asked about"
OTHER_OBJECT = "its clause tells what was done with it, and another one has the verb of the question"


def parallel(place: Place) -> str:
    """Why another clause of the reply answers the question, and this one another question; empty where it does not."""
    return _other_doer(place) or _done_to_speaker(place) or _other_reason(place) or _other_object(place)


def _others(place: Place) -> list[Clause]:
    """The other clauses of the word's sentence."""
    return [clause for clause in place.answer.clauses_of(place.hit.start) if clause is not place.clause]


def _other_doer(place: Place) -> str:
    """ "What did Agnes give you?" - "Agnes gave me this scarf, and I gave her my ring." for the ring."""
    doer = place.grammar.doer.search(place.asked.text)
    verb = main_verb(place.asked.text[doer.end() :]) if doer else frozenset()
    if not doer or not verb or place.told.who != "self" or not place.clause.subjects:
        return ""
    if place.subject.end > place.hit.start or not verb <= content(place.text):
        return ""
    for other in _others(place):
        text = place.text_of(other)
        is_doer = re.search(rf"(?<!\w){re.escape(doer['doer'])}", text)
        if is_doer and verb <= content(text) and not any(s.person.who == "self" for s in other.subjects):
            return OTHER_DOER.format(doer["doer"])
    return ""


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
    found = (_with_reason(place, other) for other in neighbours(place))
    return OTHER_REASON if any(verb <= content(text) and cause.search(text) for text in found) else ""


def _with_reason(place: Place, clause: Clause) -> str:
    """A clause with the next one, where that is a part of it."""
    behind = next((c for c in place.answer.clauses_of(clause.start) if c.start >= clause.end), clause)
    is_part = place.grammar.subordinate.match(place.answer.text, behind.start, behind.end)
    return place.answer.text[clause.start : behind.end if is_part else clause.end]


def _other_object(place: Place) -> str:
    """ "What did you take up?" - "They offered me the cello, but I took up the trumpet." for the cello."""
    asked, grammar, text = place.asked, place.grammar, place.answer.text
    if asked.manner or asked.asks_who or asked.seeks_subject or asked.whose.who != "self" or not asked.times:
        return ""
    verb = grammar.asked_verb.search(asked.text)
    wanted = main_verb(verb["verb"]) if verb else frozenset()
    if not wanted or wanted & content(text[place.clause.start : place.hit.start]):
        return ""
    sentence = place.answer.sentence_at(place.hit.start)
    for match in grammar.own_object.finditer(text, place.hit.end, sentence.end):
        taken, known = content(match["object"]), content(asked.text) | content(text[place.hit.start : place.hit.end])
        if IDIOMS[place.answer.language].negator.search(match[0]):
            return ""
        if wanted & content(text[place.hit.end : min(match.start("verb"), match.start("object"))]):
            return ""
        if "set" in match.re.groupindex and not match["set"] and place.told.who != "other":
            continue
        if wanted <= content(match["verb"]):
            return OTHER_OBJECT if taken and not taken & known else ""
    return ""
