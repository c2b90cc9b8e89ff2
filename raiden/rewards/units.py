"""A text as a sequence of small units to count with: words, or characters of Chinese and Japanese."""

from __future__ import annotations

import re
from functools import lru_cache

_WIDE_CHARS = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff々"
_UNIT = re.compile(rf"[{_WIDE_CHARS}]|[\uac00-\ud7a3]+|[a-z0-9]+(?:'[a-z]+)?")
_WIDE = re.compile(f"[{_WIDE_CHARS}]")


@lru_cache(maxsize=256)
def split_units(folded: str) -> tuple[str, ...]:
    """Words of alphabetic scripts and Korean, single characters of Chinese and Japanese, in order."""
    return tuple(_UNIT.findall(folded))


def is_wide(unit: str) -> bool:
    """Whether a unit is one Han or kana character."""
    return "\u3005" <= unit[0] <= "\u9fff"


@lru_cache(maxsize=256)
def num_wide(folded: str) -> int:
    """How many characters are Han or kana."""
    return len(_WIDE.findall(folded))


def length_in_words(folded: str) -> float:
    """Length of a text in words; two Chinese or Japanese characters count as one."""
    return len(split_units(folded)) - 0.5 * num_wide(folded)
