"""A text as a sequence of small units to count with: words, or characters of Chinese and Japanese."""

from __future__ import annotations

import re

_UNIT = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff々]|[\uac00-\ud7a3]+|[a-z0-9]+(?:'[a-z]+)?")
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff々]")


def split_units(folded: str) -> list[str]:
    """Words of alphabetic scripts and Korean, single characters of Chinese and Japanese, in order."""
    return _UNIT.findall(folded)


def is_wide(unit: str) -> bool:
    """Whether a unit is one Han or kana character."""
    return bool(_WIDE.match(unit))


def length_in_words(folded: str) -> float:
    """Length of a text in words; two Chinese or Japanese characters count as one."""
    return sum(0.5 if is_wide(unit) else 1.0 for unit in split_units(folded))
