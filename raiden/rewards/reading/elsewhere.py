"""Whether a word counts beside what stands elsewhere: in another clause, in the profile, in the conversation."""

from __future__ import annotations

import re
from functools import lru_cache

from raiden.rewards.dates import Date, find_dates, leans_on_a_time, names_a_time
from raiden.rewards.idioms import IDIOMS
from raiden.rewards.reading.clauses import PRONOUN, Clause
from raiden.rewards.reading.content import content, has_verb, main_verb
from raiden.rewards.reading.contrast import goes_otherwise
from raiden.rewards.reading.place import Place

ELSEWHERE = "another clause answers the question, and this one tells of something else"
BESIDE = "it is only the landmark of the place that is asked for"
PREMISE_DENIED = "the reply affirms what the question says is not so"
INVENTED = "no source says {!r}: the day or year is made up"
OF_NOBODY = "its clause tells it of a third person whom nobody has named"

_MIN_SHARED = 2
"""Words of the question that a clause has at least where it is the one that answers."""
# A capital that does not begin a sentence; "I" is none.
_NAME = re.compile(r"(?<![.!?*\"'])\s(?!I\b)[A-Z][a-z]+\b")
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
            is_open = not asked.manner and not (asked.asks_when and leans_on_a_time(text))
            is_whole = shared == wanted and is_open and content(text) - wanted - word
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
    if has_verb(text[place.clause.start : place.hit.start]):  # "The letter came from my aunt."
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
