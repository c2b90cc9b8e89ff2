"""The facts that can answer a question in a dialogue: what the profile states, what was told in the conversation."""

import random
import re
from collections.abc import Iterable
from dataclasses import dataclass

from raiden.core.shipped import load_table
from raiden.core.types import Focus, Language, Message, Profile
from raiden.datagen.dialogues.turns import words_of
from raiden.datagen.template.facts import Fact, facts_of
from raiden.datagen.template.korean import with_particles
from raiden.datagen.template.labels import kind_of
from raiden.datagen.template.values import is_animal, read_value
from raiden.datagen.template.wordings import Exchange
from raiden.facts import ToldFact, fact_asked, facts_told
from raiden.facts.names import name_key

_NO_NAMES = re.compile(
    r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|(?:January|February|March|April|May|June|July|August|September|"
    r"October|November|December)|Christmas|Easter|God"
)


@dataclass(frozen=True)
class KnownFact:
    """A fact about one of the two who talk."""

    is_users: bool
    """Whether it is about the user; else it is the character's."""
    fact: Fact
    focus: Focus
    turn: int
    """Where it was told: an index of the messages; -1 where the profile states it."""


def known_facts(
    profile: Profile, messages: Iterable[Message], language: Language, user_name: str = ""
) -> list[KnownFact]:
    """All that a profile states of the character and the two have told of themselves, in order.

    What was told in two ways is none of them: one of them is a slip, a lie, or over.

    Args:
        user_name: of one of several people who talk with the character; the others are no user.
    """
    known = [KnownFact(False, fact, "sbk", -1) for fact in facts_of(profile, language)]
    told: dict[tuple[bool, str], KnownFact] = {}
    doubtful: set[tuple[bool, str]] = set()
    for turn, message in enumerate(messages):
        words = words_of(message.content, user_name) if message.role == "user" else message.content
        for said in facts_told(words, language):
            if (fact := _fact(said, language)) is None:
                continue
            key = (message.role == "user", _key(said.label))
            if key in told and _said(told[key].fact) != _said(fact):
                doubtful.add(key)
            told.setdefault(key, KnownFact(key[0], fact, "cm", turn))
    return known + [fact for key, fact in told.items() if key not in doubtful]


def asked_fact(question: str, language: Language, known: Iterable[KnownFact]) -> KnownFact | None:
    """The known fact that a question asks for; what the profile states goes before what was told."""
    asked = fact_asked(question, language)
    if asked is None:
        return None
    key, is_users = _key(asked.label), asked.whose == "speaker"
    found = (one for one in known if one.is_users == is_users and _key(one.fact.label, one.fact.kind) == key)
    return next(found, None)


def _key(label: str, kind: str = "") -> str:
    """What two labels of one fact share: younger and elder sisters are two, 妹 and 妹妹 are one."""
    if is_animal(label) and kind != "pet":
        return "pet_name"
    return ("" if kind == "someone" else kind) or kind_of(label) or label.casefold()


def _fact(said: ToldFact, language: Language) -> Fact | None:
    """What was told, if its value is plain."""
    kind = kind_of(said.label)
    if not said.is_name:
        read = read_value(kind, said.value, language)
        return Fact(read[0], said.label, read[1], False) if read else None
    if _NO_NAMES.fullmatch(said.value):
        return None
    wanted = "name" if said.label == "name" else "pet" if is_animal(said.label) else kind or "someone"
    read = read_value(wanted, said.value, language)
    return Fact(read[0], said.label, read[1], False) if read else None


def _said(fact: Fact) -> list[str]:
    return [name_key(variant) for term in fact.reading.terms for variant in term.variants]


_FAVOURITE = re.compile(r"(?:favou?rite|最?喜欢的|好きな|좋아하는)\s*")
_FOODS = {"food": {"zh": "食物", "ja": "食べ物", "ko": "음식"}, "drink": {"zh": "饮料", "ja": "飲み物", "ko": "음료"}}


def exchange_about_user(fact: Fact, language: Language, rng: random.Random) -> Exchange | None:
    """A question of the user about themselves and its answer; None where there is no sentence for such a fact."""
    forms = load_table(__package__, "asking")[language]
    noun = _FAVOURITE.sub("", fact.label)
    if fact.kind in forms or fact.label in forms:
        form = forms.get(fact.kind) or forms[fact.label]
    elif fact.is_person:
        form = forms["people"]
    elif noun != fact.label or fact.kind in _FOODS:
        form = forms["favourites"]
        noun = _FOODS.get(fact.kind, {}).get(language, noun)
    else:
        return None
    if len(fact.reading.terms) != 1:
        return None
    question, answer = (
        with_particles(text.replace("{noun}", noun).replace("{value}", fact.reading.spoken))
        for text in (rng.choice(form["ask"]), form["say"])
    )
    return Exchange(fact, question[:1].upper() + question[1:], answer, form["type"], needs_all=False)
