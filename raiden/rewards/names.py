"""What else a keyword may be called: another word for the same, an abbreviation, a part of a name, a kinship.

Mum for mother, 北大 for 北京大学, MIT for the Massachusetts Institute of Technology, "my granddaughter" for Fiamma.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from raiden.core.languages import word_list, word_set
from raiden.core.types import Language
from raiden.rewards.answer import Answer
from raiden.rewards.hits import Hit
from raiden.rewards.japanese import tokenise
from raiden.rewards.reading import GRAMMARS
from raiden.rewards.reading.grammar import NEVER

EN_FUNCTION = word_set(
    "a an the of in on at to with from by for off into out up down over under and or my your his her our "
    "their its it i "
    "you he she we they them him me being be was is are were that this as about through after before"
)
_LETTERS = {
    "ko": word_list(
        "에이 비 씨 디 이 에프 지 에이치 아이 제이 케이 엘 엠 엔 오 피 큐 알 에스 티 유 브이 더블유 엑스 와이 지"
    ),
    "ja": word_list(
        "エー ビー シー ディー イー エフ ジー エイチ アイ ジェー ケー エル エム エヌ オー ピー キュー "
        "アール エス ティー ユー ブイ ダブリュー エックス ワイ ゼット"
    ),
}
"""The names of the Latin letters, as abbreviations are spelled out."""
_MAX_LETTERS = 5
_HAN_NAME = re.compile(r"[\u4e00-\u9fff]{3,5}")
_LONG_SURNAMES = word_set("欧阳 上官 司马 诸葛 慕容 司徒 端木 皇甫 东方 南宫 公孙 令狐 夏侯 尉迟 长孙 独孤")
_TITLE: dict[Language, re.Pattern[str]] = {
    "zh": re.compile(
        "[队班船校院局厂社部处科组店团]长|老(?:师|板|爷|先生)|师[傅父兄姐弟妹]|先生|小姐|太太|夫人|医生|大[夫人哥姐叔婶爷]|"
        "教授|教练|经理|主任|主编|导演|掌柜|将军|公子|姑娘|道长|[捕镖]头|总(?![是算能])|[哥姐叔婶嫂伯姨](?!妹)"
    ),
    "ja": re.compile(
        "さん|ちゃん|くん|君|様|さま|殿|氏|先[生輩]|師匠|教授|監督|[隊船校院局社部課係店団班会組学艦]長|将軍|[大少中][佐尉将]"
    ),
}
"""What follows a name that stands for the whole of it."""


def family(word: str, language: Language) -> tuple[str, ...]:
    """The word and what is said for it."""
    grammar = GRAMMARS[language]
    head = grammar.kin.get(word) or grammar.synonyms.get(word)
    same = {**grammar.kin, **grammar.synonyms} if head else {}
    return (word, *(other for other, other_head in same.items() if other_head == head and other != word))


def spelled_out(variant: str, language: Language) -> tuple[str, ...]:
    """An abbreviation letter by letter.

    >>> spelled_out("FBI", "en"), spelled_out("MBC", "ko"), spelled_out("Rome", "en")
    (('f.b.i',), ('m.b.c', '엠비씨'), ())
    """
    if not (variant.isascii() and variant.isupper() and variant.isalpha() and 1 < len(variant) <= _MAX_LETTERS):
        return ()
    names = _LETTERS.get(language)
    spoken = ("".join(names[ord(letter) - ord("A")] for letter in variant),) if names else ()
    return (".".join(variant.lower()), *spoken)


def find_initials(variant: str, answer: Answer) -> Iterator[Hit]:
    """A name of three words or more by its initials: MIT for the Massachusetts Institute of Technology."""
    words = [word for word in variant.split() if word.lower() not in EN_FUNCTION]
    if len(words) > 2 and all(word[0].isupper() and word.isascii() for word in words):
        pattern = re.compile(rf"\b{''.join(word[0] for word in words)}\b")
        yield from (Hit(*match.span()) for match in pattern.finditer(answer.original))


@lru_cache(maxsize=8192)
def other_spellings(folded: str, language: Language) -> tuple[str, ...]:
    """What else a keyword may be called: another word of its family (mum, 爸, 米国), an abbreviation (北大, 고2)."""
    grammar = GRAMMARS[language]
    others = list(family(folded, language)[1:] or family(folded.removesuffix("s"), language)[1:])
    for word in grammar.synonyms if len(others) == 0 else ():
        if len(word) > 1 and word != folded and re.search(_bordered(word), folded):
            others += [re.sub(_bordered(word), other, folded) for other in family(word, language)[1:]]
    others += [pattern.sub(short, folded) for pattern, short in grammar.abbreviations if pattern.search(folded)]
    return tuple(dict.fromkeys(others))


def _bordered(word: str) -> str:
    return rf"\b{re.escape(word)}\b" if word.isascii() else re.escape(word)


@lru_cache(maxsize=4096)
def _by_title(folded: str, language: Language) -> re.Pattern[str]:
    """The surname of a full name with a title; in Japanese either part of it."""
    title = _TITLE.get(language)
    if not title or not _HAN_NAME.fullmatch(folded) or title.search(folded) or folded in GRAMMARS[language].kin:
        return NEVER
    if language == "zh":
        parts = [folded[: 2 if folded[:2] in _LONG_SURNAMES else 1]]
    else:
        tokens = tokenise(folded)
        parts = [token.surface for token in tokens if token.pos_detail == "固有名詞"]
        if len(parts) < 2 or len(parts) < len(tokens):
            return NEVER
    return re.compile(rf"(?<![\u4e00-\u9fff])(?:{'|'.join(parts)})(?:{title.pattern})")


def find_by_title(folded: str, answer: Answer) -> Iterator[Hit]:
    """A person by surname and title: 沈队长 for 沈砚秋, 桐生課長 for 桐生誠一郎."""
    return (Hit(*match.span()) for match in _by_title(folded, answer.language).finditer(answer.text))


def find_split_name(folded: str, language: Language, answer: Answer) -> Iterator[Hit]:
    """A name told in two parts: 姓欧阳,单名一个雪字."""
    surname, given = GRAMMARS[language].split_name
    first = surname.search(answer.text)
    second = given.search(answer.text, first.end()) if first else None
    if not first or not second:
        return
    for border in range(1, len(folded)):
        starts = answer.text.startswith(folded[:border], first.end())
        if starts and answer.text.startswith(folded[border:], second.end()):
            yield Hit(first.end(), first.end() + border)


@lru_cache(maxsize=4096)
def names_in_profile(folded: str, profile: tuple[str, ...], language: Language) -> tuple[str, ...]:
    """What a profile calls the bearer of a name: granddaughter, where it says "her granddaughter Fiamma"."""
    grammar = GRAMMARS[language]
    if folded in grammar.kin or len(folded) < 2:
        return ()
    kin = "|".join(sorted(map(re.escape, grammar.kin), key=len, reverse=True))
    border = r"\b" if folded.isascii() else ""
    name = border + re.escape(folded) + border
    link = r"[\s,:、「『(]{0,2}(?:called |named |叫做?|名叫|是|の|인 )?[\s「『]?"
    pattern = re.compile(
        rf"{border}({kin}){border}(?:さん|님|은|는|인)?{link}{name}|{name},? (?:her|his|the) ({kin})\b"
    )
    told = {found[1] or found[2] for text in profile for found in pattern.finditer(text)}
    # Of two brothers, "my brother" is neither.
    alone = [word for word in told if sum(len(re.findall(re.escape(word), text)) for text in profile) == 1]
    return tuple(sorted(alone))
