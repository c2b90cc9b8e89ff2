"""Whether the reply means what a clause says: hearsay, quotation, irony, what is only supposed or nearly happened."""

from __future__ import annotations

import re
from functools import lru_cache

from raiden.rewards.reading.clauses import PEOPLE
from raiden.rewards.reading.content import content
from raiden.rewards.reading.place import Place

ALMOST = "its clause tells what nearly happened"
SUPPOSED = "the reply only supposes it"
HEARSAY = "the reply gives it as what others say, and nobody asked what they say"
QUOTED = "it stands in a quotation of others"
IRONIC = "the reply says it in irony"
SCOFFED = "the reply throws it back as a wrong guess"
TAKEN_BACK = "the reply takes back what it says"
OUT_OF_ROLE = "the reply speaks as a language model, or about the character's description"
OTHER_SENSE = "{!r} means something else there"
OF_ITSELF = "its clause says of it only what it is called anyhow"
NARRATED = "it stands in a description of gestures, not in what is said"

_REACH = 60
_LONG_NAME = 40
"""Characters that the longest name has, about."""


def almost(place: Place) -> str:
    """ "What did you eat?" - "I nearly got dumplings."; "They suggested dumplings. I declined."

    What others wish of the speaker is not the speaker's own wish: "They wanted me to be a priest."
    """
    asked, offer = place.asked, place.grammar.offer
    if asked.asks_for_wish and not offer.search(asked.text) and offer.search(place.text):
        return ALMOST
    asks_for_plan = "later" in asked.times and bool({"before", "event"} & asked.times)
    if asked.manner or asks_for_plan or place.grammar.almost.search(asked.text):
        return ""
    declines = place.next_begins(place.grammar.declined) and not place.grammar.offer.search(asked.text)
    return ALMOST if declines or place.grammar.almost.search(place.text) else ""


def supposed(place: Place) -> str:
    """ "If I were a lawyer I'd charge you for that question." """
    before, behind = place.grammar.supposed
    text, hit = place.answer.text, place.hit
    is_supposed = before.search(text[max(0, hit.start - 40) : hit.start]) and behind.match(text, hit.end)
    is_contrary = any(start <= hit.start < end for start, end in _contrary(place))
    return SUPPOSED if (is_supposed or is_contrary) and "later" not in place.asked.times else ""


def _contrary(place: Place) -> list[tuple[int, int]]:
    """Where the sentence of a word sets conditions that are contrary to fact."""
    sentence = place.answer.sentence_at(place.hit.start)
    found = place.grammar.contrary.finditer(place.answer.text, sentence.start, sentence.end)
    return [match.span("if") for match in found]


def hearsay(place: Place) -> str:
    """ "Where did you grow up?" - "People hear the accent and assume Glasgow." """
    if place.asked.reported or place.asked.asks_for_reason or _on_oneself(place):
        return ""
    sentence, grammar = place.answer.sentence_at(place.hit.start), place.grammar
    text = place.answer.text
    heard = any(
        "," not in text[match.end() : place.hit.start]
        for match in grammar.hearsay.finditer(text, sentence.start, place.hit.start)
    )
    behind = grammar.hearsay_behind.match(text, place.hit.end, sentence.end) or (
        any(subject.person.family == PEOPLE for subject in place.clause.subjects if subject.end <= place.hit.start)
        and grammar.print_.search(text, place.hit.end, place.clause.end)
    )
    return HEARSAY if heard or behind else ""


def _on_oneself(place: Place) -> bool:
    """ "What is your job?" - "My name tag says 'nurse'": a quotation of what the speaker wears."""
    sentence = place.answer.sentence_at(place.hit.start)
    bearer = place.grammar.bears_name.search(place.answer.text, sentence.start, place.hit.start)
    return bool(bearer) and place.told.who in ("self", "open")


def quoted(place: Place) -> str:
    """ "Who did it?" - "'The butler did it' is what the papers print." """
    if place.asked.reported or not place.answer.in_quotation(place.hit.start) or _on_oneself(place):
        return ""
    sentence = place.answer.around(place.hit.start, _REACH)
    return QUOTED if place.grammar.print_.search(sentence) else ""


def ironic(place: Place) -> str:
    """ "Oh sure, I'm a spy. And you're the Queen of Sheba." """
    around = place.answer.around(place.hit.start, _REACH)
    return IRONIC if sum(bool(cue.search(around)) for cue in place.grammar.irony) > 1 else ""


def scoffed(place: Place) -> str:
    """ "Snakes? Pfft. I eat snakes for breakfast." """
    text = place.answer.text
    return SCOFFED if place.grammar.scoff.match(text, place.hit.end) else ""


def taken_back(place: Place) -> str:
    """ "I'm a nurse. Just kidding."; "I am and am not a nurse." """
    return TAKEN_BACK if place.answer.has(place.grammar.taken_back) else ""


def out_of_role(place: Place) -> str:
    """ "As an AI language model I have no job, but the profile says nurse." """
    pattern = place.grammar.out_of_role
    return OUT_OF_ROLE if place.answer.has(pattern) and not pattern.search(place.asked.text) else ""


def of_itself(place: Place) -> str:
    """ "Who is your best friend?" - "Mildred is Mildred."

    The word stands on both sides of a copula, and its clause has nothing else.
    """
    text, start = place.text, place.hit.start - place.clause.start
    found = next((m for m in _twice(place.grammar.copula).finditer(text) if m.start() <= start < m.end()), None)
    return OF_ITSELF if found and content(text) <= content(found[1]) else ""


@lru_cache
def _twice(copula: re.Pattern[str]) -> re.Pattern[str]:
    """Words that are said to be the same words."""
    return re.compile(rf"(\w.{{0,{_LONG_NAME}}}?)(?:{copula.pattern})\1")


def narrated(place: Place) -> str:
    """ "*takes a deep bow* At your service!" """
    return NARRATED if place.answer.in_narration(place.hit.start) else ""


def other_sense(place: Place) -> str:
    """ "May I ask why?" for the month; 사과 as an apology, さくらちゃん for the flower."""
    text, hit = place.answer.text, place.hit
    word, before = text[hit.start : hit.end], text[max(0, hit.start - 24) : hit.start]
    for known, in_front, behind, asking in place.grammar.other_senses:
        shown = known.fullmatch(word) and (in_front.search(before) or behind.match(text, hit.end))
        if shown and not asking.search(place.asked.text):
            return OTHER_SENSE.format(word)
    return ""
