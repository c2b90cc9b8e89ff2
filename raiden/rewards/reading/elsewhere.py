"""Whether a word counts beside what stands elsewhere: in another clause, in the profile, in the conversation."""

from __future__ import annotations

import re
from functools import lru_cache

from raiden.rewards.dates import Date, find_dates, names_a_time
from raiden.rewards.idioms import IDIOMS
from raiden.rewards.reading.clauses import PRONOUN, Clause, Person, owned, split_clauses
from raiden.rewards.reading.content import content, main_verb
from raiden.rewards.reading.contrast import goes_otherwise
from raiden.rewards.reading.place import Place

ELSEWHERE = "another clause answers the question, and this one tells of something else"
TURNED_ROUND = "the user said it of themselves, and the reply says it of itself"
TURNED_BACK = "the question says it of the one who answers, and the reply says it of the user"
SWAPPED = "it tells what the speaker did, and the question asks who did it to the speaker"
BESIDE = "it is only the landmark of the place that is asked for"
SWAPPED_BACK = "it tells who did it to the speaker, and the question asks to whom the speaker did it"
PREMISE_DENIED = "the reply affirms what the question says is not so"
INVENTED = "no source says {!r}: the day or year is made up"
OF_NOBODY = "its clause tells it of a third person whom nobody has named"

_MIN_SHARED = 2
"""Words of the question that a clause has at least where it is the one that answers."""
# A capital that does not begin a sentence; "I" is none.
_NAME = re.compile(r"(?<![.!?*\"'])\s(?!I\b)[A-Z][a-z]+\b")
_RELATIVE = re.compile(r"\s*(?:who|which|that)\b")
_APPOSITION = re.compile(r"\s*[,，、]\s*([^,，、.。!！?？]+)")
_WORD = re.compile(r"[a-z]+")
_APPOSED = 4
"""Words that a name in passing has at most, with its title and article."""
_NEAR = 80
"""Characters behind a place in which something else may be told to be beside it."""
_REACH = 3
"""Clauses before and behind the word's own that are looked at."""


def answered_elsewhere(place: Place) -> str:
    """ "When did you arrive in Halifax?" - "We arrived in Halifax in March, but didn't leave for Boston until May."

    Another clause has more words of the question and all of this one's, and what is asked for stands there: a time, a
    person, or anything new beside all words of the question; or the question is about another, and this clause about
    the speaker. Where it asks for what was turned down, it is the clause that turns something down.
    """
    asked, answer = place.asked, place.answer
    word = content(answer.text[place.hit.start : place.hit.end])
    wanted, refuses = content(asked.text) - word, bool(place.grammar.refusal.search(asked.text))
    told = content(place.whole) | content(place.with_part(place.clause))
    asks_for_denial = asked.asks_for_negative and IDIOMS[answer.language].negator.search(asked.text)
    if not (told - word) & wanted and told - word and not asks_for_denial and _is_denied_behind(place, wanted):
        return ELSEWHERE
    if len(wanted) < _MIN_SHARED and not refuses:
        return ""
    speaks_of_self = place.told.who == "self" and place.clause.subjects
    has_deed = wanted & told & (told if speaks_of_self else main_verb(asked.text))
    is_whole = has_deed and not place.grammar.third.search(place.subject_text)
    if not told - wanted - word and not is_whole:  # "It was in May." adds to the clause before it
        return ""
    told |= content(_around_apposition(place))
    own = wanted & told
    for other in (other for other in neighbours(place) if not answer.sentence_at(other.start).is_question):
        if _is_of_another(place, other):
            continue
        text = place.with_part(other)
        if goes_otherwise(text, place) or goes_on_about(place, other):
            continue
        shared = wanted & content(text)
        only_affirms = asks_for_denial and not _turns_down(text, place)
        if own < shared and len(shared) >= _MIN_SHARED and not only_affirms:
            is_whole = shared == wanted and not asked.manner and content(text) - wanted - word
            if is_whole or _has_what_is_asked(place, other):
                return ELSEWHERE
        if refuses and _turns_down(text, place) and not _turns_down(place.whole, place):
            return ELSEWHERE
    return ""


def _is_denied_behind(place: Place, wanted: frozenset[str]) -> bool:
    """Whether a later clause only denies what is asked: 我常去柳巷买菜,可没住那儿 (你住哪条街)."""
    later = (place.text_of(c) for c in neighbours(place) if c.start >= max(place.clause.end, place.hit.end))
    negator = IDIOMS[place.answer.language].negator
    return any(content(text) and content(text) <= wanted and len(negator.findall(text)) % 2 for text in later)


def _around_apposition(place: Place) -> str:
    """The clauses on both sides of a person named in passing: "Your teacher, | Mr Fitzroy, | is letting me in." """
    text, own, hit = place.answer.text, place.clause, place.hit
    has_title = all(subject.person.family and not text[subject.end : hit.start].strip() for subject in own.subjects)
    is_short = 0 < len(_WORD.findall(text, own.start, own.end)) <= _APPOSED
    if not place.asked.asks_who or not has_title or not is_short or content(text[hit.end : own.end]):
        return ""
    beside = (c for c in place.answer.clauses_of(place.hit.start) if c.end == own.start or c.start == own.end)
    return " ".join(text[c.start : c.end] for c in beside)


def _is_of_another(place: Place, other: Clause) -> bool:
    """Whether another clause tells of somebody else, and the word's own of the one who is asked.

    "What did you give Agnes?" - "Agnes gave me a scarf, and I gave her a ring."
    """
    if place.told.who != "self" or place.told != place.asked.whose or not place.clause.subjects:
        return False
    subject = other.subject_at(other.end, place.grammar.last_subject).person
    has_verb = main_verb(place.asked.text) & content(place.text)
    is_done_to_self = has_verb and place.grammar.on_self.search(place.answer.text, other.start, other.end)
    return subject.who != "self" and bool(subject.family or is_done_to_self)


def goes_on_about(place: Place, other: Clause) -> bool:
    """Whether a later clause says more of the word, which is the subject: 师父救了我,又教我武功."""
    text, subject, wanted = place.answer.text, place.subject, content(place.asked.text)
    if not place.asked.asks_who or not subject.start <= place.hit.start < subject.end:
        return False
    between = [c for c in place.answer.clauses_of(place.hit.start) if place.clause.end <= c.start <= other.start]
    # Behind the verb of the question a person is its object.
    subjects = [s for c in between for s in c.subjects if not wanted & content(text[c.start : s.start])]
    return other in between and not subjects and not place.answer.kin_in(other)


def _turns_down(text: str, place: Place) -> bool:
    return bool(place.grammar.refusal.search(text) or IDIOMS[place.answer.language].negator.search(text))


def beside(place: Place) -> str:
    """ "Where do you work?" - "At the bakery across from the courthouse." or "See the courthouse? I'm behind it." """
    before, behind, asking = place.grammar.beside
    text, hit = place.answer.text, place.hit
    if place.asked.asks_where and place.grammar.beside_it.search(text, hit.end, hit.end + _NEAR):
        return BESIDE
    if not asking.search(place.asked.text):
        return ""
    is_landmark = before.search(text[place.clause.start : hit.start]) or behind.match(text, hit.end)
    return BESIDE if is_landmark else ""


def neighbours(place: Place) -> list[Clause]:
    """The clauses around a word's own, over the borders of its sentence; what is only narrated is none."""
    index = place.answer.sentence_index(place.hit.start)
    sentences = place.answer.sentences[max(0, index - 1) : index + 2]
    clauses = [clause for sentence in sentences for clause in place.answer.clauses_of(sentence.start)]
    clauses = [clause for clause in clauses if clause is place.clause or not place.answer.in_narration(clause.start)]
    own = clauses.index(place.clause)
    return [clause for clause in clauses[max(0, own - _REACH) : own + _REACH + 1] if clause is not place.clause]


def _has_what_is_asked(place: Place, other: Clause) -> bool:
    asked, grammar, text = place.asked, place.grammar, place.answer.text
    if asked.asks_when and names_a_time(text[other.start : other.end]):
        return True
    if asked.value:  # "I started at fifteen, and got the shop at thirty."
        return place.has_number(other)
    if asked.asks_when:
        return False
    if asked.asks_who:
        teller = other.subject_at(other.end, grammar.last_subject).person
        is_named = _NAME.search(place.answer.original[other.start : other.end])
        return teller.who in ("self", "user") or bool(teller.family or is_named)
    is_about_self = grammar.of_self.search(place.text) and not grammar.third.search(place.text)
    return asked.whose.who == "other" and bool(asked.whose.family) and bool(is_about_self)


def of_nobody(place: Place) -> str:
    """ "Why do you hate kites?" - "I hate kites because one hit her nose."

    The profile's own words with its "her", which is the speaker, where neither the question nor the reply brings up
    anybody else.
    """
    asked, answer, grammar = place.asked, place.answer, place.grammar
    if _begins_with_nobody(place):
        return OF_NOBODY
    if asked.whose.who != "self" or asked.asks_who or asked.seeks_subject or grammar.third.search(asked.text):
        return ""
    owner = grammar.third_owner.search(answer.text[place.clause.start : place.hit.start])
    if owner is None:
        return ""
    start = place.clause.start + owner.start()
    if grammar.kin_word.search(answer.text[:start]) or grammar.kin_word.search(answer.text, place.hit.end):
        return ""
    is_copied = any(answer.text[start : place.hit.end] in source for source in place.sources)
    return OF_NOBODY if is_copied and not _NAME.search(answer.original[:start]) else ""


def _begins_with_nobody(place: Place) -> bool:
    """ "Where did I read your comic?" - "He was in the waiting room.": no word yet for him to stand for."""
    asked, grammar, subject = place.asked, place.grammar, place.subject
    if not grammar.nobody_asked.search(asked.text) or asked.seeks_subject or grammar.kin_word.search(asked.text):
        return False
    return bool(grammar.third_person.match(place.answer.text)) and place.told == PRONOUN and subject.start < 3


def turned_round(place: Place) -> str:
    """ "Who did you get out of the lift?" - "My grandpa Leo." or "Leo, my grandpa.", where he is the user's.

    Likewise "What is my brother called?" - "My brother is called Simon."; the user's "my cousin sent it", "jam from my
    aunt" or "I mend lifts" copied; and "When do you rattle your chains?" - "I rattle your chains at midnight."
    """
    grammar, text, hit = place.grammar, place.answer.text, place.hit
    if place.asked.speakers_own & frozenset(grammar.yours.findall(place.with_subject)):
        return TURNED_BACK
    if place.asked.users_own & owned(place.with_subject, grammar):
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


def _is_the_users_deed(place: Place) -> bool:
    """Whether the user has said of themselves all that the clause tells: "I fixed lifts" after "I fix lifts"."""
    told, grammar = content(place.text), place.grammar
    clauses = [(said, clause) for said in place.user_said for clause in split_clauses(said, 0, len(said), grammar)]
    return len(told) >= _MIN_SHARED and any(
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


def premise_denied(place: Place) -> str:
    """ "Why do you never eat chocolate?" - "I eat chocolate because of my stomach."

    One word is enough in the clause that holds the hit: "Why can't you play?" - "I can teach you to play the guitar."
    """
    asked, idioms = place.asked, IDIOMS[place.answer.language]
    wanted = content(asked.text)
    if not asked.asks_for_reason or not wanted or not idioms.negator.search(asked.text):
        return ""
    for clause in (place.clause, *(neighbours(place) if len(wanted) >= _MIN_SHARED else ())):
        text = place.text_of(clause)
        is_turned = wanted <= content(text) and clause.subject_at(clause.end, False).person.who == "self"
        if is_turned and not _turns_down(text, place) and not place.grammar.before.search(text):
            return PREMISE_DENIED
    return ""


def invented(place: Place) -> str:
    """ "When is your birthday?" - "July 17", where profile and conversation say July.

    A day or a year that no source has was made up, and a verifiable reward does not pay for that; the month alone,
    or the whole date of a source, it does.
    """
    if not place.sources or not names_a_time(place.answer.text[place.hit.start : place.hit.end]):
        return ""
    for date in place.answer.dates:
        if date.start <= place.hit.start < date.end and not any(
            known.includes(date) for known in _dates(place.sources)
        ):
            return INVENTED.format(place.answer.span(date.start, date.end).text)
    return ""


@lru_cache(maxsize=512)
def _dates(sources: tuple[str, ...]) -> tuple[Date, ...]:
    return tuple(date for source in sources for date in find_dates(source))
