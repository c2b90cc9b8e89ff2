"""A completion that is being written: its tokens become text, and it ends before a text that stops it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from raiden.core.reasoning import reasoning_in, strip_reasoning

if TYPE_CHECKING:
    from raiden.data.chat_template import ChatTemplate
    from raiden.rollout.engines.live import SampledToken


@dataclass(frozen=True)
class Token:
    """A token that was drawn, with its log-probability and the likeliest ones."""

    text: str
    logp: float
    top: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Piece:
    """What a completion goes on by."""

    choice: int
    text: str
    reasoning: str = ""
    """Of a reply: what stands in its block of reasoning, which is no part of the text."""
    finish_reason: Literal["stop", "length"] | None = None
    num_tokens: int = 0
    """Of the completion so far, the end of the turn included."""
    tokens: tuple[Token, ...] = ()
    """Those that were drawn since the last piece, where log-probabilities are asked for."""


class WrittenText:
    """One completion.

    Args:
        chat: reads the tokens.
        stop: texts before which it ends.
        is_chat: tell reasoning apart from the reply.
    """

    def __init__(self, chat: ChatTemplate, stop: Sequence[str], is_chat: bool) -> None:
        self.is_over = False
        self._chat, self._stop, self._is_chat = chat, tuple(stop), is_chat
        self._ids: list[int] = []
        self._read = ""
        """All that was read of the tokens."""
        self._text = ""
        """The part of it that counts."""
        self._num_told = self._num_thought = 0
        self._untold: list[Token] = []

    def add(self, sampled: SampledToken) -> Piece | None:
        """What another token adds; None: nothing that can be told yet."""
        self._ids.append(sampled.token)
        if sampled.logp is not None:
            top = tuple((self._one(token), logp) for token, logp in sampled.top)
            self._untold.append(Token(self._one(sampled.token), sampled.logp, top))
        finish_reason = sampled.finish_reason
        self._read_on(is_whole=finish_reason is not None)
        text = self._text
        found = [place for place in (text.find(stop, self._num_told) for stop in self._stop) if place >= 0]
        if found:
            text, finish_reason = text[: min(found)], "stop"
        elif finish_reason is None:
            text = text[: len(text) - self._num_held_back(text)]
        self.is_over = finish_reason is not None
        return self._piece(sampled.choice, text, finish_reason)

    def _piece(self, choice: int, text: str, finish_reason: Literal["stop", "length"] | None) -> Piece | None:
        thought = reasoning_in(self._read, self.is_over) if self._is_chat else ""
        addition, reasoning = text[self._num_told :], thought[self._num_thought :]
        self._num_told, self._num_thought = max(self._num_told, len(text)), max(self._num_thought, len(thought))
        if not (addition or reasoning or self.is_over):
            return None
        tokens, self._untold = tuple(self._untold), []
        return Piece(choice, addition, reasoning, finish_reason, len(self._ids), tokens)

    def _read_on(self, is_whole: bool) -> None:
        read = self._chat.read(self._ids, is_whole=is_whole)
        # A character may take several tokens, and until the last of them it is none.
        if read.endswith("\ufffd") and not is_whole:
            return
        self._read = read
        text = strip_reasoning(read, is_whole) if self._is_chat else read
        # Reasoning that ends without having begun: what was told was none of the reply.
        if text.startswith(self._text[: self._num_told]):
            self._text = text

    def _num_held_back(self, text: str) -> int:
        """Length of the end that may become a text that stops."""
        begun = (n for stop in self._stop for n in range(1, min(len(stop), len(text) + 1)) if text.endswith(stop[:n]))
        return max(begun, default=0)

    def _one(self, token: int) -> str:
        return str(self._chat.tokenizer.decode([token]))
