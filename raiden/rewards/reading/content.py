"""What a piece of text is about, as a set of word beginnings: enough to see whether two pieces share a word."""

from __future__ import annotations

import re
from functools import lru_cache

from raiden.core.languages import ENGLISH_FUNCTION_WORDS, word_set
from raiden.rewards.irregular import IRREGULAR_FORMS
from raiden.rewards.units import is_wide, split_units

_STOP_WORDS = ENGLISH_FUNCTION_WORDS | word_set(
    "your yours you're you've what's who's i've about been again now then there them these those that's time one "
    "can't don't doesn't didn't won't isn't aren't wasn't weren't couldn't wouldn't haven't hasn't hadn't "
    "really still just ever never always only very much more most some any all into our out over up down"
)
_STOP_CHARS = frozenset(
    "的了是我你您他她它们们吗呢吧啊呀么什在有不没就都很也和与个一这那哪谁说要会来去到上下里么多少年岁几点时候里为"
)
_KOREAN_QUESTION_WORDS = frozenset(
    ["어디", "누구", "누가", "무엇", "무슨", "언제", "어떤", "어느", "얼마", "어떻", "뭐예", "뭐야", "뭐라"]
)
_PREFIX = 4
_LATIN_WORD = re.compile(r"[a-z'-]+")
_BASES = {form: base for base, forms in IRREGULAR_FORMS.items() for form in forms}


@lru_cache(maxsize=4096)
def content(text: str) -> frozenset[str]:
    """Beginnings of the content words; single Han characters; first two syllables of Korean words.

    >>> sorted(content("Where have I just come from?") & content("I came from Leeds"))
    ['come']
    """
    units = split_units(text)
    wide = {unit for unit in units if is_wide(unit) and unit >= "\u3400" and unit not in _STOP_CHARS}
    words = {
        _BASES.get(unit, unit)[: 2 if "\uac00" <= unit[0] <= "\ud7a3" else _PREFIX]
        for unit in units
        if not is_wide(unit) and len(unit) > 1 and unit not in _STOP_WORDS
    }
    return frozenset(wide | words) - _KOREAN_QUESTION_WORDS


def first_content(text: str) -> frozenset[str]:
    """What the first content word of a text in Latin script is about: behind a subject that is the verb.

    >>> sorted(first_content(" have baked you a pie"))
    ['bake']
    """
    return next(filter(None, map(content, _LATIN_WORD.findall(text))), frozenset())
