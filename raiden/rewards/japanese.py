"""Finding Japanese keywords: word borders, inflection, okurigana, kana for kanji.

SudachiPy with its core dictionary: its normalised forms make one of 引越し and 引っ越し, サーバ and
サーバー, ヴァイオリン and バイオリン; its long units show that 京都 is no word in 東京都, its short ones
that 東京 is. MeCab with IPADIC has no normalised forms, Janome is fifty times slower.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from threading import Lock
from typing import Any, NamedTuple

from raiden.core.languages import word_set
from raiden.rewards.hits import PIECE_OF_WORD, Hit, literal_pattern

_ONE_AT_A_TIME = Lock()  # A Sudachi tokenizer refuses a second thread.
_INFLECTION = ("助動詞", "助詞")
_CLOSED = frozenset(("代名詞", "助動詞", "助詞", "接続詞", "感動詞", "接頭辞", "接尾辞", "連体詞"))
"""Parts of speech whose normalised form stands for another word than a keyword means: of the name そら it is 其れ."""
_SUFFIXES = word_set(
    "都 府 県 市 区 町 村 島 州 国 郡 人 語 さん 様 君 ちゃん 先生 氏 達 たち ら なし 以外 同士 "
    "自身 以上 担当 係 役 専門 専攻 志望 好き 嫌い 育ち 生まれ 出身 在住"
)
"""What a name takes behind and stays what it is: 東京都 is 東京."""
_LANDMARKS = word_set("海 駅 橋 山 川 寺 城 酒 湖 湾 大学 高校 タワー 新聞 銀行 料理 風 製 ドーム 公園 空港 電力")
"""What makes another thing of a place's name in front of it: 日本海 is not 日本, 東京出身 is about 東京."""
_KANA = re.compile(r"[\u3041-\u3096\u30a1-\u30faー]")
_KANA_ONLY = re.compile(r"[\u3041-\u3096\u30a1-\u30faー]+")
_MIN_READING = 2
"""Morae under which one reading stands for too many words."""


class Token(NamedTuple):
    """A word in long units, with the borders of its short units."""

    start: int
    end: int
    surface: str
    normal: str
    reading: str
    pos: str
    pos_detail: str
    inner: tuple[int, ...]
    """Offsets inside the word where a short unit ends."""


@lru_cache(maxsize=1)
def _tokenizer() -> tuple[Any, Any, Any]:
    from sudachipy import Dictionary, SplitMode

    return Dictionary(dict="core").tokenizer(), SplitMode.C, SplitMode.A


@lru_cache(maxsize=512)
def tokenise(sentence: str) -> tuple[Token, ...]:
    """The words of a sentence of bounded length (Sudachi refuses more than 49 kB at once)."""
    with _ONE_AT_A_TIME:
        tokenizer, long_units, short_units = _tokenizer()
        return tuple(_token(morpheme, short_units) for morpheme in tokenizer.tokenize(sentence, long_units))


def _token(morpheme: Any, short_units: Any) -> Token:
    pos = morpheme.part_of_speech()
    # Only names and nouns of three characters and more can hide a word that is asked for.
    is_compound = pos[0] == "名詞" and morpheme.end() - morpheme.begin() > 2
    inner = tuple(part.end() for part in morpheme.split(short_units)) if is_compound else ()
    surface, normal, reading = morpheme.surface(), morpheme.normalized_form(), morpheme.reading_form()
    return Token(morpheme.begin(), morpheme.end(), surface, normal, reading, pos[0], pos[1], inner)


def find_japanese(keyword: str, sentence: str) -> Iterator[Hit]:
    """Where a Japanese keyword stands in a folded sentence, literally or in another form."""
    literal = [match.span() for match in literal_pattern(keyword).finditer(sentence)]
    found = [(start, end) for start, end in literal if _is_word(start, end, tokenise(sentence))]
    yield from (Hit(start, end) for start, end in found)
    if not found:
        # What the literal search has refused is no other form of the word.
        found = [place for place in _find_forms(keyword, tokenise(sentence)) if place not in literal]
        yield from (Hit(*place) for place in found)
    yield from (Hit(*place, PIECE_OF_WORD) for place in literal if place not in found)


def _is_word(start: int, end: int, tokens: Sequence[Token]) -> bool:
    first = next(token for token in tokens if token.start <= start < token.end)
    last = next(token for token in tokens if token.start < end <= token.end)
    begins = start == first.start or (start in first.inner and end == first.end)
    if not begins or end == last.end:
        return begins and not _is_first_half(end, last, tokens)
    return end in last.inner and _is_suffix(last.surface[end - last.start :])


def _is_first_half(end: int, last: Token, tokens: Sequence[Token]) -> bool:
    """Whether a noun follows at once, so that the keyword is only what that noun is about (猫 in 猫カフェ)."""
    following = next((token for token in tokens if token.start == end), None)
    if following is None or last.pos != "名詞" or following.pos_detail in ("数詞", "固有名詞"):
        return False
    if last.pos_detail == "固有名詞":
        return following.surface in _LANDMARKS
    is_plain = last.pos_detail == "普通名詞" and following.pos == "名詞" and following.pos_detail == "普通名詞"
    return is_plain and not _is_suffix(following.surface) and len(following.surface) > 1


def _is_suffix(text: str) -> bool:
    return text in _SUFFIXES


def _find_forms(keyword: str, tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    wanted = _keyword_words(keyword)
    for index in range(len(tokens) - len(wanted) + 1):
        if _same_word(wanted[0], tokens[index]) and all(map(_same_word, wanted, tokens[index : index + len(wanted)])):
            yield tokens[index].start, tokens[index + len(wanted) - 1].end
    yield from _find_reading("".join(token.reading for token in wanted), keyword, tokens)


def _differ_in_kana(written: str, other: str) -> bool:
    """Whether two spellings of one reading are one word: one is in kana, or they share kanji (取り引き, 取引)."""
    kanji, other_kanji = _KANA.sub("", written), _KANA.sub("", other)
    return not kanji or not other_kanji or kanji == other_kanji


def _find_reading(reading: str, keyword: str, tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Where words are read as the keyword is."""
    if len(reading) <= _MIN_READING:
        return
    for index, token in enumerate(tokens):
        if not token.reading or not reading.startswith(token.reading):
            continue
        spelled = ""
        for last in tokens[index:]:
            spelled += last.reading
            if not reading.startswith(spelled):
                break
            if spelled == reading:
                written = "".join(part.surface for part in tokens[index:] if part.end <= last.end)
                if _differ_in_kana(written, keyword):
                    yield token.start, last.end
                break


@lru_cache(maxsize=8192)
def _keyword_words(keyword: str) -> tuple[Token, ...]:
    words = [token for token in tokenise(keyword) if token.pos not in ("空白", "接頭辞")]
    while len(words) > 1 and words[-1].pos in _INFLECTION:
        words.pop()
    return tuple(words or tokenise(keyword))


def _same_word(wanted: Token, token: Token) -> bool:
    if wanted.pos in _CLOSED:
        return wanted.surface == token.surface
    if wanted.normal == token.normal:
        return True
    if wanted.reading != token.reading or len(wanted.reading) < _MIN_READING:
        return False
    # One word written in kana here and in kanji there; two kanji spellings are two words (橋, 箸).
    return bool(_KANA_ONLY.fullmatch(wanted.surface)) != bool(_KANA_ONLY.fullmatch(token.surface))
