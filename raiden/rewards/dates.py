"""Dates in a folded text, compared by their fields.

dateutil was left out: it reads English alone, takes today's date for what is missing and raises on
the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from raiden.languages import word_list
from raiden.rewards.numerals import english_value, han_value, hangul_value

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
_ERAS = {"明治": 1867, "大正": 1911, "昭和": 1925, "平成": 1988, "令和": 2018, "民国": 1911, "民國": 1911}

_PATTERNS = (
    re.compile(rf"\b{_MONTH}\s+(?:the\s+)?{_DAY}{_YEAR}"),
    re.compile(rf"\b{_DAY}\s+(?:day\s+)?(?:of\s+)?{_MONTH}{_YEAR}"),
    re.compile(r"(?<!\d)(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})(?!\d)"),
    re.compile(r"(?<![\d/])(?P<month>\d{1,2})/(?P<day>\d{1,2})(?:/(?P<year>\d{4}))?(?![\d/])"),
    re.compile(
        rf"(?:(?P<era>{'|'.join(_ERAS)})?(?P<year>\d{{1,4}}|元|[{_HAN}]{{1,4}})年\s?)?(?<![\d{_HAN}])"
        rf"(?P<month>\d{{1,2}}|[{_HAN}]{{1,3}})月\s?(?P<day>\d{{1,2}}|[{_HAN}]{{1,3}})(?:[日号號]|"
        rf"(?![\d{_HAN}]))"
    ),
    re.compile(
        rf"(?:(?P<year>\d{{4}}|[{_SINO}]{{4,8}})\s?년\s?)?(?<![\d{_SINO}])"
        rf"(?P<month>\d{{1,2}}|[{_SINO}]{{1,2}}|유|시)\s?월\s?(?P<day>\d{{1,2}}|[{_SINO}]{{1,4}})\s?일"
    ),
)
_ODD_MONTHS = {"유": 6, "시": 10}


class Date(NamedTuple):
    """A day of the year, and the year where it is said."""

    start: int
    end: int
    year: int | None
    month: int
    day: int

    def includes(self, other: Date) -> bool:
        """Whether every field that the other has is the same here."""
        return (self.month, self.day) == (other.month, other.day) and other.year in (None, self.year)


def find_dates(text: str) -> list[Date]:
    """The dates of a folded text, in any of the four languages."""
    return [date for pattern in _PATTERNS for match in pattern.finditer(text) if (date := _read(match))]


def _read(match: re.Match[str]) -> Date | None:
    month, day = _field(match["month"]), _field(match["day"])
    year = _field(match["year"]) if match["year"] else None
    era = match.groupdict().get("era")
    if era and year is not None:
        year += _ERAS[era]
    if month is None or day is None or not 1 <= month <= 12 or not 1 <= day <= 31:
        return None
    return Date(*match.span(), year, month, day)


def _field(written: str) -> int | None:
    if written in _MONTH_NUMBERS or written in _ODD_MONTHS:
        return _MONTH_NUMBERS.get(written) or _ODD_MONTHS[written]
    if written == "元":
        return 1
    digits = re.match(r"\d+", written)
    if digits:
        return int(digits[0])
    if written.isascii():
        found = english_value(re.findall("[a-z]+", written))
        return int(found[0]) if found and found[1] else None
    value = hangul_value(written) if "가" <= written[0] <= "힣" else han_value(written)
    return None if value is None else int(value)


def whole_date(text: str) -> Date | None:
    """The date that a keyword is, if it is one and nothing else."""
    dates: Iterator[Date] = (date for date in find_dates(text) if (date.start, date.end) == (0, len(text)))
    return next(dates, None)
