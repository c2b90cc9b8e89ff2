"""text-generation-webui's chats: `internal` and `visible`, lists of pairs of what the two sides say."""

import html
from collections.abc import Iterator
from itertools import zip_longest

from raiden.datagen.dialogues.base import Document
from raiden.datagen.dialogues.formats.conversations import CHARACTER, USER
from raiden.datagen.dialogues.turns import Turn

NAME = "text-generation-webui chat"
_PAIRS = (("internal", "visible"), ("data", "data_visible"))
_NOTHING = "<|BEGIN-VISIBLE-CHAT|>"
"""Stands for what the user says before a greeting."""


def matches(document: Document) -> bool:
    return any({raw, shown} <= set(document) for raw, shown in _PAIRS)


def turns_of(document: Document) -> Iterator[Turn]:
    """The turns as they were typed; as they were shown where only that is there, which is HTML."""
    raw, shown = next(fields for fields in _PAIRS if set(fields) <= set(document))
    typed, visible = document[raw] or [], document[shown] or []
    if not isinstance(typed, list) or not isinstance(visible, list):
        raise ValueError(f"must have lists of pairs in `{raw}` and `{shown}`")
    for number, (one, other) in enumerate(zip_longest(typed, visible, fillvalue=("", "")), 1):
        if not all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in (one, other)):
            raise ValueError(f"has no pair of texts in turn {number} of `{raw}`")
        for side, (name, is_character) in enumerate(((USER, False), (CHARACTER, True))):
            text = one[side] or html.unescape(str(other[side] or ""))
            if isinstance(text, str) and text.strip() and text != _NOTHING:
                yield Turn(name, is_character, text.strip())
