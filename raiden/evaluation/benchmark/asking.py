"""Turns of the benchmark -> what the model replies."""

from collections.abc import Callable, Sequence

from raiden.data.prompts import conversation, system_message
from raiden.endpoints import ChatEndpoint, ChatReply, ChatRequest, ReplySampling, RequestError
from raiden.evaluation.asking import gather_all
from raiden.evaluation.benchmark.dialogues import Turn


def reply_request(turn: Turn, sampling: ReplySampling) -> ChatRequest:
    """What the model is asked: the conversation of the turn, for a question with the instructions of training.

    Those ask for an answer to the question, which is not what the other dimensions are about; there the model is asked
    to talk.
    """
    profile = turn.profile
    system = system_message(
        profile.name, profile.fields, turn.language, sampling.settings, turn.focus is None, profile.text
    )
    return sampling.request(conversation(system, turn.history, turn.question), sampling.seed)


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
