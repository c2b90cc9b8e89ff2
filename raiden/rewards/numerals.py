"""The value of a numeral in words: twenty-seven, 二十七, 廿七, 一九九〇, 이십칠, 스물일곱.

Written here and not taken from cn2an, word2number and the like: those convert whole texts (十分
becomes 10分, "one" becomes 1 wherever it stands) or raise on what they do not know. These functions get
one candidate string, and answer None where it is no number.
"""

from __future__ import annotations

import re

from raiden.core.languages import word_list, word_set

MAX_DIGITS = 24
"""Digits of the longest number that is read as a number."""

_DIGITS = {char: index for index, char in enumerate("零一二三四五六七八九")} | {
    "〇": 0, "两": 2, "兩": 2, "壱": 1, "壹": 1, "弐": 2, "贰": 2, "参": 3, "叁": 3,
    "肆": 4, "伍": 5, "陆": 6, "柒": 7, "捌": 8, "玖": 9,
}  # fmt: skip
_SMALL_UNITS = {"十": 10, "百": 100, "千": 1000, "拾": 10, "佰": 100, "仟": 1000}
_LARGE_UNITS = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8, "兆": 10**12}
_PIECE = re.compile(r"\d+(?:\.\d+)?|.", re.DOTALL)
_TENS = {"廿": "二十", "卅": "三十", "卌": "四十"}
_HANGUL_TO_HAN = dict(zip("영공일이삼사오육륙칠팔구십백천만억조", "零零一二三四五六六七八九十百千万億兆", strict=True))
_NATIVE_TENS = dict(zip(word_list("열 스물 서른 마흔 쉰 예순 일흔 여든 아흔"), range(10, 100, 10), strict=True)) | {
    "스무": 20
}
_NATIVE_ONES = dict(zip(word_list("하나 둘 셋 넷 다섯 여섯 일곱 여덟 아홉"), range(1, 10), strict=True)) | {
    "한": 1, "두": 2, "세": 3, "석": 3, "네": 4, "넉": 4,
}  # fmt: skip
_BEFORE_MONTH = {"유": 6, "시": 10}
"""How 육 and 십 are said before 월."""
_TEENS = word_list(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen"
    " eighteen nineteen"
)
_ENGLISH_TENS = word_list("twenty thirty forty fifty sixty seventy eighty ninety")
_ENGLISH = {word: value for value, word in enumerate(_TEENS)} | {
    word: value for value, word in zip(range(20, 100, 10), _ENGLISH_TENS, strict=True)
}
_ENGLISH_UNITS = {"thousand": 10**3, "million": 10**6, "billion": 10**9}
_ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fifth": 5, "eighth": 8, "ninth": 9, "twelfth": 12,
    **{word + "th": _ENGLISH[word] for word in _TEENS if _ENGLISH[word] not in (1, 2, 3, 5, 8, 9, 12)},
    **{word[:-1] + "ieth": _ENGLISH[word] for word in _ENGLISH_TENS},
}  # fmt: skip
ERA_STARTS = {"明治": 1867, "大正": 1911, "昭和": 1925, "平成": 1988, "令和": 2018, "民国": 1911, "民國": 1911}
"""The year before the first of each era."""
ENGLISH_NUMBER_WORDS = frozenset(_ENGLISH) | frozenset(_ORDINALS) | word_set("hundred thousand million billion")


def han_value(numeral: str) -> float | None:
    """The value of a Chinese or Japanese numeral, Arabic digits before units included.

    >>> [han_value(n) for n in ("二十七", "廿七", "一九九〇", "一百零五", "3万", "千五百", "十")]
    [27, 27, 1990, 105, 30000, 1500, 10]
    """
    numeral = numeral.replace("有", "").replace("又", "")  # 七十有三
    for sign, spelled in _TENS.items():
        numeral = numeral.replace(sign, spelled)
    if all(char in _DIGITS for char in numeral):
        return _positional(numeral)
    return _sum_of_units(_PIECE.findall(numeral))


def _sum_of_units(pieces: list[str]) -> float | None:
    total: float = 0
    section: float = 0
    digit: float | None = None
    largest = 0
    for piece in pieces:
        if piece in _DIGITS or piece[0].isdecimal():
            digit = _DIGITS.get(piece, _arabic(piece))
        elif piece in _SMALL_UNITS:
            section += (1 if digit is None else digit) * _SMALL_UNITS[piece]
            digit = None
        elif piece in _LARGE_UNITS:
            unit, before = _LARGE_UNITS[piece], section + (digit or 0)
            # 万亿 multiplies what was said so far, 一亿二千万 adds to it.
            total = (total + before) * unit if total and unit > largest else total + (before or 1) * unit
            section, digit, largest = 0, None, max(unit, largest)
        else:
            return None
    return total + section + (digit or 0)


def _positional(digits: str) -> int | None:
    if len(digits) > MAX_DIGITS:
        return None
    return int("".join(str(_DIGITS[char]) for char in digits))


def _arabic(digits: str) -> float | None:
    try:
        return float(digits) if "." in digits else int(digits)
    except ValueError:
        return None


def hangul_value(numeral: str) -> float | None:
    """The value of a Korean numeral, Sino-Korean or native.

    >>> [hangul_value(n) for n in ("이십칠", "스물일곱", "천구백구십", "열두", "3만")]
    [27, 27, 1990, 12, 30000]
    """
    numeral = numeral.replace(" ", "")
    if numeral in _BEFORE_MONTH:
        return _BEFORE_MONTH[numeral]
    tens = next((word for word in _NATIVE_TENS if numeral.startswith(word)), "")
    ones = numeral[len(tens) :]
    if ones in _NATIVE_ONES:
        return _NATIVE_TENS.get(tens, 0) + _NATIVE_ONES[ones]
    if tens and not ones:
        return _NATIVE_TENS[tens]
    last = next((word for word in _NATIVE_ONES if len(numeral) > len(word) and numeral.endswith(word)), "")
    if last and last not in _HANGUL_TO_HAN:  # 백팔십둘
        head = hangul_value(numeral.removesuffix(last))
        return None if head is None else head + _NATIVE_ONES[last]
    return han_value("".join(_HANGUL_TO_HAN.get(char, char) for char in numeral))


def english_value(words: list[str]) -> tuple[float, bool] | None:
    """The value of English number words, and whether it is an ordinal.

    >>> english_value("one hundred and twenty seven".split())
    (127, False)
    >>> english_value(["nineteen", "ninety"]), english_value(["fifth"])
    ((1990, False), (5, True))
    """
    is_ordinal = words[-1] in _ORDINALS
    words = [word for word in words if word != "and"]
    values = [_ORDINALS.get(word, _ENGLISH.get(word)) for word in words]
    if len(values) in (2, 3) and (year := _year(values)) is not None:
        return year, is_ordinal
    total = section = 0
    for word, value in zip(words, values, strict=True):
        if value is not None:
            section += value
        elif word == "hundred":
            section = (section or 1) * 100
        else:
            total += (section or 1) * _ENGLISH_UNITS.get(word, 1)
            section = 0
    return total + section, is_ordinal


def _year(values: list[int | None]) -> int | None:
    """A year read in pairs: nineteen ninety-five."""
    century, *rest = values
    if century is None or not 10 <= century <= 29 or None in rest or not rest or not rest[0] or rest[0] < 10:
        return None
    last_two = sum(value or 0 for value in rest)
    return century * 100 + last_two if century < 20 or rest[0] >= 10 else None
