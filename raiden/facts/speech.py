"""What people say of themselves in a conversation, and which fact a question asks for.

Both are read whole or not at all: a clause that says or asks anything besides is none of these, so that what is found
was plainly said. The sentences of each language stand in `data/speech.toml`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from raiden.core.shipped import load_table
from raiden.core.types import Language

Whose = Literal["speaker", "listener"]

_DIRECTION = re.compile(
    r"\*\*(?P<strong>[^*\n]+)\*\*|\*[^*\n]*\*|_[^_\n]{12,}_|\(\([^()]*\)\)|[(\uff08][^()\uff08\uff09]*[)\uff09]|"
    r"```.*?```|<[^<>\n]{1,200}>|\[[^\[\]]*\]|【[^【】]*】",
    re.DOTALL,
)
_QUOTED = re.compile(r"\"([^\"\n]+)\"|“([^”\n]+)”|「([^」\n]+)」|『([^』\n]+)』")
_SENTENCE = re.compile(
    r"(?:[^.!?。\uff01\uff1f\n…~]|(?<=\d)\.(?=\d)|(?<=\b[A-Z])\.|(?<=\b(?:Mr|Dr|St))\.)+[.!?。\uff01\uff1f…~]*"
)
_MAX_FRAMES = 4
_END_MARKS = " \t.!?。\uff01\uff1f…~、\uff0c,;\uff1b:\uff1a\"'“”「」『』"


@dataclass(frozen=True)
class ToldFact:
    """One thing that a speaker says of themselves."""

    label: str
    """What it is: `name`, `age`, or as the speaker calls it (`sister`, 最喜欢的食物)."""
    value: str
    """As it was said."""
    is_name: bool = False
    """Whether the value is what somebody is called: the speaker, or whom the label says."""


@dataclass(frozen=True)
class AskedFact:
    """The one fact that a question asks for."""

    whose: Whose
    """`listener`: the fact is of the one who is asked; `speaker`: of the one who asks."""
    label: str


def _table() -> dict[str, Any]:
    return load_table(__package__, "speech")


@lru_cache(maxsize=16)
def _patterns(language: Language, part: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """The forms of a language with what they are about, the words that several share filled in."""
    words = _table()[language]["words"]

    def filled(form: str) -> str:
        for _ in range(2):  # words may hold words themselves
            form = re.sub(r"(?<!\?P)<(\w+)>", lambda found: f"(?:{words[found[1]]})", form)
        return form

    return tuple(
        (label, re.compile(filled(form), re.IGNORECASE))
        for label, forms in _table()[language][part].items()
        for form in forms
    )


@lru_cache(maxsize=8)
def _words(language: Language, name: str) -> re.Pattern[str]:
    return re.compile(_table()[language]["words"][name], re.IGNORECASE)


def spoken(text: str) -> str:
    """What is said aloud in a turn of role play: no actions, no remarks; where there is speech in quotes, that alone.

    >>> spoken('*She smiles.* "I am Ada." (ooc: brb)'), spoken("I am **Ada**.")
    ('I am Ada.', 'I am Ada.')
    """
    told = _DIRECTION.sub(lambda found: found["strong"] or " ", text)
    quotes = [next(filter(None, found)) for found in _QUOTED.findall(told)]
    # A word or a title in quotes is no speech.
    speech = [quote for quote in quotes if re.search(r"[.!?,。\uff01\uff1f\uff0c、…~]", quote)]
    return "\n".join(speech).strip() if speech else told.strip()


def facts_told(text: str, language: Language) -> Iterator[ToldFact]:
    """The facts that a speaker states of themselves, in order; questions, doubts and denials state none.

    >>> list(facts_told("*sits* I'm 28, and my sister's name is Anna. Do I live in Ghent?", "en"))
    [ToldFact(label='age', value='28', is_name=False), ToldFact(label='sister', value='Anna', is_name=True)]
    """
    for sentence in _SENTENCE.findall(spoken(text)):
        if sentence.rstrip(' "”」』').endswith(("?", "\uff1f")) or _words(language, "unsure").search(sentence):
            continue
        for clause in _words(language, "between").split(sentence):
            yield from _told(clause.strip(_END_MARKS), language)


def _told(clause: str, language: Language) -> Iterator[ToldFact]:
    clause = _words(language, "before").sub("", clause)
    for label, pattern in _patterns(language, "told"):
        if found := pattern.fullmatch(clause):
            yield ToldFact(_label(label, found), found["value"].strip(_END_MARKS), label in ("name", "{noun}"))
            return


def fact_asked(question: str, language: Language) -> AskedFact | None:
    """The fact that a question asks for; None where it asks for several, for none that is known, or says more.

    >>> fact_asked("By the way, do you remember what my sister is called?", "en")
    AskedFact(whose='speaker', label='sister')
    >>> fact_asked("新之助\uff0c你妹妹叫什么名字呀\uff1f", "zh"), fact_asked("How old is she?", "en")
    (AskedFact(whose='listener', label='妹妹'), None)
    """
    sentences = [part.strip() for part in _SENTENCE.findall(spoken(question)) if part.strip(_END_MARKS)]
    asking = [part for part in sentences if part.rstrip(' "”」』').endswith(("?", "\uff1f"))] or sentences[-1:]
    # Two questions have two answers; what is said after the question changes it.
    if len(asking) != 1 or asking[0] != sentences[-1]:
        return None
    text = asking[0].strip(_END_MARKS)
    for _ in range(_MAX_FRAMES):
        text = _words(language, "frame").sub("", text).strip(_END_MARKS)
    for form in (text, _words(language, "after").sub("", text)):
        for label, pattern in _patterns(language, "asked"):
            if found := pattern.fullmatch(form):
                return AskedFact("speaker" if found.groupdict().get("me") else "listener", _label(label, found))
    return None


def _label(label: str, found: re.Match[str]) -> str:
    """`{noun}` in a label stands for the word of the text."""
    noun = found.groupdict().get("noun") or ""
    return " ".join(label.replace("{noun}", noun.strip().lower()).split())
