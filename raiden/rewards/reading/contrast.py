"""Whether a clause is the other half of a contrast: of another role, another deed or another time than is asked.

"The key I got from Ann and gave to Bea" has two persons, and a question for one of them; a word order that changes
little (Chinese) and particles (Japanese) say which. Each check does nothing where a language's table is empty.
"""

from __future__ import annotations

import re

from raiden.rewards.dates import names_a_time
from raiden.rewards.idioms import IDIOMS
from raiden.rewards.reading.content import content
from raiden.rewards.reading.grammar import Transfer
from raiden.rewards.reading.place import Place

OTHER_ROLE = "it tells who did it to whom the other way round than the question asks"
CONTRASTED = "the reply sets it against what is asked for, which another clause is about"

_MIN_DEED = 2
"""Words of a clause beside the question's and the hit that make it tell of something else."""


def other_role(place: Place) -> str:
    """ "鍵は誰にもらったの?" - "大家さんにもらって,珠江に渡したよ。" for 珠江.

    Likewise "What did you give me?" - "For pistachio."
    """
    before = place.answer.text[place.clause.start : place.hit.start]
    if place.grammar.asks_object.search(place.asked.text) and place.grammar.oblique.fullmatch(before):
        return OTHER_ROLE
    return OTHER_ROLE if goes_otherwise(place.text, place) and not _comes_back(place) else ""


def goes_otherwise(text: str, place: Place) -> bool:
    """Whether a clause tells who did it to whom the other way round than the question asks."""
    transfer = place.grammar.transfer
    asked = _ways(transfer.user.sub("@", place.asked.text), transfer)
    told = _ways(transfer.speaker.sub("@", text), transfer)
    return len(asked) == len(told) == 1 and asked != told


def _ways(text: str, transfer: Transfer) -> set[str]:
    """Which ways things go in a text: "in", "out", both or neither."""
    return {name for name, way in (("in", transfer.inward), ("out", transfer.outward)) if way.search(text)}


def _comes_back(place: Place) -> bool:
    """Whether another clause tells what is asked about a pronoun: "Ben hit me, so I hit him." """
    others = [place.text_of(c) for c in place.answer.clauses if c is not place.clause]
    asked = content(place.asked.text)
    return any(place.grammar.third.search(other) and content(other) & asked for other in others)


def taken_up(place: Place) -> bool:
    """ "What weather do you like?" - "Everybody else hates the rain, but I love it.": then it is told of the speaker.

    The clause behind has the verb of the question and no object of its own, and denies where the question does.
    """
    if place.told.who != "other":
        return False
    found = place.grammar.taken_up.match(place.answer.text, place.clause.end)
    negator, asked = IDIOMS[place.answer.language].negator, place.asked.text
    if not found or bool(negator.search(found["verb"])) != bool(negator.search(asked)):
        return False
    verb = content(found["verb"])
    return bool(verb) and verb <= content(asked)


def contrasted(place: Place) -> str:
    """ "Why did you cry?" - "I was late because of the rain. As for the tears ... don't ask." """
    later = [clause for clause in place.answer.clauses if clause.start >= max(place.clause.end, place.hit.end)]
    texts = [place.text_of(clause) for clause in later]
    is_set_against = _other_deed(place, texts) or _opposite(place) or _other_event(place, texts) or _other_count(place)
    return CONTRASTED if is_set_against else ""


def _other_deed(place: Place, later: list[str]) -> bool:
    """Whether the clause begins with a deed that is not the question's, and another one with the question's.

    What is set against it comes second; a topic that comes first may go on over many clauses, unless it has its own
    number or time already: "I first held a sword at seven. Whom I fought at fifteen ..." for the fifteen.
    """
    wanted, deed, text = content(place.asked.text), place.grammar.deed, place.answer.text
    own = deed.match(place.text)
    if own is None or place.clause.start + own.end("deed") > place.hit.start:
        return False
    shared = content(own["deed"]) & wanted  # 手紙を書いたのは, 届けてくれたのは
    if shared and shared == content(own["deed"]):
        return False
    if names_a_time(text[place.hit.start : place.hit.end]) or place.has_number(place.hit):
        before = [clause for clause in place.answer.clauses if clause.end <= place.clause.start]
        later = later + [place.text_of(c) for c in before if names_a_time(place.text_of(c)) or place.has_number(c)]
    others = (deed.match(text) for text in later)
    deeds = [content(other["deed"]) for other in others if other]
    return any(deed <= wanted and deed - shared if shared else deed & wanted for deed in deeds)


def _opposite(place: Place) -> bool:
    """ "What do you have for lunch?" - "Porridge in the morning, and at noon I'm too busy." """
    is_of_another = place.told.who == "other" and place.told not in place.asked.persons
    if place.asked.asks_when or place.asked.manner or is_of_another:
        return False
    clauses = [clause for clause in place.answer.clauses if clause is not place.clause]
    others = [place.text_of(clause) for clause in clauses]
    for group in place.grammar.opposites:
        asked = [pattern for pattern in group.values() if pattern.search(place.asked.text)]
        told = [pattern for pattern in group.values() if pattern.search(place.text)]
        told = told or [pattern for pattern in group.values() if pattern.search(place.led_in)]
        if not asked or not told or any(pattern in told for pattern in asked):
            continue
        if any(asked[0].search(other) and not place.grammar.likewise.search(other) for other in others):
            return True
    return False


def _other_count(place: Place) -> bool:
    """ "How many sisters have you got?" - "Three brothers and one sister." for the three."""
    counted = place.grammar.counted
    asked, text = counted.search(place.asked.text), place.answer.text
    own = next((m for m in counted.finditer(text) if m.start() <= place.hit.start < m.end()), None)
    if not asked or not own or _thing(own).endswith(_thing(asked)):
        return False
    others = [clause for clause in place.answer.clauses if clause is not place.clause] or [place.clause]
    thing = _thing(asked)
    return any(thing in place.text_of(c) for c in others if place.has_number(c)) or any(
        _thing(m).endswith(thing) for m in counted.finditer(text)
    )


def _thing(counted: re.Match[str]) -> str:
    return next(filter(None, (word for name, word in counted.groupdict().items() if name.startswith("thing"))), "")


def _other_event(place: Place, later: list[str]) -> bool:
    """ "When did you move?" - "The shop opened last year, and we only moved in March." """
    topic, asked = place.grammar.topic.search(place.text), content(place.asked.text)
    told = content(place.text) - content(place.answer.text[place.hit.start : place.hit.end])
    subject = content(topic["topic"]) if topic else frozenset()
    if not place.asked.asks_when or told & (asked - subject) or len(told - subject) < _MIN_DEED:
        return False
    return any(names_a_time(text) and content(text) & asked - subject for text in later)
