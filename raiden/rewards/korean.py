"""Finding Korean keywords: glued particles, conjugation, spacing, borders inside a word.

MeCab-ko with mecab-ko-dic: it opens its dictionary in 20 ms and analyses 60 words in under a
millisecond; Kiwi's model is the better one, but takes two to four seconds to load and ten times as long
a reply. What its dictionary lacks (names, above all) is helped by a table of particles.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from threading import Lock
from typing import Any, NamedTuple

from raiden.core.languages import word_set
from raiden.rewards.hits import PIECE_OF_WORD, Hit, literal_pattern

_ONE_AT_A_TIME = Lock()  # A MeCab tagger answers in a buffer of its own.
_PARTICLES = re.compile(
    r"(?:이|님|씨|들|네)?(?:은|는|이|가|을|를|의|에|에서|에게|에게서|한테|한테서|께|께서|와|과|랑|"
    r"이랑|하고|로|으로|로서|으로서"
    r"|로부터|부터|까지|도|만|나|이나|처럼|보다|밖에|뿐|조차|마저|마다|요|이요|이고|이며|이나|야|"
    r"이야|아|여|이여)?"
    r"(?:은|는|도|만|요|의)?"
    r"(?:이|예|이에|입니|였|이었|인|일|라|이라|이란|란|다|이다|죠|이죠|지|이지|거든|이거든|네|이?세|이?시|이?십니|이?셨|"
    r"이네|고|이고|인데|지만|이지만|라고|이라고)?"
    r"(?:요|에요|예요|다|니다|습니다|어요|는데|지만|고|며)?"
)
_HONORIFIC = re.compile(r"이?(?:세요|셔요|시죠|시고|시지|십니다|셨)")
"""The copula of whoever is honoured, which the tagger may take for a noun: 목수세요."""
_MARKS = re.compile(r"[\s\0.!?~]")
_PLACE_SUFFIXES = word_set("시 도 군 구 읍 면 동 섬 역 항 특별시 광역시")
_NOUN_SUFFIXES = word_set("들 쯤 째 님 이 네 여 간 당")
_NOUN_TAGS = ("NNG", "NNP", "NR", "SL", "SN", "XR", "NP")
_GLUED_TAGS = ("J", "V", "E", "XS", "S", "NNB", "IC", "MM")
"""Beginnings of the tags that may follow a noun in one word without making another noun of it."""


class Token(NamedTuple):
    """A dictionary unit: one morpheme, or several that have melted together."""

    start: int
    end: int
    surface: str
    tag: str
    parts: tuple[tuple[str, str], ...]
    """Morphemes and their tags, spelled out: 달려 is 달리/VV + 어/EC."""


@lru_cache(maxsize=1)
def _tagger() -> Any:
    import mecab_ko

    return mecab_ko.Tagger("")


@lru_cache(maxsize=512)
def tokenise(sentence: str) -> tuple[Token, ...]:
    """The units of a sentence, in order; blanks belong to none."""
    tokens: list[Token] = []
    position = 0
    # A line break or a NUL would end MeCab's own sentence; a full stop makes it split 길러요 otherwise than without.
    with _ONE_AT_A_TIME:
        lines = _tagger().parse(_MARKS.sub(" ", sentence)).splitlines()
    for line in lines:
        surface, tab, features = line.rpartition("\t")
        start = sentence.find(surface, position) if tab else -1
        if start < 0:
            continue
        position = start + len(surface)
        tokens.append(_token(surface, features.split(","), start))
    return tuple(tokens)


def _token(surface: str, features: list[str], start: int) -> Token:
    tag = features[0]
    spelled_out = features[7] if len(features) > 7 and features[4] == "Inflect" else ""
    morphemes = (part.split("/") for part in spelled_out.split("+") if part.count("/") > 1)
    parts = tuple((form, part_tag) for form, part_tag, *_ in morphemes)
    return Token(start, start + len(surface), surface, tag, parts or ((surface, tag),))


def find_korean(keyword: str, sentence: str) -> Iterator[Hit]:
    """Where a Korean keyword stands in a folded sentence: as a noun with its particles, or as a verb in any form."""
    literal = [match.span() for match in literal_pattern(keyword).finditer(sentence)]
    found = [(start, end) for start, end in literal if _is_word(start, end, sentence)]
    if keyword.endswith("다") and len(keyword) > 1:
        found += _find_verb(keyword[:-1].replace(" ", ""), tokenise(sentence))
    yield from (Hit(start, end) for start, end in found)
    yield from (Hit(*place, PIECE_OF_WORD) for place in literal if place not in found)


def _is_word(start: int, end: int, sentence: str) -> bool:
    tokens = tokenise(sentence)
    first = next((token for token in tokens if token.start <= start < token.end), None)
    last = next((token for token in tokens if token.start < end <= token.end), None)
    if first is None or last is None:
        return False
    if start == first.start and end == last.end:
        if _ends_here(last, end - start > 1, tokens, sentence):
            return True
        # 민수고요 is 민수 with its ending, which the tagger takes for the noun 고요.
        return (last.tag == "NNP" or bool(_HONORIFIC.match(sentence, end))) and _has_only_particles(
            start, end, sentence
        )
    # Sudden noun inside a noun: 감 in 감기. A name that the dictionary does not know is cut anyhow.
    if last.tag.startswith("NN") and first == last:
        return start == first.start and last.tag == "NNP" and sentence[end : last.end] in _PLACE_SUFFIXES
    return _has_only_particles(start, end, sentence)


def _ends_here(last: Token, is_long: bool, tokens: Sequence[Token], sentence: str) -> bool:
    following = next((token for token in tokens if token.start == last.end), None)
    if following is not None and following.tag == "XSN":
        # 작가님 is a 작가, but 손님 is no 손, and 요리사 no 요리.
        suffix = sentence[following.start : following.end]
        return suffix == "들" or (is_long and suffix in _NOUN_SUFFIXES)
    if following is None or following.tag.startswith(_GLUED_TAGS):
        return True
    is_place = last.tag == "NNP" and sentence[following.start : following.end] in _PLACE_SUFFIXES
    return is_place or not last.tag.startswith(_NOUN_TAGS)


def _has_only_particles(start: int, end: int, sentence: str) -> bool:
    starts_word = start == 0 or not ("가" <= sentence[start - 1] <= "힣")
    rest = re.match(r"[가-힣]*", sentence[end:])
    return end - start > 1 and starts_word and bool(rest and _PARTICLES.fullmatch(rest[0]))


def _find_verb(stem: str, tokens: Sequence[Token]) -> list[tuple[int, int]]:
    """Where morphemes that end in a verb or adjective spell the stem: 좋/VA + 아/EC + 하/VV for 좋아하다."""
    places = []
    for index, token in enumerate(tokens):
        # The dictionary lists a stem under its base (물어 under 묻다), and sometimes under the wrong one.
        for as_written in (False, True):
            end = _spelled_until(stem, tokens, index, as_written)
            if end is not None:
                places.append((token.start, end))
                break
    return places


def _spelled_until(stem: str, tokens: Sequence[Token], index: int, as_written: bool) -> int | None:
    spelled = ""
    for token in tokens[index : index + len(stem)]:
        for form, tag in ((token.surface, token.tag),) if as_written else token.parts:
            # 산책을 하다 is 산책하다.
            spelled += "" if tag.startswith("J") and not stem.startswith(spelled + form) else form
            if spelled == stem and (tag.startswith("V") or tag in ("XSV", "XSA")):
                return token.end
            if not stem.startswith(spelled):
                return None
    return None
