"""A place where a keyword seems to stand."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

PIECE_OF_WORD = "it is only a piece of a longer word"
OTHER_MEASURE = "it counts something else than is asked for"
PIECE_OF_NUMBER = "it is only a piece of a longer number or date"


@lru_cache(maxsize=16384)
def literal_pattern(keyword: str) -> re.Pattern[str]:
    """A keyword of a script without word borders, blanks allowed between its characters; digits keep together."""
    before = r"(?<!\d)" if keyword[0].isdecimal() else ""
    after = r"(?!\d)" if keyword[-1].isdecimal() else ""
    return re.compile(before + r"\s?".join(re.escape(char) for char in keyword if not char.isspace()) + after)


class Hit(NamedTuple):
    """A keyword's place in a folded text, and what speaks against it."""

    start: int
    end: int
    fault: str = ""
    """Why this is no match, in half a sentence; empty where nothing was found."""
    parts: tuple[tuple[int, int], ...] = ()
    """The places of its words where they stand apart; each of them has to count."""
