"""Whether a reply turns round whose something is, or who does it to whom: user and character, doer and receiver."""

from __future__ import annotations

import re

from raiden.rewards.reading.clauses import Person, owned, split_clauses
from raiden.rewards.reading.content import content, main_verb
from raiden.rewards.reading.place import Place

TURNED_ROUND = "the user said it of themselves, and the reply says it of itself"
TURNED_BACK = "the question says it of the one who answers, and the reply says it of the user"
SWAPPED = "it tells what the speaker did, and the question asks who did it to the speaker"
SWAPPED_BACK = "it tells who did it to the speaker, and the question asks to whom the speaker did it"

_RELATIVE = re.compile(r"\s*(?:who|which|that)\b")
_RESUMED = re.compile(r"\s*(?:(?:he|she|it|they)\b|[他她它])", re.IGNORECASE)
_APPOSITION = re.compile(r"\s*[,，、]\s*([^,，、.。!！?？]+)")
_NAMES_ITSELF = re.compile(
    r"(?:\bi(?:['’]m| am) (?:the|an?|your)\b[^,.!?;]*,|我是[^，。！？]*，"
    r"|(?:私|僕|俺|わたし)は[^、。！？]*[^よねただす、。！？]、|(?:저는|나는|난) [^,.!?]*[^요죠다,.!?],)\s*\Z",
    re.IGNORECASE,
)
"""In front of a name: "I'm the new nurse, | Rosalind."."""
_LAST_PART = re.compile(r"[^,，、.。!！?？]*.\Z")
_MIN_TOLD = 2
"""Words that a clause has at least where it copies what the user did."""


def turned_round(place: Place) -> str:
    """ "Who did you get out of the lift?" - "My grandpa Leo." or "Leo, my grandpa.", where he is the user's.

    Likewise "What is my brother called?" - "My brother is called Simon."; the user's "my cousin sent it", "jam from my
    aunt" or "I mend lifts" copied; and "When do you rattle your chains?" - "I rattle your chains at midnight."
    """
    grammar, text, hit = place.grammar, place.answer.text, place.hit
    if place.asked.whose.who == "user" and _NAMES_ITSELF.search(text, 0, hit.start):
        return TURNED_ROUND
    told = place.with_subject + _taken_up(place)
    if not place.asked.speakers_own.isdisjoint(grammar.yours.findall(told)):
        return TURNED_BACK
    if place.asked.users_own & owned(told, grammar):
        return TURNED_ROUND
    until = text[place.clause.start : hit.end]
    owner = grammar.self_owner.search(until[: hit.start - hit.end])
    owners = [*grammar.mine.finditer(until), *([owner] if owner else [])]
    after = [hit.end + each.end() for each in grammar.mine.finditer(text[hit.end : place.clause.end])]
    behind = _APPOSITION.match(text, hit.end)
    if place.asked.whose.who == "user" and place.told.who == "self" and _is_the_users_deed(place):
        return TURNED_ROUND
    for said in place.user_said:
        if any(text[hit.start : end] in said for end in after):
            return TURNED_ROUND
        if any(until[each.start() :] in said for each in owners):
            return TURNED_ROUND
        if behind and text[hit.start : hit.end] in said and owned(behind[1], grammar) & owned(said, grammar):
            return TURNED_ROUND
    return ""


def _taken_up(place: Place) -> str:
    """What the clause's pronoun takes up: "My sister Ines," in "My sister Ines, she loves kites."."""
    text, start = place.answer.text, place.clause.start
    front = text[:start].rstrip()
    if not front.endswith((",", "，", "、")) or not _RESUMED.match(text, start):
        return ""
    return " " + _LAST_PART.search(front)[0]  # type: ignore[index]


def _is_the_users_deed(place: Place) -> bool:
    """Whether the user has said of themselves all that the clause tells: "I fixed lifts" after "I fix lifts"."""
    told, grammar = content(place.text), place.grammar
    clauses = [(said, clause) for said in place.user_said for clause in split_clauses(said, 0, len(said), grammar)]
    return len(told) >= _MIN_TOLD and any(
        told <= content(said[clause.start : clause.end])
        and clause.subject_at(clause.end, grammar.last_subject).person.who == "self"
        for said, clause in clauses
    )


def swapped(place: Place) -> str:
    """ "Who helps you?" - "I help my granddaughter Fiamma."

    The question's verb has to follow the speaker: "my dog Rex lives with me" and 教我的是 name who does it.
    """
    asked, grammar, text, subject = place.asked, place.grammar, place.answer.text, place.subject
    if asked.asks_who and not asked.seeks_subject and asked.whose.who == "self":
        return SWAPPED_BACK if _is_done_to_self(place) else ""
    is_done_to_self = asked.seeks_subject and Person("self") in asked.persons
    if not is_done_to_self or place.told.who != "self" or grammar.self_owner.search(place.subject_text + " "):
        return ""
    verbs = content(asked.text)
    if subject.start >= place.hit.end:  # 健坊に将棋を教えたのは私だ
        follows = verbs & content(text[place.hit.end : subject.end])
    elif subject.end <= place.hit.start and not verbs & content(text[place.clause.start : subject.start]):
        follows = verbs & content(text[subject.end : place.clause.end if grammar.last_subject else place.hit.start])
    else:
        return ""
    return SWAPPED if follows and not grammar.passive.search(place.text) else ""


def _is_done_to_self(place: Place) -> bool:
    """ "Who did you rescue?" - "It was Percival | that rescued me.", or "Percival did it." """
    text, hit, grammar = place.answer.text, place.hit, place.grammar
    behind = next((c for c in place.answer.clauses_of(hit.start) if c.start >= place.clause.end), place.clause)
    end = behind.end if _RELATIVE.match(text, behind.start) else place.clause.end
    verb = main_verb(place.asked.text)
    if grammar.does_so.match(text, hit.end):
        return True
    told = text[hit.end : end]
    return bool(verb and verb <= content(told) and grammar.on_self.search(told)) and not grammar.passive.search(told)
