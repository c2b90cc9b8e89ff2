"""Turns of the benchmark -> what the model replies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from raiden.core.errors import ConfigError
from raiden.core.types import Language, Message
from raiden.data.prompts import ResponseFormat, system_message
from raiden.endpoints import ChatEndpoint, ChatReply, ChatRequest, RequestError
from raiden.evaluation.asking import gather_all
from raiden.evaluation.benchmark.dialogues import Turn

_OPENING: dict[Language, str] = {
    "en": "The conversation begins with these words of {name}:",
    "zh": "对话由{name}的这句话开始：",
    "ja": "会話は{name}の次の言葉で始まりました。",
    "ko": "대화는 {name}의 다음 말로 시작되었습니다.",
}


@dataclass(frozen=True)
class Sampling:
    """How replies are drawn."""

    max_tokens: int = 256
    """Longest reply, in tokens, reasoning included."""
    temperature: float = 0.0
    """0 is greedy."""
    seed: int = 0
    response_format: ResponseFormat = "plain"

    def __post_init__(self) -> None:
        if self.max_tokens < 1:
            raise ConfigError(f"`max_tokens` must be at least 1 token, got {self.max_tokens}.")
        if not self.temperature >= 0:
            raise ConfigError(f"`temperature` must be at least 0 (greedy), got {self.temperature}.")


def reply_request(turn: Turn, sampling: Sampling) -> ChatRequest:
    """What the model is asked: the conversation of the turn, for a question with the instructions of training.

    Those ask for one short sentence that answers the question, which is not what the other dimensions are about; there
    the model is asked to talk.

    Many chat templates, and Bedrock, refuse a conversation that the assistant begins or in which one side speaks
    twice. So what the character says first goes to the end of the system message, and neighbouring turns of one
    side become one.
    """
    profile = turn.profile
    system = system_message(
        profile.name, profile.fields, turn.language, sampling.response_format, is_talk=turn.focus is None
    ).content
    spoken = _joined([*turn.history, Message("user", turn.question)])
    if spoken[0].role == "assistant":
        opening, *spoken = spoken
        system += f"\n\n{_OPENING[turn.language].format(name=profile.name)}\n{opening.content}"
    messages = (Message("system", system), *spoken)
    return ChatRequest(messages, sampling.max_tokens, sampling.temperature, sampling.seed, verbatim=True)


def _joined(messages: Sequence[Message]) -> list[Message]:
    joined: list[Message] = []
    for message in messages:
        if joined and joined[-1].role == message.role:
            message = Message(message.role, f"{joined.pop().content}\n{message.content}")
        joined.append(message)
    return joined


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
