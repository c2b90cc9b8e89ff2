"""Dates in a folded text, compared by their fields.

dateutil was left out: it reads English alone, takes today's date for what is missing and raises on
the rest.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from raiden.core.languages import word_list
from raiden.rewards.numerals import ERA_STARTS, english_value, han_value, hangul_value

_MONTHS = word_list("january february march april may june july august september october november december")
_MONTH_NUMBERS = {name: index for index, name in enumerate(_MONTHS, 1)} | {
    name[:3]: index for index, name in enumerate(_MONTHS, 1)
} | {"sept": 9}  # fmt: skip
_MONTH = "(?P<month>" + "|".join(sorted(_MONTH_NUMBERS, key=len, reverse=True)) + r")\b\.?"
_DAY_WORD = r"(?:(?:twenty|thirty)[\s-])?[a-z]{3,11}(?:st|nd|rd|th)"
_DAY = rf"(?P<day>\d{{1,2}}(?:st|nd|rd|th)?\b|{_DAY_WORD}\b)"
_YEAR = r"(?:(?:,?\s+|\s+of\s+)(?P<year>\d{4})\b)?"
_HAN = "〇零一二三四五六七八九十廿卅"
_SINO = "일이삼사오육륙칠팔구십백천영공"
_HAN_YEAR = rf"(?P<era>{'|'.join(ERA_STARTS)})?(?P<year>\d{{1,4}}|元|[{_HAN}]{{1,4}})"
_HAN_MONTH = rf"(?P<month>\d{{1,2}}|[{_HAN}]{{1,3}})"
_SINO_YEAR = rf"(?P<year>\d{{4}}|[{_SINO}]{{4,8}})"
_SINO_MONTH = rf"(?P<month>\d{{1,2}}|[{_SINO}]{{1,2}}|유|시)"

_WHOLE_DATES = (
    re.compile(rf"\b{_MONTH}\s+(?:the\s+)?{_DAY}{_YEAR}"),
    re.compile(rf"\b{_DAY}\s+(?:day\s+)?(?:of\s+)?{_MONTH}{_YEAR}"),
    re.compile(r"(?<!\d)(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})(?!\d)"),
    re.compile(r"(?<![\d/])(?P<month>\d{1,2})/(?P<day>\d{1,2})(?:/(?P<year>\d{4}))?(?![\d/])"),
    re.compile(
        rf"(?:{_HAN_YEAR}年\s?)?(?<![\d{_HAN}]){_HAN_MONTH}月[\sの]?(?P<day>\d{{1,2}}|[{_HAN}]{{1,3}})"
        rf"(?:[日号號]|(?![\d{_HAN}]))"
    ),
    re.compile(
        rf"(?:{_SINO_YEAR}\s?년\s?)?(?<![\d{_SINO}]){_SINO_MONTH}\s?월\s?"
        rf"(?P<day>\d{{1,2}}|[{_SINO}]{{1,4}})\s?일"
    ),
)
_PARTIAL_DATES = (
    re.compile(rf"\b{_MONTH},?\s+(?P<year>\d{{4}})\b"),
    re.compile(r"(?<![\d.,])(?P<year>1\d{3}|20\d{2})(?!\d)"),
    re.compile(rf"{_HAN_YEAR}年(?:\s?{_HAN_MONTH}月)?"),
    re.compile(rf"{_SINO_YEAR}\s?년(?:\s?{_SINO_MONTH}\s?월)?"),
)
_SAME_TIME = re.compile(
    r"\b(?:that|the same)(?: very)? \w+|[那同当當]一?[年天月晚日](?:的?[春夏秋冬][天季]?)?|"
    r"(?:その|あの|同じ)[年月日晩](?:の[春夏秋冬朝晩夜]|に|(?=[、,]))|(?<![가-힣])그\s?[해날달](?:\s[봄여름가을겨울밤아침저녁]+)?"
)
"""A time that was named before."""
_TIMES = re.compile(
    rf"\b(?:{'|'.join(_MONTHS)}|{'|'.join(word_list('monday tuesday wednesday thursday friday saturday sunday'))}|"
    r"spring|summer|autumn|winter|noon|midnight|morning|evening|o'clock|years?|yesterday)\b|\d|"
    rf"[{_HAN}正元腊][月年日时点時岁歳]|[春夏秋冬]|[{_SINO}유시]\s?[월년일]|봄|여름|가을|겨울|"
    r"(?:한|두|세|네|다섯|여섯|일곱|여덟|아홉|열|정오|자정)\s?시?|[子丑寅卯辰巳午未申酉戌亥][时時刻]|曜|요일|星期|礼拜|周[一二三四五六日末]"
)
_ODD_MONTHS = {"유": 6, "시": 10}
_FIRST_YEAR = 1000
"""Smaller numbers before 年 and 년 count years."""


class Date(NamedTuple):
    """What is said of a date; a field that is not said is None."""

    start: int
    end: int
    year: int | None
    month: int | None
    day: int | None

    def includes(self, other: Date) -> bool:
        """Whether every field that the other has is the same here."""
        return other.year in (None, self.year) and other.month in (None, self.month) and other.day in (None, self.day)


def find_dates(text: str) -> list[Date]:
    """The dates of a folded text, in any of the four languages; parts of a date are given as well."""
    patterns = (*_WHOLE_DATES, *_PARTIAL_DATES)
    return [date for pattern in patterns for match in pattern.finditer(text) if (date := _read(match))]


def names_a_time(text: str) -> bool:
    """Whether a folded text says when by itself: a month, a day, a season, an hour or a year.

    >>> names_a_time("i moved in the autumn"), names_a_time("i moved that autumn")
    (True, False)
    """
    return bool(_TIMES.search(_SAME_TIME.sub(" ", text)))


def leans_on_a_time(text: str) -> bool:
    """Whether a folded text speaks of a time that was named before: that autumn, 那年, その年, 그해."""
    return bool(_SAME_TIME.search(text))


def whole_date(text: str) -> Date | None:
    """The date, with its month and day, that a folded keyword is, if it is one and nothing else."""
    date = any_date(text)
    return date if date and date.day else None


def any_date(text: str) -> Date | None:
    """The date, or the year with or without a month, that a folded keyword is."""
    return next((date for date in find_dates(text) if (date.start, date.end) == (0, len(text))), None)


def _read(match: re.Match[str]) -> Date | None:
    said = match.groupdict()
    year, month, day = (_field(written) if (written := said.get(name)) else None for name in ("year", "month", "day"))
    if year is not None:
        year += ERA_STARTS.get(said.get("era") or "", 0)
    is_possible = (
        month in (None, *range(1, 13)) and day in (None, *range(1, 32)) and (year or _FIRST_YEAR) >= _FIRST_YEAR
    )
    is_read = all((said.get(name) is None) == (value is None) for name, value in (("month", month), ("day", day)))
    return Date(*match.span(), year, month, day) if is_possible and is_read else None


def _field(written: str) -> int | None:
    if written in _MONTH_NUMBERS or written in _ODD_MONTHS:
        return _MONTH_NUMBERS.get(written) or _ODD_MONTHS[written]
    if written == "元":
        return 1
    if digits := re.match(r"\d+", written):
        return int(digits[0])
    if written.isascii():
        found = english_value(re.findall("[a-z]+", written))
        return int(found[0]) if found and found[1] else None
    value = hangul_value(written) if "가" <= written[0] <= "힣" else han_value(written)
    return None if value is None else int(value)
