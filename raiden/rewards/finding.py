"""Every place where a variant of a term seems to stand in an answer: one finder for each kind of keyword."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial

from raiden.core.languages import word_set
from raiden.core.types import LANGUAGES, Language, TermType
from raiden.rewards.answer import Answer
from raiden.rewards.chinese import find_chinese, simplify
from raiden.rewards.clock import bare_hour, clock_of
from raiden.rewards.dates import Date, any_date, whole_date
from raiden.rewards.english import find_latin, latin_pattern
from raiden.rewards.hits import OTHER_MEASURE, PIECE_OF_NUMBER, Hit
from raiden.rewards.japanese import find_japanese
from raiden.rewards.korean import find_korean
from raiden.rewards.measures import ASKED_DIMENSIONS, FIRST_YEAR, ValueKind, fixed_measures, measure_of, short_years
from raiden.rewards.normalise import fold_text
from raiden.rewards.numbers import Number, find_numbers, is_number_here

Finder = Callable[[Answer], Iterator[Hit]]

MAX_HITS = 40
"""Places of one variant that are looked at; a reply that repeats itself more often has been caught by then."""

_HANGUL = re.compile(r"[가-힣]")
_KANA = re.compile(r"[\u3041-\u3096\u30a1-\u30fa]")
_HAN = re.compile(r"[\u3400-\u9fff]")
_SENTENCE_FINDERS: dict[Language, Callable[[str, str], Iterator[Hit]]] = {
    "zh": find_chinese,
    "ja": find_japanese,
    "ko": find_korean,
}
_A_WORD_IN_TEXT: dict[Language, tuple[str, str]] = {
    "zh": ("茶", "他喝茶。"),
    "ja": ("茶", "彼は茶を飲む。"),
    "ko": ("차", "그는 차를 마신다."),
}
_COUNTERS = word_set(
    "张 支 枝 根 首 页 步 句 碗 壶 瓶 篇 幅 辆 艘 架 朵 束 串 群 双 对 袋 箱 桶 盆 盘 套 节 级 "
    "亩 尺 吨 两 克 厘米 毫米 厘 张 張 岁 年 月 日 号 个 只 名 位 条 座 天 次 米 里 公里 斤 公斤 元 "
    "块 点 点钟 分钟 小时 楼 层 匹 头 把 棵 家 间 封 杯 本 人 口 种 周 周年 才 歳 匹 冊 個 時 "
    "時間 分"
    " 円 階 回 枚 台 頭 羽 軒 番 代 メートル キロ ヶ月 か月 か国 살 세 마리 명 개 년 월 일 시 "
    "시간 분 권 층 번 원 잔 대 그루 미터 킬로 달 년간 살이에요 사람"
)
"""What may follow a numeral in a keyword for it to be a number: 三只 is one, 三国 is a name."""
_SAME_UNITS = ("岁歳才세살", "日号號", "只匹隻条头頭", "个個箇", "人名명位", "点時시", "元円块원")
_NEXT_WORD = re.compile(r" (?!at\b|in\b|of\b|so\b|and\b|if\b|but\b|all\b|now\b|last\b|little\b)[a-z]{3,}")
_PLURAL = re.compile(
    r" (?!(?:always|perhaps|this|yes|as|is|was|does|has|plus|seconds|years|days|weeks|months|words|pages|lines|verses|"
    r"miles|yards|inches|met(?:er|re)s)\b)[a-z]{2,}s\b"
)
"""Behind a bare number: things that it counts, which are no measure of a length."""
_OWNED = re.compile(r"\b(?:got|have|has|had|owns?|keeps?|with|bought|met|knows?) (?:about |over |nearly )?$")
"""Before a number: somebody has that many of something."""
_COUNTER = re.compile(f"[{''.join(word for word in _COUNTERS if len(word) == 1 and word not in '代分')}趟遍场顿届]")
"""Directly behind a number that answers with none: it counts something (三十七回), and is no age."""
_UNITS = {unit: "[" + re.escape(row) + "]" for row in _SAME_UNITS for unit in row}


def load_dictionaries(languages: Iterable[Language]) -> None:
    """Loads what these languages need (0.1 to 0.4 s each), so that no reply has to wait for it."""
    for language in languages:
        if language in _A_WORD_IN_TEXT:
            list(_SENTENCE_FINDERS[language](*_A_WORD_IN_TEXT[language]))


@lru_cache(maxsize=16384)
def finder_for(variant: str, kind: TermType, language: Language, asked: ValueKind = "") -> Finder:
    """The finder of one variant; made once for all completions of a sample.

    Args:
        asked: the kind of value that the question asks for, if it asks for one.
    """
    folded = fold_text(variant).strip()
    clock = clock_of(folded, language)
    if clock:
        return partial(_find_clock, clock.minutes, asked == "clock")
    date = any_date(folded) if kind == "date" else whole_date(folded)
    if date and kind != "number":
        return partial(_find_date, date)
    text_finder = _text_finder(folded, variant, language)
    number = _number_in(folded, kind, language)
    if number is None:
        return text_finder
    if (number.start, number.end) == (0, len(folded)):
        whole = partial(_find_number, number.value, number.is_ordinal, None, None)
        typed = partial(_with_measure, whole, asked) if asked else whole
        return partial(_find_any, (typed, partial(_find_fixed, number.value, asked))) if asked else whole
    measure = measure_of(number, folded, language)
    if measure.dimension and (measure.start, measure.end) == (0, len(folded)):
        exact = partial(
            _find_number, number.value, number.is_ordinal, None, _unit_pattern(folded[number.end :], False)
        )
        others = partial(_find_measure, measure.dimension, measure.value, number.value, asked)
        return partial(_find_any, (text_finder, exact, others))
    if asked in ("count", "price") and not measure.dimension and number.start == 0:
        exact = partial(
            _find_number, number.value, number.is_ordinal, None, _unit_pattern(folded[number.end :], False)
        )
        return partial(_find_any, (text_finder, exact, partial(_find_bare, number.value)))
    before, after = _unit_pattern(folded[: number.start], True), _unit_pattern(folded[number.end :], False)
    return partial(_find_any, (text_finder, partial(_find_number, number.value, number.is_ordinal, before, after)))


def is_number(variant: str) -> bool:
    """Whether a variant can be compared as a number, in any of the languages."""
    folded = fold_text(variant).strip()
    return any(_number_in(folded, "number", language) for language in LANGUAGES)


def _text_finder(folded: str, variant: str, language: Language) -> Finder:
    script = _script(folded, language)
    if script == "en":
        return partial(_find_in_latin, folded, any(char.isupper() for char in variant))
    return partial(_find_in_sentences, _SENTENCE_FINDERS[script], simplify(folded) if script == "zh" else folded)


def _script(folded: str, language: Language) -> Language:
    if _HANGUL.search(folded):
        return "ko"
    if _KANA.search(folded):
        return "ja"
    if _HAN.search(folded):
        return "ja" if language == "ja" else "zh"
    return "en"


def _find_in_latin(keyword: str, proper_noun: bool, answer: Answer) -> Iterator[Hit]:
    return find_latin(keyword, answer.text, answer.original, proper_noun)


def _find_in_sentences(find: Callable[[str, str], Iterator[Hit]], keyword: str, answer: Answer) -> Iterator[Hit]:
    for sentence in answer.sentences:
        for hit in find(keyword, answer.text[sentence.start : sentence.end]):
            yield Hit(sentence.start + hit.start, sentence.start + hit.end, hit.fault)


def _find_date(wanted: Date, answer: Answer) -> Iterator[Hit]:
    for date in answer.dates:
        if date.includes(wanted):
            yield Hit(date.start, date.end)


def _number_in(folded: str, kind: TermType, language: Language) -> Number | None:
    """The number of a keyword that is a number, with what it counts, if it is one."""
    found = [
        number
        for number in find_numbers(folded, _number_language(folded, language))
        if kind == "number" or _is_counted(number, folded)
    ]
    longest = max(found, key=lambda number: number.end - number.start, default=None)
    outside = [number for number in found if longest and not longest.start <= number.start < longest.end]
    return None if outside else longest


def _number_language(folded: str, language: Language) -> Language:
    return _script(folded, language) if not folded.isascii() else "en"


def _is_counted(number: Number, folded: str) -> bool:
    written = folded[number.start : number.end]
    after = folded[number.end :].strip()
    if written.isascii():
        return not re.search(r"[a-z]$", folded[: number.start])
    return (
        not folded[: number.start].strip("第") and (not after or after in _COUNTERS)
    ) and written not in "千万百亿億兆"


def _unit_pattern(text: str, is_before: bool) -> re.Pattern[str] | None:
    """What stands directly before or behind the number of a keyword, in equivalent spellings."""
    words = text.strip(" -")
    if not words:
        return None
    if words.isascii():
        piece = latin_pattern(words, False).pattern
    else:
        piece = r"\s?".join(_unit_char(char) for char in words if not char.isspace())
    return re.compile(rf"(?:{piece})[\s-]?$" if is_before else rf"[\s-]?来?(?:{piece})")


def _unit_char(char: str) -> str:
    return _UNITS.get(char) or _UNITS.get(simplify(char)) or f"[{re.escape(char + simplify(char))}]"


def _find_any(finders: tuple[Finder, ...], answer: Answer) -> Iterator[Hit]:
    """What any of the finders finds; places with a fault where none is without."""
    hits = {(hit.start, hit.end): hit for finder in reversed(finders) for hit in finder(answer)}
    good = {place: hit for place, hit in hits.items() if not hit.fault}
    yield from (good or hits).values()


def _find_clock(minutes: frozenset[int], bare_too: bool, answer: Answer) -> Iterator[Hit]:
    """Times of day that can mean the same; a number alone where a time is asked for."""
    places = [(clock.start, clock.end) for clock in answer.clocks]
    for clock in answer.clocks:
        if clock.minutes & minutes:
            is_piece = any(s <= clock.start and clock.end <= e and e - s > clock.end - clock.start for s, e in places)
            yield Hit(clock.start, clock.end, PIECE_OF_NUMBER if is_piece else "")
    for measure in answer.measures if bare_too else ():
        is_free = not measure.dimension and not any(s < measure.end and measure.start < e for s, e in places)
        if is_free and bare_hour(measure.value) & minutes:
            yield Hit(measure.start, measure.end)


def _find_measure(dimension: str, value: float, number: float, asked: ValueKind, answer: Answer) -> Iterator[Hit]:
    """The same amount in any unit; the number alone where that amount is asked for."""
    for measure in answer.measures:
        is_bare = not measure.dimension and measure.value == number and dimension in ASKED_DIMENSIONS[asked]
        # "We've got nine kids" counts them; in Korean no stretch of time goes without its unit.
        is_bare &= not _counts(measure.end, answer) and (answer.language != "ko" or asked != "duration")
        is_lived = asked == "duration" and measure.dimension == "age" and dimension == "months"  # a dozen winters
        is_same = measure.dimension == dimension and measure.value == value
        if is_bare or is_same or (is_lived and 12 * measure.value == value):
            yield Hit(measure.start, measure.end)
    if dimension == "months" and number >= FIRST_YEAR and number == int(number):
        yield from _find_short_year(int(number), answer)


def _find_bare(value: float, answer: Answer) -> Iterator[Hit]:
    """A number alone, where a count is asked for: "Two, at last count." """
    for measure in answer.measures:
        is_alone = not measure.dimension and not answer.text[measure.end : measure.end + 1].isalnum()
        if is_alone and measure.value == value and not _NEXT_WORD.match(answer.text, measure.end):
            yield Hit(measure.start, measure.end)


def _counts(end: int, answer: Answer) -> bool:
    """Whether a number that ends there without a unit of the table counts something: nine kids, 二十六趟."""
    pattern = _COUNTER if answer.language in ("zh", "ja") else _NEXT_WORD
    return bool(pattern.match(answer.text, end))


def _find_fixed(value: float, asked: ValueKind, answer: Answer) -> Iterator[Hit]:
    """A bare number in a word that says its unit as well: 60 for 還暦, where an age is asked for."""
    for measure in fixed_measures(answer.text, answer.language):
        if measure.dimension in ASKED_DIMENSIONS[asked] and measure.value == value:
            yield Hit(measure.start, measure.end)
    if asked in ("year", "clock") and value >= FIRST_YEAR:
        yield from _find_short_year(int(value), answer)


def _find_short_year(year: int, answer: Answer) -> Iterator[Hit]:
    for number in answer.numbers:
        begins = not answer.text[: number.start].strip()
        if begins and number.value == year % 100 > 9 and answer.language == "en":
            yield Hit(number.start, number.end)
    for start, end, short in short_years(answer.text, answer.language):
        if year % 100 == short:
            yield Hit(start, end)


def _with_measure(finder: Finder, asked: ValueKind, answer: Answer) -> Iterator[Hit]:
    """Numbers, refused where they count something else than is asked for ("sixteen years" for an age of 16)."""
    counted = {measure.start: measure for measure in answer.measures}
    for hit in finder(answer):
        measure = counted.get(hit.start)
        is_year = measure is not None and measure.dimension == "months" and measure.value >= 12 * FIRST_YEAR
        owned = asked == "age" and _OWNED.search(answer.text[max(0, hit.start - 24) : hit.start])
        is_counted = (owned and _NEXT_WORD.match(answer.text, hit.end)) or (
            asked in ("age", "duration")
            and not (measure and measure.dimension)
            and (_PLURAL.match(answer.text, hit.end) or (not answer.text.isascii() and _counts(hit.end, answer)))
        )
        allowed = measure is None or is_year or measure.dimension in ("", *ASKED_DIMENSIONS[asked])
        yield hit if allowed and not is_counted else hit._replace(fault=hit.fault or OTHER_MEASURE)


def _find_number(
    value: float,
    is_ordinal: bool,
    before: re.Pattern[str] | None,
    after: re.Pattern[str] | None,
    answer: Answer,
) -> Iterator[Hit]:
    for number in answer.numbers:
        if number.value != value or number.is_ordinal != is_ordinal:
            continue
        head = before.search(answer.text[max(0, number.start - 40) : number.start]) if before else None
        tail = after.match(answer.text[number.end : number.end + 40]) if after else None
        if (before and not head) or (after and not tail) or not is_number_here(number, answer.text, answer.language):
            continue
        start = number.start - (len(head[0]) if head else 0)
        end = number.end + (tail.end() if tail else 0)
        yield Hit(start, end, PIECE_OF_NUMBER if _inside_date(number, answer) and not after else "")


def _inside_date(number: Number, answer: Answer) -> bool:
    """Whether a number is the month or the day of a date; its year stands for itself."""
    return any(date.start <= number.start < date.end and number.value != date.year for date in answer.dates)
