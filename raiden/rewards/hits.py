"""A place where a keyword seems to stand."""

from __future__ import annotations

from typing import NamedTuple

PIECE_OF_WORD = "it is only a piece of a longer word"
PIECE_OF_NUMBER = "it is only a piece of a longer number or date"


class Hit(NamedTuple):
    """A keyword's place in a folded text, and what speaks against it."""

    start: int
    end: int
    fault: str = ""
    """Why this is no match, in half a sentence; empty where nothing was found."""
