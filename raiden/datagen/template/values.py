"""What a field's value says, if it says one plain thing, or a short list of them.

A value that is no name, noun, number, date or list of those is not read at all: no question is better than a wrong
one.
"""

import re
from collections.abc import Callable
from functools import lru_cache

from raiden.core.languages import word_set
from raiden.core.types import LANGUAGES, Language, Term
from raiden.datagen.template.figures import read_age, read_day, read_measure, read_year
from raiden.datagen.template.labels import RELATIONS
from raiden.datagen.template.names import (
    begins_with_verb,
    chinese_words,
    is_common_noun,
    is_kana_name,
    is_nominal,
    is_person_name,
    script_of,
)
from raiden.datagen.template.places import read_office, read_place
from raiden.datagen.template.readings import (
    LIST,
    Reading,
    clean,
    is_plain,
    is_thing,
    joined,
    lowered,
    single,
    with_article,
    without_remarks,
)
from raiden.datagen.template.tables import table
from raiden.facts.names import name_parts
from raiden.rewards.normalise import fold_text

_NAME_LIST = re.compile(r"\s*[、,，;；/／&\n]\s*|\s+and\s+")
_OTHER_NAMES = re.compile(r"[\u4e00-\u9fff]{2,6}(?: [\u4e00-\u9fff]{2,6})+")
"""Names in Chinese with blanks between them."""
_SCHOOL = re.compile(r"(.{2,}?(?:大学|大學|学院|學院|中学|高中|小学|学校|学園|高校|대학교|고등학교|중학교))\S+$")
"""A school with what is studied there, and in which year."""
_ABOUT_ONE = re.compile(
    r"(?:(?:an? |the |his |her |aged? |now |[a-z])|\d|[\u4e00-\u9fff]{5,}$|[一二三四五六七八九十]+岁)"
)
"""What is said of a person behind the name: "Eli, 19, away at college"."""
_CLOSED = ("zodiac", "chinese_zodiac", "blood_type")
_NOMINAL = word_set(
    "religion title rank art_name courtesy_name alias nickname foreign_name real_name school affiliation employer "
    "weapon treasure race nationality ethnicity masterpiece color animal flower fruit instrument"
)
"""Kinds whose values are nouns."""
_ANIMAL = re.compile(
    r"\b(?:cat|kitten|dog|puppy|hound|horse|pony|rabbit|hamster|parrot|owl|raven|crow|snake|turtle|fox|wolf|bird|lizard|"
    r"ferret|rat|mouse|fish)s?\b|萨摩耶|柯基|泰迪|哈士奇|金毛|拉布拉多|边牧|德牧|布偶|英短|美短|法斗|比熊|博美|[猫狗犬鸟鳥兔兎鱼魚龟亀马馬蛇鼠狐狼鹰鹦]|金魚|うさぎ|インコ|ハムスター|フクロウ|"
    r"고양이|강아지|[개견](?:$|\s)|토끼|햄스터|앵무|거북|금붕어|새(?:$|\s)"
)
_WEAPON = re.compile(
    r"\b(?:sword|dagger|bow|axe|pistol|gun|rifle|knife|spear|staff|hammer|katana|whip|blade|shield)s?$"
)
_COUNTER = re.compile(
    r"^[一两二三四五六七八九十几半][把只枚件条个张本块支根朵颗辆杆柄座间匹副幅面套对双串顶盏艘架台部](?=..)"
)
_BECOMING = re.compile(
    r"(?:想)?(?:成为|当上?|做)(?:[一两]?[名个位])?([^的]{2,})|(.{2,}?)に(?:なる|なりたい)(?:こと)?|"
    r"(.{2,}?)[이가] ?되(?:는 것|기)"
)
"""A wish to be something: what it is says enough."""
_ALLERGIC = re.compile(r"过敏$| ?알레르기$|アレルギー$| allergy$")
_QUOTED_NAME = re.compile(r"[「『“\"‘]([^「」『』“”\"]{1,8})[」』”\"’]\s*$")
_NAMED = re.compile(r"([\u4e00-\u9fff]{1,2})氏\s*[(（](?:闺名|本名|名叫?)?([\u4e00-\u9fff]{2,4})[)）]")
_COUNTED = re.compile(r"[一两二三四五六七八九十几\d]+[只条头匹隻匹羽]|[0-9一二三]匹の")
_CALLED = re.compile(
    r"(?:名叫|名为|取名|叫做|叫)[“「『\"]?([^\s，。、,.”」』\"的]{1,8}?)[”」』\"]?(?:的.{1,6})?$|"
    r"\b(?:named|called) ([A-Z][\w'-]+)$|^([^\s、。]{1,8})という(?:名の)?.{1,4}$|이름은 ([가-힣]{1,6})$|"
    r"[犬猫鳥亀馬兎]の([^\s、。]{2,6})$"
)


def read_value(kind: str, value: str, language: Language) -> tuple[str, Reading] | None:
    """The kind of fact, which may be a narrower one, and what the value says; None where it is not plain.

    Args:
        kind: a known kind, or empty for a label that is not known.
        language: that the character speaks; the value may be in another.
    """
    text = " ".join(value.strip().strip(",，;；。.").split())
    if not text:
        return None
    if kind in ("taboo_food", "dislike_food") and (cause := _ALLERGIC.sub("", text)) != text:
        kind, text = "allergy", cause
    if kind == "pet":
        return _read_pet(text, language)
    if kind in _CLOSED and not any(word in _closed(kind) for word in (fold_text(clean(text)), fold_text(text))):
        return None
    reading = _READERS.get(kind, _read_things)(kind, text, language)
    return (kind, reading) if reading else None


@lru_cache(maxsize=8)
def _closed(kind: str) -> frozenset[str]:
    """All that can be a value of a kind, folded."""
    return frozenset(fold_text(word) for word in table("labels")["closed"][kind].split(", "))


def is_single_thing(value: str) -> bool:
    """Whether a value has no list, no remark and no clause in it."""
    text = value.strip()
    return not LIST.search(text) and without_remarks(text) == text and is_thing(text)


def _read_things(kind: str, text: str, language: Language) -> Reading | None:
    parts = _OTHER_NAMES.fullmatch(text) if kind in ("alias", "nickname") else None
    items = text.split() if parts else [clean(item) for item in LIST.split(without_remarks(text))]
    is_noun = language != "zh" or kind not in _NOMINAL or not any(map(begins_with_verb, items))
    if not is_noun or not all(map(is_thing, items)):
        return None
    items = [lowered(item, "pet" if _is_sort(kind, item) else kind) for item in items]
    if len(items) == 1 and "的" in items[0] and kind != "dream":
        return _of_something(items[0])
    if len(items) == 1 and (core := _core(kind, items[0])):
        return Reading(items[0], (Term((items[0], core)),)) if is_plain(items[0]) and is_thing(core) else None
    with_articles = language == "en" and all(_is_sort(kind, item) for item in items)
    return joined(items, language, [with_article(item) for item in items] if with_articles else None)


def _core(kind: str, item: str) -> str:
    """The part of a thing that says it as well: 二手吉普 of 一辆二手吉普, 面包师 of 成为一名面包师."""
    if kind == "dream" and (found := _BECOMING.fullmatch(item)):
        return next(filter(None, found.groups()))
    core = _COUNTER.sub("", item)
    return core if core != item and is_nominal(core) else ""


def is_animal(text: str) -> bool:
    """Whether a text names a kind of animal that people keep.

    >>> is_animal("black cat"), is_animal("고양이"), is_animal("sister")
    (True, True, False)
    """
    return bool(_ANIMAL.search(fold_text(text)))


def _is_sort(kind: str, item: str) -> bool:
    """Whether an English word says what sort of animal or weapon it is, rather than its name."""
    pattern = {"pet": _ANIMAL, "mount": _ANIMAL, "familiar": _ANIMAL, "weapon": _WEAPON}.get(kind)
    return bool(pattern and item.isascii() and pattern.search(fold_text(item)))


def _of_something(item: str) -> Reading | None:
    """母亲留下的月光石吊坠: the noun at the end is enough."""
    head = _COUNTER.sub("", item.rpartition("的")[2])
    return single(head if len(head) > 1 and is_thing(head) else item, item) if is_nominal(item) else None


def _read_people(kind: str, text: str, language: Language) -> Reading | None:
    first, *others = [clean(item) for item in _NAME_LIST.split(without_remarks(text))]
    items = [first, *(item for item in others if not _ABOUT_ONE.match(item))]
    are_names = all(is_person_name(item) or is_kana_name(item) for item in items)
    named = _NAMED.fullmatch(text)
    if are_names and named and named[2].startswith(named[1]) and is_person_name(named[2]):  # 慕容氏（慕容清）
        return Reading(items[0], (Term((items[0], named[2])),))
    return joined(items, language) if are_names else None


def _read_name(kind: str, text: str, language: Language) -> Reading | None:
    """The character's own name; one part of it is enough."""
    name = clean(text)
    if not is_plain(name):
        return None
    parts = [part for part in name_parts(name) if not is_common_noun(part)]
    variants = dict.fromkeys([name, *parts]) if len(parts) < 4 else [name]
    return Reading(name, (Term(tuple(variants)),))


def _read_pet(text: str, language: Language) -> tuple[str, Reading] | None:
    """A pet's name where there is one ("a cat named Figaro", Figaro), else what it is."""
    counted = _COUNTED.match(text)
    if counted and not _CALLED.search(without_remarks(text)):
        reading = _read_things("pet", text[counted.end() :], language)
        return ("pet", reading) if reading else None
    if called := _CALLED.search(without_remarks(text)):
        name = next(filter(None, called.groups()))
        return ("pet_name", single(name, name)) if is_plain(name) else None
    items = [clean(item) for item in LIST.split(without_remarks(text))]
    kinds = [is_animal(item) for item in items]
    named = [item for item, is_kind in zip(items, kinds, strict=True) if not is_kind and item[:1].isupper()]
    if any(kinds) and named:  # two cats, Figaro and Pip
        reading = joined(named, language)
        return ("pet_name", reading) if reading else None
    if any(kinds) and (own := _name_behind_kind(text)):
        return "pet_name", single(own, own)
    if any(kinds):
        reading = _read_things("pet", re.sub(r"^(?:an?|one) ", "", text), language)
        return ("pet", reading) if reading else None
    are_names = all(is_plain(item) and (not item.isascii() or item[:1].isupper()) for item in items)
    reading = joined(items, language) if are_names else None
    return ("pet_name", reading) if reading else None


def _name_behind_kind(text: str) -> str:
    """The name in 仓鼠花生 and 猫「将军」."""
    found = _QUOTED_NAME.search(text)
    if found and is_animal(text[: found.start()]):
        return found[1]
    words = chinese_words(text) if script_of(text) == "zh" and is_thing(text) else []
    rest = "".join(word for word, _ in words[1:])
    is_named = 0 < len(rest) <= 3 and is_animal(words[0][0]) and not is_animal(rest) and text.endswith(rest)
    return rest if is_named and words[0][1].startswith("n") else ""


def _read_school(kind: str, text: str, language: Language) -> Reading | None:
    """A school; of 江城大学建筑系大四 the university is asked for."""
    within = _SCHOOL.match(clean(text))
    return _read_things(kind, within[1] if within else text, language)


def _read_gender(kind: str, text: str, language: Language) -> Reading | None:
    word = clean(text)
    for own, other in (("male", "female"), ("female", "male")):
        if fold_text(word) in _spellings(own):
            variants, wrong = (table(language)["values"][gender].split(", ") for gender in (own, other))
            return Reading(variants[0], (Term(tuple(dict.fromkeys([word, *variants]))),), (Term(tuple(wrong)),))
    return None


def _spellings(gender: str) -> set[str]:
    """The words for a gender in all languages."""
    return {fold_text(word) for language in LANGUAGES for word in table(language)["values"][gender].split(", ")}


_READERS: dict[str, Callable[[str, str, Language], Reading | None]] = {
    "name": _read_name,
    "gender": _read_gender,
    "age": read_age,
    "birthday": read_day,
    "birth_year": read_year,
    "height": read_measure,
    "weight": read_measure,
    "occupation": read_office,
    "school": _read_school,
    **dict.fromkeys(("birthplace", "hometown", "residence"), read_place),
    **dict.fromkeys(RELATIONS, _read_people),
}
