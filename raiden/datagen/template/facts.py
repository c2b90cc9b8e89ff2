"""A profile -> the facts that its character can be asked for."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from raiden.core.languages import detect_language
from raiden.core.types import Language, Profile, Term
from raiden.datagen.template.labels import ONLY_ONE, RELATIONS, kind_of, may_be_asked
from raiden.datagen.template.names import (
    chinese_words,
    is_duty,
    is_nominal,
    is_person_name,
    script_of,
)
from raiden.datagen.template.readings import LIST, Reading, clean
from raiden.datagen.template.relatives import PERSON_LABEL, relatives
from raiden.datagen.template.values import is_single_thing, read_value
from raiden.facts import Statement, is_called, same_name, statements_of
from raiden.facts.names import name_parts, plain_name
from raiden.facts.sections import folded, is_family, is_name_label

_MAX_LABEL = {"zh": 7, "ja": 9, "ko": 12, "en": 24}
_MAX_UNKNOWN = 16
"""Characters of a value under a label that is not known."""
_LIKED = re.compile(r"最?(?:喜欢|喜爱|讨厌|害怕|擅长|想)|一?番?好き|가장 좋아|좋아하는")
"""What may begin a label with 的 in it: 喜欢的甜点, but not 店里的猫."""
_TITLED = re.compile(r"(?:Mr|Mrs|Ms|Miss|Dr|Sir|Lady|Lord)\.? [A-Z]")
_OF_ANOTHER_TIME = re.compile(
    r"[(（\[].*(?:before|former|past|previous|old|future|fake|false|曾|前|原|旧|过去|将来|未来|假|伪|元|偽|전|과거|옛|미래|가짜)",
    re.IGNORECASE,
)
_ALSO_CALLED = re.compile(
    r"[(（、，]\s*(?:本名|真名|原名|实名|全名|大名|본명|real name|born)[:：是叫]?\s*"
    r"([^()（）、，,]{2,12}?)\s*(?=[)）、，,]|$)"
)
_NO_NAME = re.compile(r"的|(?:人々|たち|們|们|사람들)$|群像|\b(?:rpg|simulator|group)\b", re.IGNORECASE)
"""What a type of person or several people are called."""
_OTHER_NAMES = ("alias", "nickname", "courtesy_name", "art_name")
_SAYS_MORE = re.compile(r"(?:'s)?\s+[a-z]|[是在有会はがも은는이가]")


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
        is_titled = bool(_TITLED.match(self.reading.spoken))
        is_someones = bool(PERSON_LABEL.fullmatch(self.label)) or kind_of(self.label.split()[-1]) in RELATIONS
        return self.kind in RELATIONS or (not self.kind and (is_titled or is_someones))


def facts_of(profile: Profile, language: Language) -> list[Fact]:
    """The facts that a profile states of its character, one for each kind or label, in the profile's order.

    What it says of others is none of them, nor what it says in two ways of which one must be wrong.

    Args:
        language: that the questions will be in; labels that are not known are asked in their own language only.
    """
    facts: dict[tuple[str, str], Fact] = {}
    statements = statements_of(profile.fields, profile.name)
    if name := _name(profile, statements, language):
        facts["name", ""] = name
    doubtful: set[tuple[str, str]] = set()
    for kind, label, value, is_direct in _labelled(profile, statements):
        if not kind and not _is_askable(label, value, language):
            continue
        if kind == "employer" and _TITLED.match(value):
            continue  # one works for a person, not at one
        if kind in _OTHER_NAMES:
            value = _not_in_name(value, profile.name)
        if reading := read_value(kind, value, language):
            fact = Fact(reading[0], label, reading[1], is_direct)
            key = (fact.kind, label if not fact.kind or fact.kind in RELATIONS else "")
            if fact.kind in ONLY_ONE and key in facts and not _agree(fact, facts[key]):
                doubtful.add(key)
            # The same label a second time may be somebody else's.
            if key in facts and fact.kind not in ONLY_ONE and folded(fact.label) != folded(facts[key].label):
                facts[key] = _with(facts[key], fact)
            facts.setdefault(key, fact)
    return [fact for key, fact in facts.items() if key not in doubtful]


def _not_in_name(value: str, name: str) -> str:
    """Other names less those that a character says with the own one: 芙蓉 of 白芙蓉."""
    items = LIST.split(value)
    left = [item for item in items if clean(item) not in name]
    return value if len(left) == len(items) else "、".join(left)


def _agree(one: Fact, other: Fact) -> bool:
    """Whether two readings of one kind have a word in common."""
    said = {variant for term in one.reading.terms for variant in term.variants}
    return any(variant in said for term in other.reading.terms for variant in term.variants)


def _with(one: Fact, other: Fact) -> Fact:
    """A fact that a second statement of its kind answers too: 身份-馆长 beside 职业-修复师."""
    said = {variant for term in one.reading.terms for variant in term.variants}
    more = [term for term in other.reading.terms if not said.intersection(term.variants)]
    terms = (*one.reading.terms, *more)
    if len(one.reading.terms) == 1:
        variants = dict.fromkeys(variant for term in (*terms, *other.reading.terms) for variant in term.variants)
        terms = (Term(tuple(variants)),)
    return replace(one, reading=replace(one.reading, terms=terms))


def _labelled(profile: Profile, statements: Sequence[Statement]) -> Iterator[tuple[str, str, str, bool]]:
    """Kind, label and value of each labelled thing that is the character's own, and whether it is a field."""
    names = (profile.name, *name_parts(profile.name))
    for statement in statements:
        label, value = statement.label.strip(" -—–・·:"), statement.value
        if statement.subject or same_name(label, value) or _OF_ANOTHER_TIME.search(label) or _is_owned(label):
            continue
        if any(value.startswith(name) and _SAYS_MORE.match(value[len(name) :]) for name in names):
            continue  # a sentence about the character
        if is_family(label):
            yield from ((kind_of(relation), relation, names, False) for relation, names in relatives(value))
        elif any(map(is_family, statement.path)):
            if kind_of(label) in RELATIONS:
                yield from ((kind_of(label), label, names, False) for _, names in relatives(f"{label}: {value}"))
        elif not is_name_label(label) or not same_name(value, profile.name):
            yield kind_of(label), label, value, statement.is_direct


def _is_owned(label: str) -> bool:
    """Whether a label says whose thing it is, and it is not the character's: お隣のポチの好物, 옆집 초코의 나이."""
    thing = re.split(r"[的の]|의 ", label)[-1].strip()
    return thing != label and not kind_of(label) and bool(kind_of(thing)) and not _LIKED.match(label)


def _name(profile: Profile, statements: Sequence[Statement], language: Language) -> Fact | None:
    """The character's name; a reply may give it as any field of the profile spells it."""
    name = plain_name(profile.name)
    if _NO_NAME.search(profile.name):
        return None
    read = read_value("name", name, language)
    if read is None:
        return None
    stated = [s.value for s in statements if not s.subject and is_name_label(s.label)]
    spoken = (plain_name(value) for value in stated)
    key = profile.raw.get("npc_name")  # a role file's own spelling
    spellings = dict.fromkeys(other for other in (profile.name, *spoken) if same_name(other, name))
    if isinstance(key, str) and is_called(key, name):
        spellings[key] = None
    spellings |= dict.fromkeys(found[1] for value in stated if (found := _ALSO_CALLED.search(value)))
    for statement in statements:
        if not statement.subject and kind_of(statement.label) == "real_name":
            real = read_value("real_name", statement.value, language)
            spellings |= dict.fromkeys(real[1].terms[0].variants if real else ())
    (term,) = read[1].terms
    variants = dict.fromkeys((*term.variants, *spellings, *(other.replace("·", "") for other in spellings)))
    return Fact("name", "Name", Reading(read[1].spoken, (Term(tuple(variants)),)), True)


def _is_askable(label: str, value: str, language: Language) -> bool:
    """Whether a label that is not known can be put into a question of its own language."""
    if len(label) > _MAX_LABEL[language] or not re.fullmatch(r"[\w' ]+", label) or not may_be_asked(label):
        return False
    if re.match(r"(?:an?|the|my|his|her|its|their) ", label, re.IGNORECASE):
        return False
    has_script = re.search(r"[\u3041-\u9fff가-힣]", label)
    if (language == "en") == bool(has_script) or (language == "en" and label.rstrip("s") != label):
        return False
    if language == "zh" and (("的" in label and not _LIKED.match(label)) or not _is_chinese_noun(label)):
        return False
    is_someones = language != "en" and bool(PERSON_LABEL.fullmatch(label))
    if is_someones and not is_person_name(value):
        return False
    is_thing = is_single_thing(value) and (is_someones or is_nominal(value)) and "的" not in value
    if not is_someones and not _LIKED.match(label) and _may_be_somebody(label, value):
        return False
    if is_duty(value):
        return False  # 右手: 缺一截小指
    is_own = language == "en" or detect_language(f"{label} {value}") == language
    return is_own and is_thing and len(value) <= _MAX_UNKNOWN


def _may_be_somebody(label: str, value: str) -> bool:
    """Whether a value may end in a person's name, where the label does not tell."""
    if script_of(value) != "zh":
        return script_of(value) != "en" and is_person_name(value)
    if value.endswith(label):
        return False  # 灵根: 冰灵根
    words = chinese_words(value)
    return is_person_name(value) or (len(words) > 1 and words[-1][1] in ("nr", "nrt"))


def _is_chinese_noun(label: str) -> bool:
    """Whether a label is a noun, which 你的 can stand before."""
    words = chinese_words(label)
    return words[-1][1].startswith(("n", "vn", "zg")) and (words[0][1][0] not in "vrc" or "的" in label)
