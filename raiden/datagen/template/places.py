"""Values that are places and trades, of which a part already says the whole."""

import re

from raiden.core.types import Language, Term
from raiden.datagen.template.names import chinese_words, is_duty, is_nominal, script_of
from raiden.datagen.template.readings import (
    LIST,
    MAX_PLAIN,
    Reading,
    clean,
    is_plain,
    is_thing,
    joined,
    lowered,
    single,
    with_article,
)

_MAX_PLACE = 16
_SETTLEMENT = re.compile(r"^the (?:small )?(?:village|town|city|island|kingdom|port) of ")
_WITHIN = re.compile(r"(?:on|in|at|near|by|under|inside|aboard|somewhere)\b", re.IGNORECASE)
_NO_PLACE = re.compile(r"(?:之家|世家|家庭|家族|门第|望族|[寒名]门|出身|名家|の家)$")
"""What a family was, rather than where it lived."""
_AREAS = "市县県시군구"
_REMARK = re.compile(r"\s*[,，]\s*(?=who|that|曾|原|现|now|formerly).*")
_ALSO = re.compile(r"^(?:兼任?|同时(?:是|担任)?|也是|现任|担任)(?=[\u4e00-\u9fff]{2})")
_OF = re.compile(r"\s+(?:on|at|in|of|for|with|from|to|under)\s+|的|の(?=[^\s]{2})|(?<=[가-힣])의\s")


def read_place(kind: str, text: str, language: Language) -> Reading | None:
    """A place; its narrower parts name it as well: "Skipton" of "Skipton, Yorkshire", 民勤 of 甘肃民勤."""
    whole = clean(text)
    if script_of(whole) == "en":
        parts = [part.strip() for part in whole.split(",")]
        core = _SETTLEMENT.sub("", parts[0])
        if _WITHIN.match(core):
            return None
        return single(core, ", ".join(parts)) if len(parts) <= 3 and all(map(is_plain, parts)) else None
    if len(whole) > _MAX_PLACE or not is_plain(whole) or _NO_PLACE.search(whole):
        return None
    parts = [part for part in _narrower(whole) if _stands_alone(part) and part != whole]
    parts += [part[:-1] for part in parts if part[-1] in _AREAS and _stands_alone(part[:-1])]
    return Reading(whole, (Term(tuple(dict.fromkeys([whole, *parts]))),))


def _stands_alone(part: str) -> bool:
    """Whether a piece of a place's name means the place by itself: neither 안 nor 12 does."""
    return len(part) > 1 and not part.isdigit() and is_plain(part)


def _narrower(place: str) -> list[str]:
    """The parts of a place but the widest."""
    if script_of(place) == "ja":
        return place.split("の")[-1:]
    if " " in place or "·" in place:
        return re.split(r"[\s·]+", place)[1:]
    (first, _), *others = chinese_words(place)
    # Where the first word is a single character, the cut is a guess: 黑/石山.
    are_sure = len(first) > 1
    return [word for word, tag in others if are_sure and tag in ("ns", "nr", "nz") and len(word) > 1 and word in place]


def read_office(kind: str, text: str, language: Language) -> Reading | None:
    """A trade; of "canal boatman on the Ouse" the boatman is asked for, 刻工 of 麻沙镇的刻工."""
    plain = clean(_REMARK.sub("", text))
    if LIST.search(plain):
        return _read_offices(kind, plain, language)
    script = script_of(plain)
    pieces = _OF.split(plain)
    core = lowered(pieces[0] if script == "en" else pieces[-1], kind)
    if not is_thing(core) or is_duty(core) or len(plain) > 2 * MAX_PLAIN[script]:
        return None
    words = core.split(" ")
    variants = (core, " ".join(words[-2:])) if len(words) > 2 else (core,)
    # Only the trade begins small: a sheriff of Dry Creek.
    spoken = with_article(core + plain[len(pieces[0]) :]) if script == "en" and language == "en" else plain
    return Reading(spoken, (Term(variants),))


def _read_offices(kind: str, text: str, language: Language) -> Reading | None:
    """Several trades; a list with a clause in it (学生，周末帮外婆卖票) is none."""
    items = [lowered(_ALSO.sub("", clean(item)), kind) for item in LIST.split(text)]
    are_trades = all(
        is_thing(item) and (script_of(item) == "en" or (is_nominal(item) and not is_duty(item))) for item in items
    )
    return joined(items, language) if are_trades else None
