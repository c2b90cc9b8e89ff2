"""Stands in for a tokenizer that cannot be had: token counts from characters."""

import re
from collections.abc import Sequence
from itertools import chain

from raiden.core.types import Message

_PIECE = re.compile(r" ?[A-Za-z]{1,6}|\d|\s+|.", re.DOTALL)
"""Tokenizers of large vocabularies need fewer tokens for all four languages: they join more than six letters, and
characters of Chinese, Japanese and Korean. Plans are to err on this side."""
_AROUND_A_MESSAGE = "\x00\x01\x02\x03\x04"
"""As many tokens as ChatML puts around each turn."""


class Characters:
    """Makes token ids of pieces of text, equal ones for equal pieces, so that shared beginnings are found."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        # A character's description comes with each of its questions, and is most of the text.
        self._known: dict[str, tuple[int, ...]] = {}

    def __call__(self, prompts: Sequence[Sequence[Message]]) -> list[tuple[int, ...]]:
        return [self._pieces(messages) for messages in prompts]

    def _pieces(self, messages: Sequence[Message]) -> tuple[int, ...]:
        around = self._of(_AROUND_A_MESSAGE)
        turns = ((*around, *self._of(message.content)) for message in messages)
        return (*chain.from_iterable(turns), *around)

    def _of(self, text: str) -> tuple[int, ...]:
        if text not in self._known:
            ids = self._ids
            self._known[text] = tuple(ids.setdefault(piece, len(ids)) for piece in _PIECE.findall(text))
        return self._known[text]
