"""Whether the clause that holds a word answers the question: whose fact, of which time, which relation, whose word.

None of the checks knows a language: what differs stands in the tables (`Grammar`). They are listed, with those of
denial and doubt, in `raiden.rewards.mechanisms`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from raiden.rewards.dates import leans_on_a_time
from raiden.rewards.idioms import IDIOMS
from raiden.rewards.reading.clauses import NAMED, PEOPLE, PRONOUN, Clause
from raiden.rewards.reading.content import content, first_content
from raiden.rewards.reading.elsewhere import goes_on_about, neighbours
from raiden.rewards.reading.grammar import Grammar
from raiden.rewards.reading.place import Place

OF_ANOTHER = "its clause tells it of another than is asked about"
OF_USER = "its clause tells it of the user, and the question is about the character"
OF_SELF = "the reply tells it of itself, and the question is about the user"
NOT_NOW = "its clause tells what was once so, and the question asks what is"
NOT_YET = "its clause tells what is planned or wished, and the question asks what is"
NOT_THEN = "its clause tells what is so now, and the question asks what was"
_REACH = 60
"""Characters before a clause that may tell of the one who is asked about."""
_FIRST_WORD = re.compile(r" \w+")
OTHER_RELATION = "its clause tells of {}, and the question asks for {}"


def states_beside_question(place: Place) -> bool:
    """Whether a word stands in a statement whose sentence goes on to ask something else.

    "Leeds, born and bred, and where are you from?" So does what is told the user of themselves, for them to confirm:
    "Yours was Dracula, didn't you say?"
    """
    text, form = place.answer.text, place.grammar.question_form
    later = [clause for clause in place.answer.clauses_of(place.hit.start) if clause.start >= place.hit.end]
    sentence = place.answer.sentence_at(place.hit.start)
    if place.asked.whose.who == "user" and place.grammar.confirms.search(text, place.hit.end, sentence.end):
        return place.told.who in ("user", "open")
    asks_itself = place.told.who == "user" or form.search(place.text)
    return not asks_itself and any(form.search(text[clause.start : clause.end]) for clause in later)


def of_user(place: Place) -> str:
    """ "What do you drink?" - "You like tea, you told me so."; "What did you give me?" - "You gave me a rose." """
    if _is_users_kin(place) or _does_what_was_asked(place):
        return OF_USER
    if place.asked.whose.who == "self" and place.grammar.said_by_user.match(place.answer.text, place.hit.end):
        return OF_USER
    if place.asked.whose.who != "self" or place.told in place.asked.persons or place.told.who != "user":
        return ""
    if place.is_outside:
        return ""
    grammar, is_same_deed = place.grammar, content(place.predicate) & content(place.asked.text)
    # "What did you give me?" - "You were given some soup."
    got = is_same_deed and grammar.on_self.search(place.asked.text) and grammar.passive.search(place.text)
    speaks_of_self = got or grammar.of_self.search(place.predicate)
    return "" if speaks_of_self or grammar.impersonal_you.search(place.text) else OF_USER


def _does_what_was_asked(place: Place) -> bool:
    """The user, to the speaker, what the question says the speaker did; "You met me in March" holds both ways."""
    asked, grammar = place.asked, place.grammar
    if asked.whose.who != "self" or place.told.who != "user":
        return False
    if asked.asks_when or asked.manner or grammar.passive.search(place.text) or place.is_outside:
        return False
    verb = first_content(place.answer.text[place.subject.end : place.clause.end])
    return bool(verb & content(asked.text) and grammar.of_self.search(place.predicate))


def _is_users_kin(place: Place) -> bool:
    """ "What did your mother do?" - "Your mother is a chemist; mine sold hats." """
    asked, grammar = place.asked, place.grammar
    if not place.told.family or place.told not in asked.persons or asked.users_own or place.is_outside:
        return False
    asks_yours = grammar.drops_you or grammar.of_user.search(asked.text)
    return bool(asks_yours and grammar.of_user.search(place.subject_text))


def of_self(place: Place) -> str:
    """ "What is my cat called?" - "My cat is called Pepper."; "What should I peel?" - "I should peel carrots." """
    addresses_user = place.grammar.of_user.search(place.text)
    verb = first_content(place.answer.text[place.subject.end : place.clause.end])
    to_user = place.grammar.to_user
    is_copied = to_user.search(place.text) and to_user.search(place.asked.text)
    if place.told.who != "self" or (addresses_user and not is_copied and not verb & content(place.asked.text)):
        return ""
    if place.asked.asks_for_advice and place.grammar.advised_self.search(place.text):
        return OF_SELF if place.shares_predicate() else ""
    if place.asked.whose.who != "user" or place.is_outside:
        return ""
    is_state = (
        not place.asked.manner
        and place.told not in place.asked.persons
        and place.grammar.self_state.search(place.text)
    )
    return OF_SELF if is_state or is_copied or place.shares_predicate() else ""


def of_another(place: Place) -> str:
    """ "What is your job?" - "My sister is a nurse."; "What does your brother do?" - "I'm a fireman."

    Dad's dumplings may be the speaker's favourite, but not where another clause begins "As for me".
    """
    asked, told = place.asked, place.told
    families = [person.family for person in asked.persons if person.family]
    is_asked = told in asked.persons or any(_may_be_one(told.family, family, place.grammar) for family in families)
    if asked.manner or asked.seeks_subject or is_asked:
        return ""
    if place.is_outside and not (told.who == "other" and place.others_begin(place.grammar.for_my_part)):
        return ""
    if asked.reported and told.family == PEOPLE:
        return ""
    if asked.whose.who == "self" and told.who == "other":
        bears_on_self = place.grammar.of_self.search(place.predicate)
        is_other_event = "event" in asked.times and not place.shares_predicate()
        if told == PRONOUN and not bears_on_self and _does_the_deed_asked_about(place):
            return OF_ANOTHER
        is_set_apart = told.family == PEOPLE and _answers_for_oneself(place)
        return "" if bears_on_self or (is_other_event and not is_set_apart) or not told.family else OF_ANOTHER
    if asked.whose.family and told.who in ("self", "other") and not asked.asks_who:
        mentioned = place.answer.kin_in(place.clause)
        if told.who == "self":
            return "" if asked.whose.family in mentioned or place.grammar.third.search(place.text) else OF_ANOTHER
        return "" if told.family in ("", NAMED) or asked.whose.family in mentioned else OF_ANOTHER
    return OF_ANOTHER if not asked.persons and _turns_to_speaker(place) else ""


def _turns_to_speaker(place: Place) -> bool:
    """ "What is the monitor good at?" - "The monitor runs fast. As for me, I put the shot." for the shot.

    Whoever it is that the question asks about need not be in the table of persons.
    """
    told = content(place.answer.text[max(0, place.clause.start - _REACH) : place.clause.start])
    asked = content(place.asked.text)
    return bool(place.grammar.for_my_part.match(place.with_subject) and told & asked and told - asked)


def _answers_for_oneself(place: Place) -> bool:
    """ "What did you order?" - "Everybody else had the steak. I got the soup." """
    text, grammar = place.answer.text, place.grammar
    behind = text[max(place.clause.end, place.hit.end) :].lstrip(" ,.!?")
    return bool(grammar.speaks_up.match(behind)) and not grammar.anaphor.search(behind.split(".")[0])


def _does_the_deed_asked_about(place: Place) -> bool:
    """ "What did you spill?" - "He spilled ketchup.": the reply begins with a third person and the question's verb."""
    verb = place.grammar.asked_verb.search(place.asked.text)
    deed = _FIRST_WORD.match(place.answer.text, place.subject.end, place.clause.end)
    is_brought_up = place.grammar.third.search(place.asked.text)
    begins = place.grammar.third_person.match(place.answer.text) and place.subject.start < 3
    return bool(begins and verb and deed and not is_brought_up and content(verb["verb"]) & content(deed[0]))


def _may_be_one(family: str, other: str, grammar: Grammar) -> bool:
    """Whether two words for persons can mean the same one: a child is a son or a daughter."""
    return family == other or family in grammar.broader.get(other, ()) or other in grammar.broader.get(family, ())


def wrong_time(place: Place) -> str:
    """ "Where do you live now?" - "I used to live in Leeds."; "Next year I'm moving to Oslo." """
    times, grammar = place.asked.times, place.grammar
    named = {found[0] for found in grammar.named_time.finditer(place.asked.text)}
    if place.asked.asks_when or place.asked.manner or any(time in place.led_in for time in named):
        return ""
    if place.asked.reported and not grammar.now.search(place.asked.text):
        return ""
    if times == {"before"} and grammar.now.search(place.text) and not grammar.before.search(place.text):
        return NOT_THEN
    asks_now = grammar.now.search(place.asked.text) and not grammar.now.search(place.led_in)
    led_in = place.text if grammar.now.search(place.text) else place.led_in
    if times == {"now"} and (grammar.before.search(led_in) or (asks_now and place.others_begin(grammar.now))):
        return NOT_NOW
    if times and "later" not in times:
        if place.next_begins(grammar.until_then):
            return NOT_YET
        return NOT_YET if grammar.later.search(led_in) else ""
    return ""


def _told_relations(group: Mapping[str, re.Pattern[str]], place: Place) -> list[str]:
    """The relations of a group that a clause tells; of several, the one whose verb the word belongs to."""
    start, hit = place.clause.start, place.hit
    found = [
        (start + match.start(), name)
        for name, pattern in group.items()
        for match in pattern.finditer(place.text)
        if not hit.start <= start + match.start() < hit.end
    ]
    if len({name for _, name in found}) > 1:
        if IDIOMS[place.answer.language].denies == "after":  # the verb stands behind
            near = [name for at, name in sorted(found) if at >= place.hit.end][:1]
        else:
            near = [name for at, name in sorted(found) if at < place.hit.start][-1:]
        return near or [name for _, name in found]
    before = "" if place.grammar.now.search(place.text) else place.answer.text[place.leading_in[-1].start : start]
    return [name for _, name in found] or [name for name, pattern in group.items() if pattern.search(before)]


def _comes_back(place: Place, relation: re.Pattern[str]) -> bool:
    """ "Who did you marry?" - "I met Ben in Hull | and married him in Leeds." """
    later = (place.text_of(c) for c in place.answer.clauses_of(place.hit.start) if c.start >= place.clause.end)
    return place.asked.asks_who and any(relation.search(t) and place.grammar.third.search(t) for t in later)


def _takes_up_time(place: Place, other: Clause) -> bool:
    """ "When did you come here?" - "My uncle died in 1989, | and that autumn I came." """
    return place.asked.asks_when and other.start >= place.clause.end and leans_on_a_time(place.text_of(other))


def other_relation(place: Place) -> str:
    """ "Who won?" - "Armand lost."; "Where are you from?" - "I'm on my way to Porto." """
    if place.asked.manner or place.asked.asks_several:
        return ""
    question = place.grammar.condition.sub("", place.asked.text)
    for group in place.grammar.relations:
        asked = [name for name, pattern in group.items() if pattern.search(question)]
        told = _told_relations(group, place) if asked and not _comes_back(place, group[asked[0]]) else []
        if not told or set(asked) & set(told):
            continue
        goes_on = [place.text_of(c) for c in neighbours(place) if goes_on_about(place, c) or _takes_up_time(place, c)]
        if not any(group[name].search(text) for name in asked for text in goes_on):
            return OTHER_RELATION.format(told[0], asked[0])
    return ""
