"""Whether a value is a person's name, or a noun: under "Mother" stands a name on one card, a fate on the next."""

import re

from raiden.core.languages import JAPANESE_SURNAMES, word_set
from raiden.core.types import Language

_CHINESE_SURNAMES = frozenset(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶余潘杜戴夏钟汪田任姜范方"
    "石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙段雷钱汤尹黎易常武乔贺赖龚文莫佟柳施洪翁葛华祝柯阮纪柴甄苗岳关骆鲍屈"
)
_KOREAN_SURNAMES = "김박최윤권황홍조정강임한오서신송류"
_ENGLISH_NAME = re.compile(
    r"(?:(?:Mr|Mrs|Ms|Miss|Dr|Sir|Lady|Lord|Aunt|Uncle|King|Queen|Captain|Master)\.? )?"
    r"[A-ZÀ-Þ][\w'’-]+(?: (?:[A-ZÀ-Þ][\w'’.-]*|of|de|von|van|der|la|the)){0,4}"
)
_NO_NAMES = word_set(
    "Deceased Dead Unknown None Human Alive Divorced Retired Missing Single Yes No King Queen Everyone Nobody Farmer "
    "Doctor Teacher Blacksmith Various Many Both 白领 黑魔法 高手 平民 温柔 白痴"
)
_KANA_TRADES = word_set(
    "パート バイト フリーター モデル ニート ナース アイドル シェフ コック いない なし メイド ママ パパ ペット"
)
_WITH_DOT = re.compile(r"[\u4e00-\u9fff]{1,6}(?:·(?:[\u4e00-\u9fff]{1,7}|[A-Z])){1,3}")
_TRADE = re.compile(r"[师员者人手匠工家长生兵官士客商贩任管医]$|[导编]剧?演?$")
_NO_NAME_TAGS = ("a", "ad", "d", "v", "zg", "p", "c", "r", "uj", "ul")


def script_of(text: str) -> Language:
    """The language that a word's characters are of, as far as characters tell; Chinese for Han alone."""
    if re.search("[가-힣]", text):
        return "ko"
    if re.search("[\u3041-\u30fa]", text):
        return "ja"
    return "zh" if re.search("[\u3400-\u9fff]", text) else "en"


def is_person_name(text: str) -> bool:
    """Whether a text is the name of one person; in doubt it is not.

    >>> [is_person_name(text) for text in ("张三", "农民", "Ada Finch", "a smith", "山田健二", "医者", "윤옥희")]
    [True, False, True, False, True, False, True]
    """
    if not text or text in _NO_NAMES or len(text) > 40:
        return False
    script = script_of(text)
    if script == "en":
        return bool(_ENGLISH_NAME.fullmatch(text))
    if script == "ko":
        return _is_korean_name(text)
    is_chinese = script == "zh" and (bool(_WITH_DOT.fullmatch(text)) or _is_chinese_name(text))
    return is_chinese or _is_japanese_name(text)


def may_be_chinese_name(text: str) -> bool:
    """Whether a dictionary knows no word that a short Chinese text could be, so that it may be a name.

    >>> [may_be_chinese_name(text) for text in ("莫小宝", "白展", "退休护士", "农民")]
    [True, True, False, False]
    """
    if not re.fullmatch(r"[\u4e00-\u9fff]{2,4}", text) or text in _NO_NAMES:
        return False
    words = chinese_words(text)
    if all(tag in _NO_NAME_TAGS for _, tag in words) and text[0] not in _CHINESE_SURNAMES:
        return False  # 很好
    return all(len(word) == 1 or tag in ("nr", "nrt", "ns", "nz") for word, tag in words)


def is_kana_name(text: str) -> bool:
    """Whether a text may be a Japanese given name in kana, with or without a surname; for where a name is expected.

    >>> [is_kana_name(text) for text in ("ソラ", "藤井ミオ", "パート", "会社員")]
    [True, True, False, False]
    """
    found = re.fullmatch(r"(?P<surname>[\u4e00-\u9fff々]{2,3})?(?P<name>[\u30a1-\u30fa\u3041-\u3096ー]{2,4})", text)
    if not found or found["name"] in _KANA_TRADES:
        return False
    surname = found["surname"]
    return not surname or surname in JAPANESE_SURNAMES or _is_japanese_name(surname)


def is_nominal(text: str) -> bool:
    """Whether a value ends in a noun or name, as a dictionary sees it; in English: begins with a name or a number."""
    script = script_of(text)
    if script == "en":
        return bool(re.match(r"(?:(?:an?|the) )?[A-Z0-9]", text))
    if script == "ko":
        return _korean_tags(text)[-1] in ("NNG", "NNP", "XSN", "NNB")
    if script == "ja":
        from raiden.rewards.japanese import tokenise

        last = tokenise(text)[-1]
        return last.pos in ("名詞", "接尾辞") and last.pos_detail != "形状詞可能"
    tags = [tag for _, tag in chinese_words(text)]
    # Prepositions, pronouns, conjunctions and adverbs make a clause of it: 在渡口卖票.
    is_clause = {"p", "r", "c", "d"} & set(tags) or re.search(r".[有是](?!机)", text)
    return tags[-1].startswith(("n", "vn")) and not is_clause


def is_common_noun(text: str) -> bool:
    """Whether a word of a Japanese or Korean name is one that anybody may say: 박사, ドクター.

    >>> is_common_noun("사람들"), is_common_noun("우진"), is_common_noun("ドクター"), is_common_noun("さやか")
    (True, False, True, False)
    """
    script = script_of(text)
    if script == "ko":
        return set(_korean_tags(text)) <= {"NNG", "XSN", "NNB"}
    if script != "ja":
        return False
    from raiden.rewards.japanese import tokenise

    return [token.pos_detail for token in tokenise(text)] == ["普通名詞"]


def begins_with_verb(text: str) -> bool:
    """Whether a Chinese value begins with a verb that has an object: 成为面包王; other languages put theirs behind.

    >>> begins_with_verb("成为面包王"), begins_with_verb("佛教")
    (True, False)
    """
    if script_of(text) != "zh":
        return False
    words = chinese_words(text)
    return len(words) > 1 and words[0][1] == "v" and len(words[0][0]) > 1


def is_duty(text: str) -> bool:
    """Whether a Chinese text says what somebody does rather than what they are.

    >>> is_duty("掌宫中典籍"), is_duty("修复师")
    (True, False)
    """
    words = chinese_words(text) if script_of(text) == "zh" else []
    return len(words) > 1 and words[0][1] in "vp" and not _TRADE.search(text)


def chinese_words(text: str) -> list[tuple[str, str]]:
    """The words of a Chinese text with their parts of speech (`ns` a place, `nr` a person's name)."""
    import rjieba

    from raiden.rewards.chinese import simplify

    words: list[tuple[str, str]] = rjieba.tag(simplify(text))
    return words


def _is_chinese_name(text: str) -> bool:
    if not 2 <= len(text) <= 4:
        return False
    words = chinese_words(text)
    if re.fullmatch(rf"阿.|[老小][{''.join(_CHINESE_SURNAMES)}]", text):
        return len(words) > 1 or words[0][1].startswith("nr")
    is_unknown = len(words) > 1 or words[0][1] in ("nr", "nrt")
    if words[0][0][0] in _CHINESE_SURNAMES and len(text) <= 3:
        return is_unknown
    return words[0][1] in ("nr", "nrt") and all(tag == words[0][1] or len(word) == 1 for word, tag in words)


def _is_japanese_name(text: str) -> bool:
    from raiden.rewards.japanese import tokenise

    tokens = [token for token in tokenise(text) if token.pos not in ("補助記号", "空白", "接尾辞")]
    return bool(tokens) and all(token.pos_detail == "固有名詞" for token in tokens)


def _korean_tags(text: str) -> list[str]:
    from raiden.rewards.korean import tokenise

    return [token.tag for token in tokenise(text)] or [""]


def _is_korean_name(text: str) -> bool:
    if set(_korean_tags(text)) == {"NNP"}:
        return True
    return len(text) == 3 and text[0] in _KOREAN_SURNAMES and text[-1] not in "사인자가원장수꾼민"
