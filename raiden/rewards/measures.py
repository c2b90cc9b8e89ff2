"""What a number counts: ages, stretches of time, years, lengths, weights, heads.

A unit has a dimension and a size in it, so that two decades are 20 years and 五个月 are not 5年. Months, days and
minutes are three dimensions: nobody says 7,300 days for 20 years.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Literal, NamedTuple

from raiden.core.types import Language
from raiden.rewards.numbers import Number
from raiden.rewards.numerals import english_value

ValueKind = Literal["", "age", "clock", "duration", "year", "count", "length", "weight", "price"]
"""What kind of number a question asks for."""
ASKED_DIMENSIONS: Mapping[ValueKind, tuple[str, ...]] = {
    "": (),
    "age": ("age",),
    "clock": (),
    "duration": ("months", "days", "minutes", "age"),
    "year": (),
    "count": ("heads", "things"),
    "length": ("cm",),
    "weight": ("g",),
    "price": (),
}
"""The dimensions that answer each kind."""
FIRST_YEAR = 1000


class Measure(NamedTuple):
    """A number with what it counts."""

    start: int
    end: int
    dimension: str
    """Empty for a number without a unit that is known."""
    value: float
    """In the smallest unit of the dimension."""


def _units(table: str) -> dict[str, tuple[str, float]]:
    """`dimension: unit unit=factor; ...` to each unit's dimension and size."""
    units: dict[str, tuple[str, float]] = {}
    for row in table.split(";"):
        dimension, words = row.split(":")
        for word in words.split():
            name, _, factor = word.partition("=")
            units[name.replace("_", " ")] = (dimension.strip(), float(factor or 1))
    return units


_UNITS: dict[Language, dict[str, tuple[str, float]]] = {
    "en": _units(
        "age: years_old year-old years-old years_of_age years_young summers winters; months: years=12 "
        "year=12 decades=120 "
        "decade=120 months month centuries=1200 century=1200; days: days day weeks=7 week=7 fortnight=14 "
        "fortnights=14 nights "
        "night; minutes: minutes minute hours=60 hour=60; cm: centimetres centimeters cm metres=100 meters=100 m=100 "
        "feet=30.48 foot=30.48; heads: people persons souls"
    ),
    "zh": _units(
        "age: 岁 周岁; months: 年=12 个年头=12 载=12 个月 月; days: 天 日 个星期=7 周=7 个礼拜=7 宿 夜; "
        "minutes: 分钟 小时=60 个小时=60 "
        "个钟头=60 钟头=60 个时辰=120; cm: 厘米 公分 米=100; g: 斤=500 公斤=1000 千克=1000 kg=1000 "
        "克; heads: 口人 口 个人 人 名 位"
    ),
    "ja": _units(
        "age: 歳 才; months: 年間=12 年=12 か月 ヶ月 カ月 ヵ月 箇月; days: 日間 日 週間=7 晩; minutes: 分間 "
        "分 時間=60; "
        "cm: センチ センチメートル cm メートル=100; g: キログラム=1000 キロ=1000 kg=1000 グラム; heads: 人 名"
    ),
    "ko": _units(
        "age: 살 세; months: 년=12 해=12 년째=12 개월 달; days: 일 날 주=7 주일=7 밤; minutes: 분 시간=60; "
        "cm: 센티 센티미터 cm 미터=100; heads: 명 식구 사람 분_식구; things: 마리 개 대 권 채 잔 병 그루"
    ),
}
_FIXED: dict[Language, dict[str, tuple[str, float]]] = {
    "en": _units(
        "days: a_fortnight=14 a_week=7; months: a_decade=120 half_a_year=6 a_year=12 a_century=1200 half_a_century=600"
    ),
    "zh": _units(
        "age: 弱冠=20 而立=30 不惑=40 知天命=50 天命之年=50 花甲=60 古稀=70 耄耋=80 及笄=15 豆蔻=13 双十=20;"
        " months: 半年=6 "
        "半辈子=360; days: 半个月=15"
    ),
    "ja": _units(
        "age: はたち=20 二十歳=20 三十路=30 四十路=40 五十路=50 不惑=40 還暦=60 古希=70 古稀=70 喜寿=77 "
        "傘寿=80 米寿=88 白寿=99; "
        "months: 半年=6; days: 一週間=7 ふつか=2 みっか=3 とおか=10"
    ),
    "ko": _units(
        "age: 약관=20 이립=30 불혹=40 지천명=50 환갑=60 회갑=60 칠순=70 고희=70 팔순=80 서른줄=30; months: 반년=6; "
        "days: 하루=1 이틀=2 사흘=3 나흘=4 닷새=5 엿새=6 이레=7 여드레=8 아흐레=9 열흘=10 보름=15 일주일=7"
    ),
}
"""Words that are a number and its unit in one."""
_HALF = re.compile(r"\s?(?:and a half\b|반(?=이[에었요고다라]|만|을|은|정도|쯤|[^가-힣]|$)|半(?!载))")
"""Behind a unit: half of one more."""
_AND_A_HALF = re.compile(r" and a half(?= )|个半(?=[小钟月])")
"""Behind a number: likewise, before the unit."""
_BETWEEN = r"[\s-]?(?:whole |long |full |good |多|几|来|个(?=年头)|整)?\s?"
_HEIGHT = re.compile(r"(?P<m>[12一二两])\s?(?:米|メートル|미터)\s?(?P<cm>[一二三四五六七八九]{1,2}|\d{1,2})(?!\d)")
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_ONES = "one|two|three|four|five|six|seven|eight|nine"
_SHORT_YEAR = {
    "en": re.compile(rf"(?:^|(?<=[\s(]))'(?P<y>\d{{2}}|(?:{_TENS})(?:[- ](?:{_ONES}))?)\b"),
    "zh": re.compile(
        r"(?<![\d一二三四五六七八九十〇零])(?P<y>[一二三四五六七八九〇零]{2}|\d{2})年(?!纪|前|后|来|间|了|的时间)"
    ),
    "ja": re.compile(r"(?<![\d一二三四五六七八九十])(?P<y>[一二三四五六七八九〇]{2}|\d{2})年(?!前|後|間|も|ほど|目)"),
    "ko": re.compile(
        r"(?<![\d가-힣])(?P<y>[일이삼사오육칠팔구공영]{2}|[이삼사오육칠팔구]십[일이삼사오육칠팔구]|\d{2})\s?년(?:도|"
        r"생|에|$)"
    ),
}
_DIGIT = {char: index for index, char in enumerate("〇一二三四五六七八九")} | {"零": 0, "两": 2, "공": 0, "영": 0}
_DIGIT |= {char: index for index, char in enumerate("일이삼사오육칠팔구", 1)}


@lru_cache(maxsize=8)
def _unit_pattern(language: Language) -> re.Pattern[str]:
    words = sorted(_UNITS[language], key=lambda word: (-len(word), word))
    end = r"\b" if language == "en" else ""
    return re.compile(_BETWEEN + "(" + "|".join(map(re.escape, words)) + ")" + end)


@lru_cache(maxsize=8)
def _fixed_pattern(language: Language) -> re.Pattern[str]:
    words = sorted(_FIXED[language], key=lambda word: (-len(word), word))
    return re.compile("|".join(map(re.escape, words)))


def measure_of(number: Number, text: str, language: Language) -> Measure:
    """A number of a folded text with the unit that follows it."""
    before = _AND_A_HALF.match(text, number.end)
    match = _unit_pattern(language).match(text, before.end() if before else number.end)
    if match:
        dimension, size = _UNITS[language][match[1]]
        half = _HALF.match(text, match.end())
        end, value = half.end() if half else match.end(), number.value + 0.5 * bool(before or half)
        return Measure(number.start, end, dimension, value * size)
    return Measure(number.start, number.end, "", number.value)


def fixed_measures(text: str, language: Language) -> Iterator[Measure]:
    """What words say a measure by themselves: a fortnight, 花甲, 還暦, 사흘; and heights such as 一米七八."""
    for match in _fixed_pattern(language).finditer(text):
        dimension, value = _FIXED[language][match[0]]
        half = _HALF.match(text, match.end())
        yield Measure(match.start(), half.end() if half else match.end(), dimension, value * 1.5 if half else value)
    for match in _HEIGHT.finditer(text):
        rest = "".join(str(_DIGIT.get(char, char)) for char in match["cm"])
        yield Measure(*match.span(), "cm", 100 * int(_DIGIT.get(match["m"], match["m"])) + int(rest.ljust(2, "0")))


def short_years(text: str, language: Language) -> Iterator[tuple[int, int, int]]:
    """Years said by their last two digits: '98, 八八年, 95년생."""
    for match in _SHORT_YEAR[language].finditer(text):
        if match["y"][0].isascii() and match["y"][0].isalpha():
            value = english_value(re.findall("[a-z]+", match["y"]))
            yield *match.span(), int(value[0]) if value else 0
            continue
        yield *match.span(), int("".join(str(_DIGIT.get(char, char)) for char in match["y"].replace("십", "")))
