"""What a chat endpoint is: one request in, one reply out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from raiden.types import Message


@dataclass(frozen=True)
class ChatRequest:
    """A conversation to go on with; equal requests ask for the same reply."""

    messages: tuple[Message, ...]
    max_tokens: int = 1024
    """Longest reply, in tokens, reasoning included."""
    temperature: float = 0.7
    seed: int = 0
    """For servers that sample reproducibly."""
    schema: Mapping[str, Any] | None = None
    """JSON schema of the reply; None asks for plain text."""


@dataclass(frozen=True)
class ChatReply:
    """What a model said."""

    text: str
    """Without reasoning. Where the request has a schema: JSON text that follows it."""
    prompt_tokens: int
    """As the server counts and charges them; 0 where it does not say."""
    completion_tokens: int


class ChatEndpoint(Protocol):
    """A model that replies, wherever it runs."""

    async def complete(self, request: ChatRequest) -> ChatReply:
        """The reply to one request.

        Raises:
            EndpointError: it failed, and trying again is no use or has been tried.
        """
        ...

    async def close(self) -> None:
        """Gives back connections; may be called twice."""
        ...
