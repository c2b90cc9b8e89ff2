"""What a model writes, as the objects of OpenAI's protocol: whole, or chunk by chunk."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from raiden.endpoints.written import Piece, Token


class Answer:
    """The answer to one request, from pieces.

    Args:
        model: its name.
        num_choices: completions asked for.
        num_prompt_tokens: of the prompt.
        fingerprint: changes with the weights.
        is_chat: whether it is one of /v1/chat/completions.
    """

    def __init__(
        self, model: str, num_choices: int, num_prompt_tokens: int, fingerprint: str, is_chat: bool = True
    ) -> None:
        self.is_chat = is_chat
        self.num_prompt_tokens = num_prompt_tokens
        self._texts, self._thoughts = [""] * num_choices, [""] * num_choices
        self._num_tokens = [0] * num_choices
        self._reasons: list[str | None] = [None] * num_choices
        self._tokens: list[list[Token]] = [[] for _ in range(num_choices)]
        self._head = {
            "id": f"{'chatcmpl' if is_chat else 'cmpl'}-{uuid.uuid4().hex}",
            "created": int(time.time()),
            "model": model,
            "system_fingerprint": fingerprint,
        }

    def add(self, piece: Piece) -> None:
        """Takes the next piece."""
        self._texts[piece.choice] += piece.text
        self._thoughts[piece.choice] += piece.reasoning
        self._num_tokens[piece.choice] = piece.num_tokens
        self._reasons[piece.choice] = piece.finish_reason
        self._tokens[piece.choice] += piece.tokens

    @property
    def usage(self) -> dict[str, int]:
        """Tokens so far."""
        completion = sum(self._num_tokens)
        return {
            "prompt_tokens": self.num_prompt_tokens,
            "completion_tokens": completion,
            "total_tokens": self.num_prompt_tokens + completion,
        }

    @property
    def whole(self) -> dict[str, Any]:
        """All of it."""
        kind = "chat.completion" if self.is_chat else "text_completion"
        choices = []
        for index, text in enumerate(self._texts):
            thought = {"reasoning_content": self._thoughts[index]} if self._thoughts[index] else {}
            own: dict[str, Any] = {"text": text}
            if self.is_chat:
                own = {"message": {"role": "assistant", "content": text, "refusal": None, **thought}}
            logprobs = self._logprobs(self._tokens[index])
            choices.append({"index": index, **own, "logprobs": logprobs, "finish_reason": self._reasons[index]})
        return {**self._head, "object": kind, "choices": choices, "usage": self.usage}

    def beginning(self) -> Iterator[dict[str, Any]]:
        """The chunks before the first piece: whose turn it is."""
        if self.is_chat:
            for index in range(len(self._texts)):
                yield self._chunk(index, {"role": "assistant", "content": ""}, None, ())

    def chunk(self, piece: Piece) -> dict[str, Any]:
        """A piece, which is added too."""
        self.add(piece)
        delta = {"content": piece.text} if piece.text else {}
        delta |= {"reasoning_content": piece.reasoning} if piece.reasoning else {}
        return self._chunk(piece.choice, delta, piece.finish_reason, piece.tokens)

    def counts(self) -> dict[str, Any]:
        """The last chunk, where a request asks for it."""
        return {**self._head, "object": self._chunk_kind, "choices": [], "usage": self.usage}

    @property
    def _chunk_kind(self) -> str:
        return "chat.completion.chunk" if self.is_chat else "text_completion"

    def _chunk(self, index: int, delta: dict[str, str], reason: str | None, tokens: Sequence[Token]) -> dict[str, Any]:
        own: dict[str, Any] = {"delta": delta} if self.is_chat else {"text": delta.get("content", "")}
        choice = {"index": index, **own, "logprobs": self._logprobs(tokens), "finish_reason": reason}
        return {**self._head, "object": self._chunk_kind, "choices": [choice]}

    def _logprobs(self, tokens: Sequence[Token]) -> dict[str, Any] | None:
        if not tokens:
            return None
        if self.is_chat:
            told = [
                {**_told(t.text, t.logp), "top_logprobs": [_told(text, logp) for text, logp in t.top]} for t in tokens
            ]
            return {"content": told, "refusal": None}
        return {
            "tokens": [token.text for token in tokens],
            "token_logprobs": [token.logp for token in tokens],
            "top_logprobs": [dict(token.top) for token in tokens],
            "text_offset": [sum(len(t.text) for t in tokens[:number]) for number in range(len(tokens))],
        }


def _told(text: str, logp: float) -> dict[str, Any]:
    return {"token": text, "logprob": logp, "bytes": list(text.encode())}


def event(value: Any) -> bytes:
    """An event of a stream, by the rules of server-sent events.

    >>> event({"a": "小"}).decode()
    'data: {"a": "小"}\\n\\n'
    """
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"data: {text}\n\n".encode()
