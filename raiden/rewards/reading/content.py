"""What a piece of text is about, as a set of word beginnings: enough to see whether two pieces share a word."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

from raiden.core.languages import ENGLISH_FUNCTION_WORDS, word_set
from raiden.rewards.irregular import IRREGULAR_FORMS
from raiden.rewards.korean import tokenise
from raiden.rewards.units import is_wide, split_units

_STOP_WORDS = ENGLISH_FUNCTION_WORDS | word_set(
    "your yours you're you've what's who's i've about been again now then there them these those that's time one "
    "can't don't doesn't didn't won't isn't aren't wasn't weren't couldn't wouldn't haven't hasn't hadn't "
    "really still just ever never always only very much more most some any all into our out over up down should "
    "shall must might he's she's they're we're"
)
_STOP_CHARS = frozenset(
    "的了是我你您他她它们们吗呢吧啊呀么什在有不没就都很也和与个一这那哪谁誰何说要会来去到上下里么多少年岁几点时候里为可"
)
_KOREAN_CONTENT = ("NNG", "NNP", "XR", "SL", "VV", "VA")
_KOREAN_STOP_WORDS = word_set("하 되 있 없 이 어떻 그렇 이렇 뭐 이름 때 지금 요즘")
_KOREAN_VERBS = ("VV", "VA", "VX", "XSV", "XSA")
_HANGUL = re.compile("[가-힣]")
_PLACE = re.compile("[哪这那]儿|結局|一体|一番|本当に|到底|究竟|最后|最終的")
"""Words of question and emphasis that say nothing of what is asked."""
_ENDING = re.compile(r"(?P<stem>[a-z']*?[aeiouy][a-z']*?)(?P<end>ing|ied|ies|(?<!e)ed|es|(?<!s)s)")
_DOUBLE = re.compile(r"([bdglmnprt])\1$")
_ASKED_KIND = re.compile(
    r"\b(?:what|which|how) [a-z]+ (?=(?:is|are|was|were|do|does|did|have|has|had|can|will|would)\b)"
)
_PREFIX = 4
_LATIN_WORD = re.compile(r"[a-z'-]+")
_FINITE = re.compile(
    r"\b(?:"
    + "|".join(sorted(form for forms in IRREGULAR_FORMS.values() for form in forms))
    + r"|[a-z]{2,}ed|am|do|have|"
    r"can|can't|will|must)\b|'(?:m|re|s|ve|ll|d) |\b(?:i|you|we|they|he|she) [a-z]+"
)
_BASES = {form: base for base, forms in IRREGULAR_FORMS.items() for form in forms}


@lru_cache(maxsize=4096)
def content(text: str) -> frozenset[str]:
    """Beginnings of the content words; single Han characters; Korean nouns and stems of verbs.

    >>> sorted(content("Where have I just come from?") & content("I came from Leeds"))
    ['com']
    """
    units = split_units(_PLACE.sub("", text))
    wide = {unit for unit in units if is_wide(unit) and unit >= "\u3400" and unit not in _STOP_CHARS}
    words = {
        _stem(unit)[:_PREFIX]
        for unit in units
        if not is_wide(unit) and len(unit) > 1 and unit not in _STOP_WORDS and not "\uac00" <= unit[0] <= "\ud7a3"
    }
    return frozenset(wide | words | _korean(text) if _HANGUL.search(text) else wide | words)


@lru_cache(maxsize=16384)
def _stem(word: str) -> str:
    """A word in Latin script without its ending: liv for live, lives, lived and living; bury for buried.

    >>> [_stem(word) for word in ("living", "live", "digging", "dig", "buried", "hid", "spring")]
    ['liv', 'liv', 'dig', 'dig', 'bury', 'hid', 'spring']
    """
    word = _BASES.get(word, word)
    if found := _ENDING.fullmatch(word):
        word = found["stem"] + ("y" if found["end"] in ("ies", "ied") else "")
    return _DOUBLE.sub(r"\1", word.removesuffix("e") if len(word) > 2 else word)


def _korean(text: str) -> set[str]:
    parts = (part for token in tokenise(text) for part in token.parts)
    return {_without_giving(form) for form, tag in parts if tag in _KOREAN_CONTENT} - _KOREAN_STOP_WORDS


def _without_giving(stem: str) -> str:
    """The stem of the verb that is done for somebody: 돕 for 도와주."""
    return tokenise(stem[:-1])[0].parts[0][0] if len(stem) > 2 and stem.endswith("주") else stem


@lru_cache(maxsize=4096)
def main_verb(question: str) -> frozenset[str]:
    """What the verb of a question is about: the first content word in Latin script, the last in Korean, else nothing.

    >>> sorted(main_verb("who paid for the window?"))
    ['pay']
    """
    if not _HANGUL.search(question):
        return first_content(_ASKED_KIND.sub("", question))
    verbs = [form for token in tokenise(question) for form, tag in token.parts if tag in ("VV", "VA", "NNG", "XR")]
    return frozenset(verbs[-1:]) - _KOREAN_STOP_WORDS


def has_verb(text: str) -> bool:
    """Whether a clause has a verb of its own; in Latin script a finite one, or what follows a pronoun."""
    if not _HANGUL.search(text):
        return bool(_FINITE.search(text))
    tags = [tag for token in tokenise(text) for _, tag in token.parts]
    return any(tag in _KOREAN_VERBS and after[0] == "E" and after != "ETM" for tag, after in pairwise(tags))


def first_content(text: str) -> frozenset[str]:
    """What the first content word of a text in Latin script is about: behind a subject that is the verb.

    >>> sorted(first_content(" have baked you a pie"))
    ['bak']
    """
    return next(filter(None, map(content, _LATIN_WORD.findall(text))), frozenset())
