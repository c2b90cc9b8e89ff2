"""Whether the clause of a word is about the thing that the question is about, where the reply tells of two."""

from __future__ import annotations

from raiden.rewards.reading.clauses import Clause
from raiden.rewards.reading.content import content
from raiden.rewards.reading.elsewhere import neighbours
from raiden.rewards.reading.place import Place

OTHER_THING = "its clause is about {!r}, and the question about {!r}, which another clause is about"
OWN_NAME = "the reply gives it as the speaker's own name, and nobody asked for that"
_MIN_ASKED = 2
"""Words of the question that make another clause be about its topic, wherever it stands there."""


def other_thing(place: Place) -> str:
    """ "Who gave you the sword?" - "The flute is my master's gift, and the sword I bought."

    Likewise "Pepper is the cat. The parrot answers to Admiral." and 평일엔 수영을 하고, 주말엔 자요; where a number is
    told, the other clause has one too.
    """
    text, (own_name, asking) = place.answer.text, place.grammar.own_name
    named = own_name.search(text.replace(text[place.hit.start : place.hit.end], "@"))
    if named and place.asked.times and not asking.search(place.asked.text):
        return OWN_NAME
    asked = place.grammar.topic.search(place.asked.text)
    bearer = place.grammar.named_thing.match(place.answer.text, place.hit.end)
    own = bearer["topic"] if bearer else _own_topic(place)
    if not asked or not own or asked["topic"] in place.text or own in place.asked.text:
        return ""
    is_told = any(_is_about(asked["topic"], other, place) for other in neighbours(place))
    return OTHER_THING.format(own, asked["topic"]) if is_told else ""


def _own_topic(place: Place) -> str:
    """What the clause is about: its own topic, or that of the nearest clause that leads into it."""
    text = place.answer.text
    for clause in place.leading_in:
        found = place.grammar.topic.search(text[clause.start : max(clause.end, place.hit.end)])
        if not found:
            continue
        start, end = (clause.start + offset for offset in found.span("topic"))
        is_person = any(subject.start <= start < subject.end for subject in place.clause.subjects)
        return "" if end > place.hit.start or is_person else found["topic"]
    return ""


def _is_about(thing: str, other: Clause, place: Place) -> bool:
    text = place.text_of(other)
    found, wanted = place.grammar.topic.search(text), content(place.asked.text)
    says_one = not place.has_number(place.hit) or place.has_number(other)
    marked = place.grammar.marked.search(text[: text.find(thing) + len(thing) + 1])  # 隣の老犬|が
    is_whole = thing in text and len(wanted) >= _MIN_ASKED and wanted <= content(text)
    return bool((found and found["topic"].endswith(thing)) or is_whole or (marked and thing in text)) and says_one
