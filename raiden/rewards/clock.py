"""Times of day in a folded text: half past five, 七点三刻, 夜の七時, 다섯 시 반, 17:30.

A time is the set of minutes of the day that it can mean: "five" is 5:00 and 17:00, "five in the evening" 17:00 alone.
Two times are the same where these sets meet.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from raiden.core.types import Language
from raiden.rewards.idioms.base import phrases
from raiden.rewards.numerals import english_value, han_value, hangul_value

_DAY = 24 * 60


class Clock(NamedTuple):
    """A time of day and where it is said."""

    start: int
    end: int
    minutes: frozenset[int]
    """Minutes after midnight that it can mean."""


_PERIODS: tuple[tuple[re.Pattern[str], range], ...] = (
    (
        phrases(
            r"\ba\.?m\b",
            r"morning|dawn|sunrise",
            r"上午|早上|清晨|清早|凌晨|早晨|大早|后半夜|午前|朝|未明|明け方|오전|새벽|아침",
        ),
        range(0, 12),
    ),
    (
        phrases(
            r"\bp\.?m\b", r"afternoon|evening|tonight|dusk|sunset", r"下午|傍晚|晚上|晚间|黄昏|午後|夕方|夕|오후|저녁"
        ),
        range(12, 24),
    ),
    (phrases(r"at night|midnight", r"夜里|半夜|深夜|夜间|夜|晩|밤|한밤"), range(18, 30)),
)
"""Words for a part of the day, and the hours that it holds; 26 is two in the morning."""

_EN_HOUR = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
_EN_MINUTE = r"(?:twenty[- ]?)?(?:one|two|three|four|five|six|seven|eight|nine)|ten|eleven|twelve|twenty|\d{1,2}"
_EN_PART = (
    r"(?:\s*(?P<part>a\.?m\b\.?|p\.?m\b\.?|(?:in the|at|every) (?:early |late )?(?:morning|afternoon|"
    r"evening|night|dawn|dusk)))?"
)
_HAN = "〇零一二三四五六七八九十两"
_ZH_PART = (
    r"(?P<part>上午|早上|清晨|清早|大清早|凌晨|早晨|后半夜|下午|傍晚|晚上|晚间|黄昏|夜里|半夜|深夜|夜)?(?:的|里)?"
)
_ZH_A_BIT = r"一点[也都儿不没]|(?<=[有早晚快慢大小多少好高低再])一点"
_JA_PART = r"(?P<part>午前|朝|未明|明け方|早朝|午後|夕方|夕|夜中|深夜|夜|晩)?の?,?"
_KO_PART = r"(?P<part>오전|새벽|아침|오후|저녁|한밤중?|밤)?(?:에)?\s?"
_KO_HOUR = "열한|열두|열하나|열둘|한|두|세|네|다섯|여섯|일곱|여덟|아홉|열"
_KO_MINUTE = "[일이삼사오육칠팔구십]{1,4}"
_DIGITAL = re.compile(rf"(?<![\d:.])(?P<h>\d{{1,2}})[:](?P<m>\d{{2}})(?![\d:]){_EN_PART}")
_PATTERNS: dict[Language, tuple[re.Pattern[str], ...]] = {
    "en": (
        re.compile(rf"\b(?P<to>half|(?:a )?quarter|{_EN_MINUTE})(?: minutes)? (?P<way>past|to|after|before) "
                   rf"(?P<h>{_EN_HOUR}|noon|midday|midnight|\d{{1,2}})\b{_EN_PART}"),
        re.compile(rf"\b(?P<h>{_EN_HOUR}|\d{{1,2}})(?:[ -](?P<m>thirty|fifteen|forty[- ]five|twenty|"
                   rf"ten))?(?: o'?clock)?{_EN_PART.removesuffix('?')}"),
        re.compile(rf"\b(?P<h>{_EN_HOUR}|\d{{1,2}}) o'?clock\b"),
        re.compile(rf"\b(?P<m>half) (?P<h>{_EN_HOUR})\b(?! (?:of|dozen|hundred|thousand))"),
        re.compile(rf"\b(?P<h>{_EN_HOUR})[ -](?P<m>thirty|fifteen|forty[- ]five)\b"),
        re.compile(r"\b(?P<h>noon|midday|midnight)\b"),
    ),
    "zh": (
        re.compile(rf"{_ZH_PART}(?!{_ZH_A_BIT})(?P<h>[{_HAN}]{{1,3}}|\d{{1,2}})(?:点|时(?!候|间|常|光))(?:(?P<m>半|"
                   rf"[一三两]刻|[{_HAN}]{{1,3}}分?|\d{{1,2}}分?)|钟|整)?"),
        re.compile(rf"{_ZH_PART}(?P<h>[{_HAN}]{{1,3}}|\d{{1,2}})点差(?P<m>一刻|[{_HAN}]{{1,3}}分?|\d{{1,2}}分?)"),
        re.compile(rf"差(?P<m>一刻|[{_HAN}]{{1,3}}分?|\d{{1,2}}分?)(?:到)?(?P<h>[{_HAN}]{{1,3}}|\d{{1,2}})点"),
        re.compile(r"(?P<h>正午|中午|午夜|子夜)"),
    ),
    "ja": (
        re.compile(rf"{_JA_PART}(?P<h>[{_HAN}]{{1,3}}|\d{{1,2}})時(?!間|代|計)(?:(?P<m>半|[{_HAN}]{{1,3}}分|"
                   rf"\d{{1,2}}分))?"),
        re.compile(r"(?P<h>正午|真夜中)"),
    ),
    "ko": (
        re.compile(rf"{_KO_PART}(?<![가-힣])(?P<h>{_KO_HOUR}|\d{{1,2}})\s?시(?!간|절|장|작)(?:\s?(?P<m>반|"
                   rf"{_KO_MINUTE}\s?분(?:\s전)?|\d{{1,2}}\s?분(?:\s전)?))?"),
        re.compile(r"(?P<h>정오|자정)"),
    ),
}  # fmt: skip
_SAYS_MINUTES = re.compile(
    r":|半|반|刻|分|분|整|ちょうど|past|to |quarter|half|thirty|fifteen|forty|noon|midnight|正午|정오|자정"
)
_NAMED = {
    "noon": 12,
    "midday": 12,
    "midnight": 0,
    "正午": 12,
    "中午": 12,
    "午夜": 0,
    "子夜": 0,
    "真夜中": 0,
    "정오": 12,
    "자정": 0,
}
_SHARES = {"half": 30, "quarter": 15, "a quarter": 15, "半": 30, "반": 30, "一刻": 15, "两刻": 30, "三刻": 45}


def find_clocks(text: str, language: Language) -> list[Clock]:
    """The times of day of a folded text, in order of their patterns."""
    return list(_read_all(text, language))


def clock_of(text: str, language: Language) -> Clock | None:
    """The time of day that a folded keyword is, if it is one and nothing else; an hour alone is all of its minutes."""
    whole = (clock for clock in _read_all(text, language) if (clock.start, clock.end) == (0, len(text)))
    clock = next(whole, None)
    if clock and not _SAYS_MINUTES.search(text):
        return clock._replace(minutes=frozenset(minute + m for minute in clock.minutes for m in range(60)))
    return clock


def bare_hour(value: float) -> frozenset[int]:
    """The minutes that a number alone can mean, said as an answer to "at what time"."""
    return _minutes(int(value), 0, "") if value == int(value) and 0 <= value <= 24 else frozenset()


def _read_all(text: str, language: Language) -> Iterator[Clock]:
    for pattern in (_DIGITAL, *_PATTERNS[language]):
        for match in pattern.finditer(text):
            if minutes := _read(match, language):
                yield Clock(match.end() - len(match[0].lstrip(", ")), match.end(), minutes)


def _read(match: re.Match[str], language: Language) -> frozenset[int]:
    groups = match.groupdict()
    named, minute, part = _NAMED.get(groups["h"]), 0, groups.get("part") or ""
    value = named if named is not None else _value(groups["h"], language)
    if value is None or value > 24:
        return frozenset()
    if written := groups.get("to"):
        minute = _SHARES.get(written) or int(_value(written, language) or 0)
        minute = minute if groups["way"] in ("past", "after") else -minute
    elif written := groups.get("m"):
        minute = _SHARES.get(written) or int(_value(written.rstrip("前전分분 "), language) or 0)
        minute = -minute if written.endswith(("前", "전")) or "差" in match[0] else minute
    if part and match.re is not _DIGITAL:
        part = match[0]
    if named is not None:
        return frozenset({(named * 60 + minute) % _DAY})
    return _minutes(int(value), minute, part) if minute < 60 else frozenset()


def _value(written: str, language: Language) -> float | None:
    if written.isdecimal():
        return int(written)
    if written.isascii():
        found = english_value(re.findall("[a-z]+", written))
        return found[0] if found else None
    read: Callable[[str], float | None] = hangul_value if language == "ko" else han_value
    return read(written)


def _minutes(hour: int, minute: int, part: str) -> frozenset[int]:
    """What an hour and a minute can mean in a part of the day; without one, both halves of the day below 13."""
    hours = {hour} if hour > 12 else {hour % 12, hour % 12 + 12}
    for pattern, of_day in _PERIODS:
        if part and pattern.search(part):
            hours = {h for h in hours if h in of_day or h + 24 in of_day} or hours
            break
    return frozenset((h * 60 + minute) % _DAY for h in hours)
