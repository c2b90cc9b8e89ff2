"""Finding Chinese keywords: simplified and traditional, at word borders.

OpenCC converts (its phrase tables know 乾隆 from 干; per-character tables do not); rjieba, the Rust
port of jieba, segments: 20 microseconds a reply where jieba takes 400, the same dictionary. Its HMM
is off, for it invents words that vary with the context, and keywords are never added to its
dictionary: a segmenter that knows 市长 cuts 南京/市长/江大桥 and hides the very error it is asked about.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import accumulate

from raiden.core.languages import word_set
from raiden.rewards.hits import PIECE_OF_WORD, Hit, literal_pattern

_MODIFIERS = frozenset("小大老女男旧新好阿条只匹头个块把只")
"""What a noun takes in front and stays what it is: 小狗 is a 狗."""
_SUFFIXES = frozenset("市省县区郡镇乡村州国岛人们的儿字花上里下边旁中内外前后高低")
"""What a name or noun takes behind and stays what it is: 上海市 is 上海."""
VERBS = frozenset("教姓喝吃养种下弹画唱钓骑打写看读卖采拉吹爱学穿做当是叫")
"""What is often one dictionary word with its object: 喝茶."""
_BEFORE_NAME = frozenset("了过着给把被和跟")
"""Particles that the segmenter takes for the beginning of a name it does not know: 教|过阿宝."""
_BEFORE_NOUN = _MODIFIERS | VERBS
_KIN = word_set(
    "外婆 外公 爷爷 奶奶 姥姥 姥爷 舅舅 姑姑 叔叔 伯伯 阿姨 姐姐 哥哥 弟弟 妹妹 爸爸 妈妈 父亲 母亲 老师 师父 朋友"
)
_NOT_THAT_THING = word_set(
    "热狗 海马 河马 木马 大象棋 老虎机 小说 老师 大学 小学 新闻 大使 女娲 老板 大家 小心 大夫 小麦 老鼠"
)


_LEFT_AS = {"妳": "你", "甚么": "什么", "甚麼": "什么", "著": "着"}
_LEFT = re.compile("妳|甚[么麼]|(?<![名显原巨译编专论])著(?![名作者称书述])")
"""What OpenCC 1.4.2 leaves of traditional spelling."""


@lru_cache(maxsize=1)
def _converter() -> Callable[[str], str]:
    from opencc import OpenCC

    return OpenCC("t2s").convert


@lru_cache(maxsize=1)
def _segmenter() -> Callable[[str, bool], list[str]]:
    import rjieba

    return rjieba.cut


def simplify(text: str) -> str:
    """Traditional characters made simplified; the length stays the same.

    >>> simplify("臺灣醫生")
    '台湾医生'
    >>> simplify("妳坐著看甚麼名著")
    '你坐着看什么名著'
    """
    if text.isascii():
        return text
    simplified = _converter()(text)
    if len(simplified) != len(text):
        simplified = "".join(_simplify_char(char) for char in text)
    return _LEFT.sub(lambda match: _LEFT_AS[match[0]], simplified)


@lru_cache(maxsize=16384)
def _simplify_char(char: str) -> str:
    simplified = _converter()(char)
    return simplified if len(simplified) == 1 else char


def word_borders(sentence: str) -> list[int]:
    """Offsets where the words of a sentence begin, and its end."""
    return [0, *accumulate(map(len, _segmenter()(sentence, False)))]


def cut_words(text: str) -> list[str]:
    """The words of a simplified text.

    >>> cut_words("猫头鹰睡觉")
    ['猫头鹰', '睡觉']
    """
    return list(_segmenter()(text, False))


def is_verb(word: str) -> bool:
    """Whether the dictionary has a word as a verb: 浇花, 遛狗.

    >>> is_verb("浇花"), is_verb("红花")
    (True, False)
    """
    import rjieba

    return [tag for _, tag in rjieba.tag(word, False)] == ["v"]


def find_chinese(keyword: str, sentence: str) -> Iterator[Hit]:
    """Where a Chinese keyword stands in a sentence.

    Args:
        keyword: folded and simplified.
        sentence: folded and simplified.
    """
    places = [match.span() for match in literal_pattern(keyword).finditer(sentence)]
    if not places:
        return
    borders = word_borders(sentence)
    for start, end in places:
        yield Hit(start, end, "" if _is_word(start, end, sentence, borders) else PIECE_OF_WORD)


def _is_word(start: int, end: int, sentence: str, borders: list[int]) -> bool:
    begin = borders[bisect_right(borders, start) - 1]
    last_begin = bisect_right(borders, end - 1)
    finish = borders[last_begin] if last_begin < len(borders) else len(sentence)
    before, after = sentence[begin:start], sentence[end:finish]
    if (not before and not after) or sentence[begin:finish] == 2 * sentence[start:end]:  # 喂喂 for 喂
        return True
    if sentence[begin:finish] in _NOT_THAT_THING:
        return False
    if not _is_known(sentence[start:end]):
        # The segmenter cannot keep together what its dictionary lacks (names, above all).
        is_behind_particle = before in _BEFORE_NAME and not after
        return begin == start or is_behind_particle or last_begin != bisect_right(borders, start)
    if not after:
        # A longer word is about its last part, unless it can be cut elsewhere: 东京/都 is not 东/京都.
        is_head = end - start > 1 and not _is_known(sentence[begin : end - 1])
        return before in _BEFORE_NOUN or is_head
    keeps_meaning = after in _SUFFIXES or (after == "家" and sentence[start:end] in _KIN)
    return (not before or before in _BEFORE_NOUN) and end - start > 1 and keeps_meaning


def _is_known(word: str) -> bool:
    import rjieba

    return bool(rjieba.has_word(word))
