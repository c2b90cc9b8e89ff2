"""A profile -> the facts that its character can be asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from raiden.datagen.template.labels import RELATIONS, is_about_people, kind_of, may_be_asked
from raiden.datagen.template.names import chinese_words, is_nominal, is_person_name
from raiden.datagen.template.readings import Reading, without_remarks
from raiden.datagen.template.values import is_single_thing, read_value
from raiden.languages import detect_language
from raiden.types import Language, Profile

_LABEL = re.compile(
    r"(?:^|[\n,，;；。|】])[\s\-*•·#]*(?:【([^】\n]{1,12})】|"
    r"([^\s:：,，。;；、|\"“”「」()（）【】][^:：,，。;；、|\n\"“”「」【】]{0,23}?)\s*[:：])",
    re.MULTILINE,
)
_MAX_LABEL = {"zh": 7, "ja": 9, "ko": 12, "en": 24}
_MAX_UNKNOWN = 16
"""Characters of a value under a label that is not known."""
_PERSON_LABEL = re.compile(
    r".*(?:[人者员师官友伴徒哥弟姐妹兄父母侣档桌从臣爷奶婆公姑叔舅姨侄孙仆计将敌客]|主人|[자사인님손])"
)
"""Labels that a person stands under, known or not."""
_SAYS_WHO = re.compile(r"^[\s:：\-—–=]*(?:是|叫做?|名叫|名为|は|은|는|is )?[\s\"“「]*")


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

    @property
    def is_person(self) -> bool:
        """Whether it is somebody else's name."""
        return self.kind in RELATIONS or (not self.kind and bool(_PERSON_LABEL.fullmatch(self.label)))


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
            yield from ((kind_of(relation), relation, name, False) for relation, name in _relatives(value))
        yield kind_of(label), label, value, True
        yield from ((kind_of(inner), inner, text, False) for inner, text in _lines(value))


def _lines(text: str) -> Iterator[tuple[str, str]]:
    """The `label: value` pieces of a free text: whole lines, and known labels anywhere."""
    places = [match for match in _LABEL.finditer(text) if _begins_line(match) or kind_of(match[1] or match[2])]
    for match, following in zip_longest(places, places[1:]):
        end = following.start() if following else len(text)
        value = text[match.end() : end].strip().split("\n")[0]
        if value:
            yield (match[1] or match[2]).strip(), value


def _begins_line(match: re.Match[str]) -> bool:
    before = match.string[: match.start(match.lastindex or 0)].rstrip(" \t\u3000-*•·#【")
    return not before or before.endswith("\n")


def _relatives(text: str) -> Iterator[tuple[str, str]]:
    """Who is what, in a field about family and friends: 父亲张三, "Mother: Ada", 健二（父）."""
    for piece in re.split(r"[,，、。;；\n]", text):
        remark = re.search(r"[(（]([^()（）]{1,14})[)）]", piece)
        plain = without_remarks(piece).strip()
        if remark and kind_of(remark[1]) in RELATIONS and is_person_name(plain):
            yield remark[1], plain
            continue
        for length in range(min(len(plain) - 1, _MAX_LABEL["en"]), 0, -1):
            name = _SAYS_WHO.sub("", plain[length:]).strip()
            if kind_of(plain[:length]) in RELATIONS and is_person_name(name):
                yield plain[:length], name
                break


def _is_askable(label: str, value: str, language: Language) -> bool:
    """Whether a label that is not known can be put into a question of its own language."""
    if len(label) > _MAX_LABEL[language] or not re.fullmatch(r"[\w' ]+", label) or not may_be_asked(label):
        return False
    if re.match(r"(?:an?|the|my|his|her|its|their) ", label, re.IGNORECASE):
        return False
    has_script = re.search(r"[\u3041-\u9fff가-힣]", label)
    if (language == "en") == bool(has_script) or (language == "en" and label.rstrip("s") != label):
        return False
    if language == "zh" and not _is_chinese_noun(label):
        return False
    if language != "en" and _PERSON_LABEL.fullmatch(label) and not is_person_name(value):
        return False
    is_own = language == "en" or detect_language(f"{label} {value}") == language
    return is_own and len(value) <= _MAX_UNKNOWN and is_single_thing(value) and is_nominal(value) and "的" not in value


def _is_chinese_noun(label: str) -> bool:
    """Whether a label is a noun, which 你的 can stand before."""
    words = chinese_words(label)
    return words[-1][1].startswith(("n", "vn", "zg")) and (words[0][1][0] not in "vrc" or "的" in label)
