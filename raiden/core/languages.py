"""Which of the four languages a text is in.

Written by hand rather than taken from a detector library: those are trained on paragraphs and
guess on the short, mixed texts of role play ("我是Tony", "I am 李小龙", "佐藤健一"), and they load
models of many megabytes. Here each script casts votes, function words count extra, and
everything is a pass over at most the first `SAMPLE_LENGTH` characters.
"""

import re
import unicodedata
from functools import lru_cache

from raiden.core.types import Language

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
CHINESE_FUNCTION_CHARS = frozenset("的了我你您是在这那不他她它们吗呢吧么叫和就都很说會会们這個个为与從从")
TRADITIONAL_CHARS = frozenset(
    "國學會臺灣歲齡體氣關總區點當實對發變讀樂應樣邊單萬來畫圍經濟處屬廣從歸戰鐵錢數圖聲醫藥觀覺轉輕將"
)
"""Written otherwise in Japan today, though names may keep them."""
JAPANESE_WORDS = word_set(
    "東京 大阪 京都 北海道 札幌 仙台 埼玉 横浜 神奈川 名古屋 神戸 奈良 福岡 長崎 鹿児島 沖縄 鎌倉 江戸 "
    "名前 口癖 誕生日 一人称 会社員 看護師 女子高生 料理人 寿司職人"
)
"""Of Japanese in kanji alone; Chinese writes them otherwise, or has other words."""
JAPANESE_SURNAMES = word_set(
    "佐藤 鈴木 高橋 田中 渡辺 渡邊 伊藤 山本 中村 小林 加藤 吉田 山田 佐々木 山口 松本 井上 木村 斎藤 清水 "
    "山崎 阿部 池田 橋本 石川 山下 中島 石井 小川 前田 岡田 長谷川 藤田 後藤 近藤 村上 遠藤 青木 坂本 藤井 "
    "福田 太田 西村 三浦 藤原 岡本 松田 中川 中野 原田 小野 竹内 金子 和田 中山 石田 上田 森田 酒井 柴田 宮崎 "
    "宮本 内田 高木 安藤 谷口 大野 丸山 今井 高田 藤本 武田 村田 上野 杉山 増田 平野 大塚 千葉 久保 松井 小島 "
    "岩崎 桜井 野口 松尾 野村 木下 菊地 菊池 佐野 大西 杉本 新井 浜田 市川 古川 水野 小松 島田 北村 山内 西田 "
    "西川 大島 川口 川上 五十嵐 川崎 飯田 吉川 本田 久保田 矢野 東野 工藤 大谷 羽生 三島 夏目 芥川 手塚 葛飾 "
    "樋口 太宰 江戸川 北条 織田 豊臣 徳川 上杉 伊達 真田 毛利 明智 浅井 長門 安倍 大岡 土方 沖田 西郷 大久保 "
    "吉本 涼宮 綾波 虎杖 伏黒 五条 宇智波 桐生 神宮寺 一条 二階堂 三上 四宮 九条 七海 小泉 川端 谷崎 志賀 "
    "宮沢 中原 正岡 吉岡 早川 松岡 星野 水谷 黒木 白石 片山 荒木 平井 岩田 桑原 望月 永井 大森 松村 児玉 辻井 "
    "榎本 成瀬 結城 朝倉 如月 氷室 雨宮"
)
"""Common ones, of today and of stories; they decide only for a name that stands alone, without kana."""

_WORD = re.compile(r"[A-Za-zÀ-ɏ]+(?:['’][A-Za-z]+)?")
_HANGUL = re.compile(r"[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")
_KANA = re.compile(r"[\u3041-\u3096\u30a1-\u30fa\uff66-\uff9d]")
# Not の: shops and fans write it in Chinese.
_HIRAGANA = re.compile(r"[\u3041-\u306d\u306f-\u3096]")
_WIDE_MARK = re.compile(r"[、。，：；！？\u3000]")
# A particle that leans on a foreign word: Tom과, CEO입니다.
_LEANING_HANGUL = re.compile(r"(?<=[A-Za-z])[\uac00-\ud7a3]")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff々]")
_QUOTED = re.compile(
    r"《[^》]{0,80}》|“[^”]{0,80}”|「[^」]{0,80}」|『[^』]{0,80}』|\([^)]{0,80}\)|\uff08[^\uff09]{0,80}\uff09"
)

_MAX_NAME_LENGTH = 6
_PLACE_END = re.compile(r"(?:大学|大學|[市路区區镇鎮])$")
"""Of Chinese places and schools that begin like a Japanese surname: 中山大学."""


def detect_language(text: str) -> Language:
    """The language of a text; English where nothing speaks for another.

    >>> [detect_language(t) for t in ("佐藤健一", "最喜欢の是绿茶", "저는 John Smith예요", "I am 李小龙")]
    ['ja', 'zh', 'ko', 'en']
    """
    text = text[:SAMPLE_LENGTH]
    if text.isascii():
        return "en"
    text = _own_words(unicodedata.normalize("NFC", text))
    votes: dict[Language, float] = {
        "en": len(_WORD.findall(text)) + 2 * _num_english_function_words(text),
        "ko": 2 * len(_HANGUL.findall(text)) + len(_LEANING_HANGUL.findall(text)),
        _han_language(text): _han_votes(text),
    }
    return max(votes, key=lambda language: (votes[language], language == "en"))


def _own_words(text: str) -> str:
    """The text without titles and names in brackets, which may be in another language than the words around."""
    own_words = _QUOTED.sub(" ", text)
    return own_words if any(char.isalpha() for char in own_words) else text


def _num_english_function_words(text: str) -> int:
    return sum(word.lower().replace("’", "'") in ENGLISH_FUNCTION_WORDS for word in _WORD.findall(text))


def _han_votes(text: str) -> float:
    num_chars, num_kana = len(_HAN.findall(text)), len(_KANA.findall(text))
    num_function_chars = sum(char in CHINESE_FUNCTION_CHARS for char in text)
    grammar = 2 * num_kana + 2 * num_function_chars + len(_WIDE_MARK.findall(text))
    if not grammar and _num_english_function_words(text):
        return num_chars / 4  # names in an English sentence
    return num_chars + grammar


def _han_language(text: str) -> Language:
    """Chinese or Japanese, for the share of the text that is in Han characters and kana."""
    han = _HAN.findall(text)
    num_hiragana = len(_HIRAGANA.findall(text))
    japanese = (
        num_hiragana
        + (len(_KANA.findall(text)) - num_hiragana) / 2
        + 2 * sum(_is_japanese_kanji(char) for char in han)
        + 2 * sum(word in text for word in JAPANESE_WORDS)
    )
    chinese = (
        2 * sum(not _encodable(char, "shift_jis") for char in han)
        + sum(char in CHINESE_FUNCTION_CHARS for char in han)
        + sum(char in TRADITIONAL_CHARS for char in han)
    )
    if japanese == chinese:
        return "ja" if _is_japanese_name(text) else "zh"
    return "ja" if japanese > chinese else "zh"


def _is_japanese_kanji(char: str) -> bool:
    """Whether a character was simplified in Japan only, such as 沢 and 広."""
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
    has_surname = any(name[:length] in JAPANESE_SURNAMES for length in (2, 3))
    return 2 <= len(name) <= _MAX_NAME_LENGTH and has_surname and not _PLACE_END.search(name)
