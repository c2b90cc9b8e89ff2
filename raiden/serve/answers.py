"""What a model writes, as the objects of OpenAI's protocol: whole, or chunk by chunk."""

import json
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from raiden.endpoints.live import GenerationRequest
from raiden.endpoints.written import Piece, Token
from raiden.serve.faults import ApiError


class Answer(ABC):
    """The answer to one request, from pieces: the chunks of its stream, or all of it where they are over."""

    last: ClassVar[str] = ""
    """What the protocol ends a stream by; empty: its last chunk says so."""

    def __init__(self, asked: GenerationRequest) -> None:
        self.num_prompt_tokens = len(asked.token_ids)
        self._num_tokens = [0] * len(asked.seeds)

    @property
    def num_tokens(self) -> int:
        """Of all completions so far."""
        return sum(self._num_tokens)

    def add(self, piece: Piece) -> None:
        """Takes the next piece."""
        for _ in self.chunks(piece):
            pass

    @property
    @abstractmethod
    def whole(self) -> dict[str, Any]:
        """All of it."""

    @abstractmethod
    def beginning(self) -> Iterator[dict[str, Any]]:
        """The chunks before the first piece."""

    @abstractmethod
    def chunks(self, piece: Piece) -> Iterator[dict[str, Any]]:
        """Those of the next piece, which is taken."""

    @abstractmethod
    def ending(self) -> Iterator[dict[str, Any]]:
        """Those after the last piece."""

    def failure(self, error: ApiError) -> dict[str, Any]:
        """The last chunk of a stream that went wrong."""
        return dict(error.body)


class CompletionAnswer(Answer):
    """One of /v1/chat/completions or /v1/completions.

    Args:
        model: its name.
        fingerprint: changes with the weights.
        includes_usage: whether the last chunk of a stream counts the tokens.
    """

    last = "[DONE]"

    def __init__(self, model: str, asked: GenerationRequest, fingerprint: str, includes_usage: bool) -> None:
        super().__init__(asked)
        self.is_chat, self._includes_usage = asked.is_chat, includes_usage
        num_choices = len(asked.seeds)
        self._texts, self._thoughts = [""] * num_choices, [""] * num_choices
        self._reasons: list[str | None] = [None] * num_choices
        self._tokens: list[list[Token]] = [[] for _ in range(num_choices)]
        self._head = {
            "id": f"{'chatcmpl' if self.is_chat else 'cmpl'}-{uuid.uuid4().hex}",
            "created": int(time.time()),
            "model": model,
            "system_fingerprint": fingerprint,
        }

    @property
    def _usage(self) -> dict[str, int]:
        return {
            "prompt_tokens": self.num_prompt_tokens,
            "completion_tokens": self.num_tokens,
            "total_tokens": self.num_prompt_tokens + self.num_tokens,
        }

    @property
    def whole(self) -> dict[str, Any]:
        kind = "chat.completion" if self.is_chat else "text_completion"
        choices = []
        for index, text in enumerate(self._texts):
            thought = {"reasoning_content": self._thoughts[index]} if self._thoughts[index] else {}
            own: dict[str, Any] = {"text": text}
            if self.is_chat:
                own = {"message": {"role": "assistant", "content": text, "refusal": None, **thought}}
            logprobs = self._logprobs(self._tokens[index])
            choices.append({"index": index, **own, "logprobs": logprobs, "finish_reason": self._reasons[index]})
        return {**self._head, "object": kind, "choices": choices, "usage": self._usage}

    def beginning(self) -> Iterator[dict[str, Any]]:
        """Whose turn it is."""
        if self.is_chat:
            for index in range(len(self._texts)):
                yield self._chunk(index, {"role": "assistant", "content": ""}, None, ())

    def chunks(self, piece: Piece) -> Iterator[dict[str, Any]]:
        self._texts[piece.choice] += piece.text
        self._thoughts[piece.choice] += piece.reasoning
        self._num_tokens[piece.choice] = piece.num_tokens
        self._reasons[piece.choice] = piece.finish_reason
        self._tokens[piece.choice] += piece.tokens
        delta = {"content": piece.text} if piece.text else {}
        delta |= {"reasoning_content": piece.reasoning} if piece.reasoning else {}
        yield self._chunk(piece.choice, delta, piece.finish_reason, piece.tokens)

    def ending(self) -> Iterator[dict[str, Any]]:
        if self._includes_usage:
            yield {**self._head, "object": self._chunk_kind, "choices": [], "usage": self._usage}

    @property
    def _chunk_kind(self) -> str:
        return "chat.completion.chunk" if self.is_chat else "text_completion"

    def _chunk(self, index: int, delta: dict[str, str], reason: str | None, tokens: Sequence[Token]) -> dict[str, Any]:
        own: dict[str, Any] = {"delta": delta} if self.is_chat else {"text": delta.get("content", "")}
        choice = {"index": index, **own, "logprobs": self._logprobs(tokens), "finish_reason": reason}
        usage = {"usage": None} if self._includes_usage else {}
        return {**self._head, "object": self._chunk_kind, "choices": [choice], **usage}

    def _logprobs(self, tokens: Sequence[Token]) -> dict[str, Any] | None:
        if not tokens:
            return None
        if self.is_chat:
            return {"content": logprobs(tokens), "refusal": None}
        return {
            "tokens": [token.text for token in tokens],
            "token_logprobs": [token.logp for token in tokens],
            "top_logprobs": [dict(token.top) for token in tokens],
            "text_offset": [sum(len(t.text) for t in tokens[:number]) for number in range(len(tokens))],
        }


def logprobs(tokens: Sequence[Token]) -> list[dict[str, Any]]:
    """Of each token, its own and those of the likeliest ones."""
    return [{**_told(t.text, t.logp), "top_logprobs": [_told(text, logp) for text, logp in t.top]} for t in tokens]


def _told(text: str, logp: float) -> dict[str, Any]:
    return {"token": text, "logprob": logp, "bytes": list(text.encode())}


def event(value: Any) -> bytes:
    """An event of a stream, by the rules of server-sent events; it is named by the value's `type`, where it has one.

    >>> event({"a": "小"}).decode()
    'data: {"a": "小"}\\n\\n'
    """
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    name = f"event: {value['type']}\n" if isinstance(value, dict) and "type" in value else ""
    return f"{name}data: {text}\n\n".encode()
