"""Turns of the benchmark -> what the model replies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from raiden.core.errors import ConfigError
from raiden.data.prompts import PromptSettings, conversation, system_message
from raiden.endpoints import ChatEndpoint, ChatReply, ChatRequest, RequestError
from raiden.evaluation.asking import gather_all
from raiden.evaluation.benchmark.dialogues import Turn


@dataclass(frozen=True)
class Sampling:
    """How replies are drawn."""

    max_tokens: int = 256
    """Longest reply, in tokens, reasoning included."""
    temperature: float = 0.0
    """0 is greedy."""
    seed: int = 0
    settings: PromptSettings = PromptSettings()
    """Of the prompts."""

    def __post_init__(self) -> None:
        if self.max_tokens < 1:
            raise ConfigError(f"`max_tokens` must be at least 1 token, got {self.max_tokens}.")
        if not self.temperature >= 0:
            raise ConfigError(f"`temperature` must be at least 0 (greedy), got {self.temperature}.")


def reply_request(turn: Turn, sampling: Sampling) -> ChatRequest:
    """What the model is asked: the conversation of the turn, for a question with the instructions of training.

    Those ask for an answer to the question, which is not what the other dimensions are about; there the model is asked
    to talk.
    """
    profile = turn.profile
    system = system_message(
        profile.name, profile.fields, turn.language, sampling.settings, turn.focus is None, profile.text
    )
    messages = tuple(conversation(system, turn.history, turn.question))
    return ChatRequest(messages, sampling.max_tokens, sampling.temperature, sampling.seed, verbatim=True)


async def ask_all(
    endpoint: ChatEndpoint, requests: Sequence[ChatRequest], advance: Callable[[], object]
) -> list[ChatReply | RequestError]:
    """The replies in the order of the requests; a request that failed for good is answered by its error.

    Args:
        advance: called after each reply.

    Raises:
        AccessError: no request can succeed.
    """

    async def ask(request: ChatRequest) -> ChatReply | RequestError:
        try:
            return await endpoint.complete(request)
        except RequestError as fault:
            return fault
        finally:
            advance()

    return await gather_all([ask(request) for request in requests])
