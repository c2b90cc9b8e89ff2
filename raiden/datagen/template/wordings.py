"""Facts -> questions and what the character says to them, in four languages."""

import random
import re
from dataclasses import dataclass
from typing import Any

from raiden.core.types import Difficulty, Language, QuestionType
from raiden.datagen.template.facts import Fact
from raiden.datagen.template.korean import with_particles
from raiden.datagen.template.tables import table

_OWN_WORD: dict[Language, re.Pattern[str]] = {
    "zh": re.compile(r"(?![我你他她])[\u4e00-\u9fff]{2,4}"),
    "ja": re.compile(r"相棒|親友|幼なじみ|幼馴染|婚約者|恋人|宿敵|恩師|上司|仲間|部活|愛馬|[長次三][男女]"),
    "ko": re.compile(r"[가-힣]{1,5}"),
    "en": re.compile(r"[a-z ]*[^s]|boss"),
}
"""Labels that people use in speaking, each for what no other word says as well: 师父 and 老师 are both a teacher."""


@dataclass(frozen=True)
class Exchange:
    """A question about a fact and the character's answer."""

    fact: Fact
    question: str
    answer: str
    question_type: QuestionType
    needs_all: bool
    """Whether the answer must name every item of the fact."""

    @property
    def difficulty(self) -> Difficulty:
        """Hard: several things must be said; medium: one of a list, or out of running text; easy: a field's value."""
        if self.needs_all:
            return "hard"
        return "easy" if self.fact.is_direct and len(self.fact.reading.terms) == 1 else "medium"


def exchange_about(fact: Fact, language: Language, rng: random.Random) -> Exchange | None:
    """A question about a fact; None where there is no sentence for such a fact in this language."""
    form = _form(fact, language)
    terms = fact.reading.terms
    if len(terms) == 1:
        ask, say = form["ask"], form["say"]
    elif len(terms) == 2 and "ask_two" in form:
        ask, say = [form["ask_two"]], form.get("say_many", form["say"])
    elif "ask_many" in form:
        ask, say = [form["ask_many"]], form["say_many"]
    else:
        return None
    words = {**_nouns(fact, language), "value": fact.reading.spoken}
    question, answer = (_filled(text, words) for text in (rng.choice(ask), say))
    return Exchange(fact, question, answer, form["type"], needs_all=len(terms) == 2 and "ask_two" in form)


def filled(text: str, value: str) -> str:
    """A sentence of a table with a value in it."""
    return _filled(text, {"value": value})


def _filled(text: str, words: dict[str, str]) -> str:
    # Not str.format: a value may hold braces of its own.
    for name, word in words.items():
        text = text.replace("{" + name + "}", word)
    # 你的最拿手的菜 has one 的 too many.
    text = re.sub(r"([你我])的(?=[^，。？是]{1,8}的[^，。？是]{1,4}(?:是|有|叫))", r"\1", text)
    return with_particles(text)


def _form(fact: Fact, language: Language) -> dict[str, Any]:
    sentences = table(language)
    if fact.kind in sentences["facts"]:
        return dict(sentences["facts"][fact.kind])
    if fact.is_person:
        return dict(sentences["people"])
    for form in (sentences.get(name, {}) for name in ("named", "where", "amount")):
        if form and not fact.kind and re.fullmatch(form["labels"], fact.label):
            return dict(form)
    is_favourite = fact.kind in sentences["favourites"]["kinds"].split()
    return dict(sentences["favourites" if is_favourite else "own"])


def _nouns(fact: Fact, language: Language) -> dict[str, str]:
    """What a fact is called, singular and plural: as the profile does where it can be said, else as its kind is."""
    label = re.sub(r"^(?:my|his|her|their|the) ", "", " ".join(fact.label.lower().replace("_", " ").split()))
    names = table(language)["names"]
    is_favourite = fact.kind in table(language)["favourites"]["kinds"].split()
    is_own_word = _OWN_WORD[language].fullmatch(label) and not is_favourite
    # English plurals are in the table alone.
    if is_own_word and (language != "en" or (fact.is_person and len(fact.reading.terms) == 1)):
        return {"noun": label, "nouns": label}
    singular, _, plural = names.get(fact.kind, label).partition("|")
    return {"noun": singular, "nouns": plural or singular}
