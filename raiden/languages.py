"""Which of the four languages a text is in.

Written by hand rather than taken from a detector library: those are trained on paragraphs and
guess on the short, mixed texts of role play ("我是Tony", "I am 李小龙", "佐藤健一"), and they load
models of many megabytes. Here each script casts votes, function words count extra, and
everything is a pass over at most the first `SAMPLE_LENGTH` characters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from raiden.types import Language

SAMPLE_LENGTH = 2000
"""Characters that are looked at; a longer text has made its language plain by then."""

LANGUAGE_NAMES: dict[Language, str] = {
    "zh": "Chinese",
    "ja": "Japanese",
    "en": "English",
    "ko": "Korean",
}


def word_list(words: str) -> list[str]:
    """A table of words in order, written with blanks between them."""
    return words.split()


def word_set(words: str) -> frozenset[str]:
    """A table of words, written with blanks between them."""
    return frozenset(word_list(words))


ENGLISH_FUNCTION_WORDS = word_set(
    "a am an and are at be but by can did do does for from had has have he her his i i'm in is "
    "it it's me my no not of"
    " on or our she so that the their there they this to was we were what when where which who "
    "why with yes you your"
)
CHINESE_FUNCTION_CHARS = frozenset("的了我你您是在这那有不他她它们吗呢吧么叫和就都也很说會会们這個个为与從从")
JAPANESE_SURNAMES = word_set(
    "佐藤 鈴木 高橋 田中 渡辺 渡邊 伊藤 山本 中村 小林 加藤 吉田 山田 佐々木 山口 松本 井上 木村 "
    "斎藤 清水 山崎 阿部 池田 橋本"
    " 石川 山下 中島 石井 小川 前田 岡田 長谷川 藤田 後藤 近藤 村上 遠藤 青木 坂本 藤井 福田 "
    "太田 西村 三浦 藤原 岡本 松田 中川"
    " 中野 原田 小野 竹内 金子 和田 中山 石田 上田 森田 酒井 柴田 宮崎 宮本 内田 高木 安藤 谷口 "
    "大野 丸山 今井 高田 藤本 武田"
    " 村田 上野 杉山 増田 平野 大塚 千葉 久保 松井 小島 岩崎 桜井 野口 松尾 野村 木下 菊地 菊池 "
    "織田 豊臣 徳川"
)
"""The commonest surnames; they decide only for a name that stands alone, without kana."""

_WORD = re.compile(r"[A-Za-zÀ-ɏ]+(?:['’][A-Za-z]+)?")
_HANGUL = re.compile(r"[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")
_KANA = re.compile(r"[\u3041-\u3096\u30a1-\u30fa\uff66-\uff9d]")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff々]")
_QUOTED = re.compile(
    r"《[^》]{0,80}》|“[^”]{0,80}”|「[^」]{0,80}」|『[^』]{0,80}』|\([^)]{0,80}\)|\uff08[^\uff09]{0,80}\uff09"
)

_MIN_KANA_SHARE = 0.12
"""Kana per kana and Han above which a text is Japanese: in running Japanese 40 % and more."""
_MAX_NAME_LENGTH = 6


def detect_language(text: str) -> Language:
    """The language of a text; English where nothing speaks for another.

    >>> [detect_language(t) for t in ("佐藤健一", "最喜欢の是绿茶", "저는 John Smith예요", "I am 李小龙")]
    ['ja', 'zh', 'ko', 'en']
    """
    text = text[:SAMPLE_LENGTH]
    if text.isascii():
        return "en"
    text = unicodedata.normalize("NFC", text)
    votes: dict[Language, float] = {
        "en": _english_votes(text),
        "ko": 2 * len(_HANGUL.findall(text)),
        _han_language(text): _han_votes(text),
    }
    return max(votes, key=lambda language: (votes[language], language == "en"))


def _english_votes(text: str) -> float:
    words = _WORD.findall(text)
    return len(words) + 2 * sum(word.lower().replace("’", "'") in ENGLISH_FUNCTION_WORDS for word in words)


def _han_votes(text: str) -> float:
    return (
        len(_HAN.findall(text))
        + 2 * len(_KANA.findall(text))
        + 2 * sum(char in CHINESE_FUNCTION_CHARS for char in text)
    )


def _han_language(text: str) -> Language:
    """Chinese or Japanese, for the share of the text that is in Han characters and kana."""
    # A title in quotation marks may be in another language than the sentence around it.
    own_words = _QUOTED.sub("", text)
    text = own_words if _HAN.search(own_words) or _KANA.search(own_words) else text
    kana, han = len(_KANA.findall(text)), _HAN.findall(text)
    num_chinese_only = sum(not _encodable(char, "shift_jis") for char in han)
    if kana > num_chinese_only and kana / (kana + len(han)) >= _MIN_KANA_SHARE:
        return "ja"
    if any(char in CHINESE_FUNCTION_CHARS for char in han):
        return "zh"
    return "ja" if _has_japanese_kanji(han) or _is_japanese_name(text) else "zh"


def _has_japanese_kanji(chars: Iterable[str]) -> bool:
    """Whether a character was simplified in Japan only, such as 沢 and 広."""
    return any(_is_japanese_kanji(char) for char in chars)


def _is_japanese_kanji(char: str) -> bool:
    # The national character sets record which country writes which form.
    return char == "々" or (
        _encodable(char, "shift_jis") and not _encodable(char, "gb2312") and not _encodable(char, "big5")
    )


@lru_cache(maxsize=16384)
def _encodable(char: str, charset: str) -> bool:
    try:
        char.encode(charset)
    except UnicodeEncodeError:
        return False
    return True


def _is_japanese_name(text: str) -> bool:
    name = text.strip().replace(" ", "").replace("\u3000", "")
    return 2 <= len(name) <= _MAX_NAME_LENGTH and (name[:2] in JAPANESE_SURNAMES or name[:3] in JAPANESE_SURNAMES)
