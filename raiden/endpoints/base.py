"""What a chat endpoint is: one request in, one reply out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from raiden.core.errors import ConfigError, require_at_least
from raiden.core.types import Message
from raiden.data.prompts import PromptSettings


@dataclass(frozen=True)
class Identity:
    """Who replies; equal identities give interchangeable replies, wherever the server stands."""

    kind: Literal["openai", "bedrock", "local"]
    """The protocol that is spoken; `local`: the model is in this process."""
    model: str
    thinking: bool | None = False
    """Whether the model reasons before it replies; None leaves that to its chat template."""
    weights: str = ""
    """Of a local model, what changes with its files and with the type in which it computes."""


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
    verbatim: bool = False
    """Ask for the text as the model wrote it, as the reward scores it: reasoning left in, and it may be empty."""
    num_alternatives: int = 0
    """Of the first token, whose log-probabilities are asked for; a server that has none replies without."""


@dataclass(frozen=True)
class ChatReply:
    """What a model said."""

    text: str
    """Without reasoning, unless asked for verbatim. Where the request has a schema: JSON text that follows it."""
    prompt_tokens: int
    """As the server counts and charges them, tries in vain included; 0 where it does not say."""
    completion_tokens: int
    num_retries: int = 0
    """Tries in vain before this reply."""
    truncated: bool = False
    """Whether it was cut at the token limit."""
    first_logps: Mapping[str, float] = field(default_factory=dict)
    """What the reply might have begun with, in nats; empty where that was not asked for or is not told."""


class ChatEndpoint(Protocol):
    """A model that replies, wherever it runs."""

    async def identity(self) -> Identity:
        """Who replies; a model that was not named is asked of the server, once.

        Raises:
            EndpointError: as for `complete`.
        """

    async def complete(self, request: ChatRequest) -> ChatReply:
        """The reply to one request.

        Raises:
            AccessError: no request of this run can succeed.
            EndpointError: this one failed, and trying again is no use or has been tried.
        """

    async def close(self) -> None:
        """Gives back connections; may be called twice."""


Show = Callable[[str], None]
"""Takes the next piece of a reply."""


@runtime_checkable
class StreamingEndpoint(ChatEndpoint, Protocol):
    """A model whose replies can be read while it writes them."""

    async def stream(self, request: ChatRequest, show: Show) -> ChatReply:
        """As `complete`; `show` gets the text as the model writes it, reasoning included, piece by piece.

        Raises:
            EndpointError: as for `complete`; what was shown by then is no whole reply.
        """


async def stream_reply(endpoint: ChatEndpoint, request: ChatRequest, show: Show) -> ChatReply:
    """The reply, shown while it is written, or at once by an endpoint that cannot stream."""
    if isinstance(endpoint, StreamingEndpoint):
        return await endpoint.stream(request, show)
    reply = await endpoint.complete(request)
    show(reply.text)
    return reply


@dataclass(frozen=True)
class ReplySampling:
    """How replies are asked for and drawn."""

    temperature: float = 0.0
    """0 is greedy."""
    max_tokens: int = 256
    """Longest reply, in tokens, reasoning included."""
    seed: int = 0
    settings: PromptSettings = PromptSettings()
    """Of the prompts."""

    def __post_init__(self) -> None:
        if not self.temperature >= 0:
            raise ConfigError(f"`temperature` must be at least 0 (greedy), got {self.temperature}.")
        require_at_least("max_tokens", self.max_tokens, 1, "token")

    def request(self, messages: Sequence[Message], seed: int) -> ChatRequest:
        """What is asked for one reply, which has its own seed, as the model writes it."""
        return ChatRequest(tuple(messages), self.max_tokens, self.temperature, seed, verbatim=True)
