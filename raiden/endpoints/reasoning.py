"""Reasoning in what a model writes: taken out of the text by servers, put back into it, and left unread."""

from typing import Any

from raiden.core.reasoning import strip_reasoning


def whole_text(message: Any) -> str:
    """What the model wrote, with the reasoning that the server took out of it back in its block.

    Args:
        message: of OpenAI's protocol; None is one without a text.
    """
    text = (message and message.content) or ""
    reasoning = _reasoning(message)
    return f"<think>{reasoning}</think>{text}" if reasoning else text


def _reasoning(message: Any) -> str | None:
    # SGLang and DeepSeek call it so, newer vLLM the other way.
    return getattr(message, "reasoning_content", None) or getattr(message, "reasoning", None)


class StreamedText:
    """As `whole_text`, for a message that comes in pieces: first reasoning, where there is any, then the reply."""

    def __init__(self) -> None:
        self.text = ""
        """What has come so far."""
        self._is_reasoning = False

    def add(self, delta: Any) -> str:
        """What the next piece of a message adds to the text."""
        piece = ""
        if reasoning := _reasoning(delta):
            piece = reasoning if self._is_reasoning else f"<think>{reasoning}"
            self._is_reasoning = True
        if delta and delta.content:
            piece += f"</think>{delta.content}" if self._is_reasoning else delta.content
            self._is_reasoning = False
        self.text += piece
        return piece


class SpokenText:
    """The reply in a text that is still being written, without its reasoning.

    >>> spoken = SpokenText()
    >>> [spoken.add(piece) for piece in ("<th", "ink>Who am I?</thi", "nk> I am", " Ada.")]
    ['', '', 'I am', ' Ada.']
    """

    def __init__(self) -> None:
        self.written = ""
        """All that has come, reasoning included."""
        self.shown = ""
        """What `add` has given out so far."""

    def add(self, piece: str) -> str:
        """What the next piece adds to the reply; what may yet become a tag is held back."""
        self.written += piece
        spoken = strip_reasoning(self.written, is_whole=False)
        if not spoken.startswith(self.shown):
            return ""  # reasoning that ends without having begun: what was given out was none of the reply
        piece, self.shown = spoken[len(self.shown) :], spoken
        return piece
