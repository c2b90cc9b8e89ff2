"""Numbers in a folded text, as values with their places.

Only what is compared is judged: a place is refused where the characters around it show that it is
no number (十分, 一番, "the one"), a piece of a decimal or of a time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from raiden.core.types import Language
from raiden.rewards.numerals import (
    ENGLISH_NUMBER_WORDS,
    ERA_STARTS,
    MAX_DIGITS,
    english_value,
    han_value,
    hangul_value,
)

_HAN = "〇零一二三四五六七八九十廿卅百千万萬亿億兆两兩壱弐参拾"
_ONES = "일이삼사오육륙칠팔구"
_NATIVE = (
    r"(?:(?:열|스물|서른|마흔|쉰|예순|일흔|여든|아흔)(?:하나|한|둘|두|셋|세|넷|네|다섯|여섯|일곱|여덟|"
    r"아홉)?|[석넉](?=\s?[달장잔되섬냥])|스무|하나|한|둘|두|셋|세|넷|네|다섯|여섯|일곱|여덟|아홉)"
)
_ARABIC = r"(?<![\d.,:/a-z])(?:\d{1,3}(?:,\d{3})+(?![\d])|\d+)(?:\.\d+)?(?!\d)"
_BIG_UNIT = r"\s?(?:thousand|million|billion|hundred|dozen)\b"

_DIGITS = re.compile(_ARABIC + r"(?P<big>" + _BIG_UNIT + r")?(?P<ordinal>(?:st|nd|rd|th)\b)?")
# Behind a power of ten, and at the end, 两 is the tael that is counted: 三百两 is 300 of them.
_HAN_NUMERAL = re.compile(
    rf"(?:\d{{1,12}}(?:\.\d+)?)?[{_HAN}]"
    rf"(?:(?!(?<=[十百千万萬亿億])[两兩](?![百千万萬亿億])|[两兩](?=[银酒重半,。!?]|$))[{_HAN}]|"
    rf"(?<=[十百])[有又](?=[一二三四五六七八九])(?!有八九)|\d{{1,12}}(?=[十百千万萬亿億])){{0,23}}"
)
# 일 is the numeral 1 and the counter for days: digits follow one another only in a number read digit by digit.
_HANGUL_NUMERAL = re.compile(
    rf"(?<![가-힣]){_NATIVE}|(?<![가-힣])[{_ONES}]?백(?:[{_ONES}]?십)?(?:하나|둘|셋|넷|다섯|여섯|일곱|여덟|아홉)|"
    rf"(?:\d{{1,12}}[천백만억]{{1,2}})?(?:[{_ONES}]?[십백천만억](?:\s(?=[{_ONES}]?[십백천]))?){{1,12}}[{_ONES}]?|"
    rf"\d{{1,12}}[천백만억]{{1,2}}|[{_ONES}영공]{{4}}|[유시](?=월)|[{_ONES}]"
)
_WORDS = "|".join(sorted(ENGLISH_NUMBER_WORDS, key=lambda word: (-len(word), word)))
_ENGLISH_NUMBER = re.compile(
    rf"\b(?:a\s+(?=hundred|thousand|million))?(?:{_WORDS})(?:(?:[\s-]|\s+and\s+)(?:{_WORDS}))*\b"
)
_AND_A_HALF = re.compile(
    rf"\b(?P<whole>(?:{_WORDS})(?:[\s-](?:{_WORDS})){{0,3}}) and a half (?P<unit>hundred|thousand|million)\b"
)
_DOZENS = re.compile(rf"\b(?P<whole>half a|(?:{_WORDS})(?:-(?:{_WORDS}))?) (?P<unit>dozen|score)\b")
_ERA = re.compile(rf"(?P<era>{'|'.join(ERA_STARTS)})(?P<year>元|\d{{1,2}}|[{_HAN}]{{1,3}})(?=年)")
_UNIT_VALUES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "hundred": 100, "dozen": 12, "score": 20}
_FIXED_WORDS = {"ja": (("二十歳", 20), ("はたち", 20), ("ひとり", 1), ("ふたり", 2)), "en": (("dozen", 12),)}

# What begins like a numeral and is another word, in Chinese and in Japanese.
_NOT_A_NUMBER = re.compile(
    r"十分(?!钟|鐘|之|間|前|後|ほど)|万分(?!之)|千万(?![\d元块人年个円名条])|一本正|一(?:点(?!\d|钟|半)|"
    r"下|些|直|起|样|樣|定|般|切|旦|边|邊|共|向|生|心|时|番|同|带"
    r"|致|律|概|流|味|来|道|再|并|緒|体|応|瞬|方|部|言|面|会儿)|万(?:一|物|能|事|が一)|百(?:姓|合|"
    r"货|般|貨)|千(?:古|秋|葉)|三(?:明治|味|重|浦|昧)"
    r"|四(?:川|处|处|周|季|海|国)|五(?:官|行|十嵐)|七(?:夕|转|転)|八(?:卦|哥|百屋|王子|幡)|"
    r"九(?:州|龙|龍)|十(?:字|足)|六本木|二階堂|两口子"
)
_NAME_BEFORE = re.compile(
    r"(?:三番|七上|四面|五颜|十全|千方|百发|三心|九牛|乱七|横七|颠三|丢三|统|唯|第|初|星期|礼拜|"
    r"周|张|李|王|単|統|均|万|専|随|逐|[a-z])$"
)
_PRONOUN_ONE = re.compile(r"(?:the|this|that|no|every|any|some|each|which)[\s-]$")
_SINGLE_SINO = re.compile(rf"[{_ONES}]")
_COUNTER = re.compile(
    r"\s?(?:년|월|일|살|세|시|분|초|원|층|번|개|명|마리|권|호|과|학년|미터|킬로|리터|그램|주|장|"
    r"대|인|퍼센트|도|조각|그루|잔|병|벌|켤레|가지|달|해|사람|송이)"
)


class Number(NamedTuple):
    """A number of a text."""

    start: int
    end: int
    value: float
    is_ordinal: bool


def find_numbers(text: str, language: Language) -> list[Number]:
    """The numbers of a folded text, in order."""
    numbers = list(_arabic_numbers(text))
    if language == "en":
        numbers += _english_numbers(text)
    elif language == "ko":
        numbers += _numerals(text, _HANGUL_NUMERAL, hangul_value)
    else:
        numbers += _numerals(text, _HAN_NUMERAL, han_value)
        numbers += _era_years(text)
    for word, value in _FIXED_WORDS.get(language, ()):
        numbers += [Number(*match.span(), value, False) for match in re.finditer(word, text)]
    return _without_pieces(numbers)


def _without_pieces(numbers: list[Number]) -> list[Number]:
    """The numbers that are no piece of a longer one (63 in 昭和63)."""
    whole: list[Number] = []
    for number in sorted(numbers, key=lambda number: (number.start, -number.end)):
        if not whole or number.end > whole[-1].end:
            whole.append(number)
    return whole


def is_number_here(number: Number, text: str, language: Language) -> bool:
    """Whether the text around a number lets it be one."""
    before, after = text[max(0, number.start - 8) : number.start], text[number.end : number.end + 8]
    written = text[number.start : number.end]
    if written[:1].isdecimal():
        return True
    if language == "en":
        return not (
            number.value == 1 and (_PRONOUN_ONE.search(before) or re.match(r"\s(?:of|day|another|who|that)\b", after))
        )
    if language == "ko":
        # 이 is "this" far more often than 2.
        is_word = written == "이" and after[:1].isspace()
        return not is_word and (not _SINGLE_SINO.fullmatch(written) or bool(_COUNTER.match(after)))
    return not _NOT_A_NUMBER.match(text[number.start : number.end + 8]) and not _NAME_BEFORE.search(before)


def _arabic_numbers(text: str) -> Iterator[Number]:
    for match in _DIGITS.finditer(text):
        end = match.end("big") if match["big"] else match.end()
        digits = re.sub(
            r"[^\d.]", "", match[0][: len(match[0]) - len(match["big"] or "") - len(match["ordinal"] or "")]
        )
        if len(digits) <= MAX_DIGITS:
            value = float(digits) if "." in digits else int(digits)
            yield Number(
                match.start(),
                end,
                value * _UNIT_VALUES.get((match["big"] or "").strip(), 1),
                bool(match["ordinal"]),
            )


def _english_numbers(text: str) -> Iterator[Number]:
    for match in _AND_A_HALF.finditer(text):
        if found := english_value(re.findall(r"[a-z]+", match["whole"])):
            yield Number(*match.span(), (found[0] + 0.5) * _UNIT_VALUES[match["unit"]], False)
    for match in _DOZENS.finditer(text):
        found = (0.5, False) if match["whole"] == "half a" else english_value(re.findall(r"[a-z]+", match["whole"]))
        if found:
            yield Number(*match.span(), found[0] * _UNIT_VALUES[match["unit"]], False)
    for match in _ENGLISH_NUMBER.finditer(text):
        words = re.findall(r"[a-z]+", match[0].removeprefix("a "))
        if len(words) <= MAX_DIGITS and (found := english_value(words)):
            yield Number(*match.span(), *found)


def _numerals(text: str, pattern: re.Pattern[str], value_of: Callable[[str], float | None]) -> Iterator[Number]:
    for match in pattern.finditer(text):
        value = value_of(match[0])
        if value is not None:
            yield Number(*match.span(), value, False)


def _era_years(text: str) -> Iterator[Number]:
    for match in _ERA.finditer(text):
        year = (
            1
            if match["year"] == "元"
            else han_value(match["year"])
            if not match["year"].isdecimal()
            else int(match["year"])
        )
        if year is not None:
            yield Number(*match.span(), ERA_STARTS[match["era"]] + year, False)
