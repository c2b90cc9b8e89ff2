"""A profile -> the facts that its character can be asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from raiden.datagen.template.labels import RELATIONS, is_about_people, kind_of, may_be_asked
from raiden.datagen.template.names import is_nominal, is_person_name
from raiden.datagen.template.readings import Reading
from raiden.datagen.template.values import is_single_thing, read_value
from raiden.languages import detect_language
from raiden.types import Language, Profile

_LABEL = re.compile(
    r"(?:^|[\n,，;；。|])[\s\-*•·#]*([^\s:：,，。;；、|\"“”「」()（）][^:：,，。;；、|\n\"“”「」]{0,23}?)\s*[:：]",
    re.MULTILINE,
)
"""A label inside free text: at the beginning of a line or behind a mark, up to its colon."""
_MAX_LABEL = {"zh": 7, "ja": 9, "ko": 12, "en": 24}
_RELATIVE_FIRST = re.compile(
    r"(?:^|[\s,，、。;；\n])(?:我的|他的|她的|自己的|my |his |her )?([^\s,，、。;；:：()（）]{1,14}?)"
    r"\s?(?:是|叫做?|名叫|名为|[:：\-—–=]|は|은|는| is )\s?"
    r"([^,，、。;；:：()（）\n]{2,24}?)(?=$|[,，、。;；()（）\n.])"
)
_RELATIVE_LAST = re.compile(
    r"(?:^|[\s,，、。;；\n])([^,，、。;；:：()（）\n]{2,24}?)\s?[(（]([^()（）,，、]{1,14})[)）]"
)


@dataclass(frozen=True)
class Fact:
    """One thing that a character's profile says plainly."""

    kind: str
    """A kind of `labels.toml` or a narrower one; empty for a label that is not known."""
    label: str
    """As the profile calls it."""
    reading: Reading
    is_direct: bool
    """Whether it is a field of its own rather than a line inside free text."""


def facts_of(profile: Profile, language: Language) -> list[Fact]:
    """The facts of a profile, one for each kind or label, in the profile's order.

    Args:
        language: that the questions will be in; labels that are not known are asked in their own language only.
    """
    found = [("name", "Name", _plain_name(profile.name), True), *_labelled(profile)]
    facts: dict[tuple[str, str], Fact] = {}
    for kind, label, value, is_direct in found:
        if not kind and not _is_askable(label, value, language):
            continue
        if reading := read_value(kind, value, language):
            key = (reading[0], "" if reading[0] else label)
            facts.setdefault(key, Fact(reading[0], label, reading[1], is_direct))
    return list(facts.values())


def _plain_name(name: str) -> str:
    """A name without remarks: "Ada" of "Ada (the keeper)"."""
    return re.split(r"\s*[(（\[【,，|/]", name.strip())[0] or name


def _labelled(profile: Profile) -> Iterator[tuple[str, str, str, bool]]:
    """Kind, label and value of each labelled thing, and whether it is a field."""
    for label, value in profile.fields.items():
        if label == "Name":
            continue
        if is_about_people(label):
            yield from ((kind, label, name, False) for kind, name in _relatives(value))
        yield kind_of(label), label, value, True
        yield from ((kind_of(inner), inner, text, False) for inner, text in _lines(value))


def _lines(text: str) -> Iterator[tuple[str, str]]:
    """The `label: value` pieces of a free text: whole lines, and known labels anywhere."""
    places = [match for match in _LABEL.finditer(text) if _begins_line(match) or kind_of(match[1])]
    for match, following in zip_longest(places, places[1:]):
        end = following.start() if following else len(text)
        value = text[match.end() : end].strip().split("\n")[0]
        if value:
            yield match[1].strip(), value


def _begins_line(match: re.Match[str]) -> bool:
    before = match.string[: match.start(1)].rstrip(" \t\u3000-*•·#")
    return not before or before.endswith("\n")


def _relatives(text: str) -> Iterator[tuple[str, str]]:
    """Who is what, in a field about family and friends: 父亲张三, "Mother: Ada", 健二（父）."""
    pairs = [(match[1], match[2]) for match in _RELATIVE_FIRST.finditer(text)]
    pairs += [(match[2], match[1]) for match in _RELATIVE_LAST.finditer(text)]
    for label, name in pairs:
        if (kind := kind_of(label)) in RELATIONS and is_person_name(name.strip()):
            yield kind, name.strip()


def _is_askable(label: str, value: str, language: Language) -> bool:
    """Whether a label that is not known can be put into a question of its own language."""
    if len(label) > _MAX_LABEL[language] or not re.fullmatch(r"[\w' ]+", label) or not may_be_asked(label):
        return False
    has_script = re.search(r"[\u3041-\u9fff가-힣]", label)
    if (language == "en") == bool(has_script) or (language == "en" and label.rstrip("s") != label):
        return False
    is_own = language == "en" or detect_language(f"{label} {value}") == language
    return is_own and len(value) <= 16 and is_single_thing(value) and is_nominal(value)
