"""A model's replies to samples, scored: the trainer's own prompts and reward."""

import asyncio
import sys
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import asdict
from hashlib import blake2b
from typing import Any, TypeVar

from raiden.core.types import Sample
from raiden.data.prompts import build_messages
from raiden.endpoints import ChatEndpoint, ChatReply, ChatRequest, ReplySampling, RequestError
from raiden.evaluation.results import Evaluation, metrics_of, scored_row
from raiden.rewards import RewardConfig
from raiden.scoring import Scorer

Result = TypeVar("Result")


def reply_request(sample: Sample, sampling: ReplySampling, reply_index: int = 0) -> ChatRequest:
    """What is asked for one reply; its seed is a function of its position, so that nothing else moves it."""
    position = f"{sampling.seed} {sample.id} {reply_index}".encode()
    seed = int.from_bytes(blake2b(position, digest_size=4).digest()) >> 1  # servers take 31 bits
    return sampling.request(build_messages(sample, sampling.settings), seed)


async def evaluate(
    endpoint: ChatEndpoint,
    samples: Sequence[Sample],
    sampling: ReplySampling,
    samples_per_question: int = 1,
    rewards: RewardConfig | None = None,
    on_reply: Callable[[], None] = lambda: None,
) -> Evaluation:
    """Asks all questions at once (the endpoint bounds that) and scores the replies.

    A request that keeps failing is among `failed` and counts nowhere.

    Args:
        samples_per_question: replies drawn to each; several need a temperature above 0.
        rewards: weights and limits; None: those by default, with the format that is asked for.
        on_reply: called when a request is done, well or not.

    Raises:
        AccessError: no request can succeed.
    """
    scorer = Scorer(rewards or RewardConfig(response_format=sampling.settings.response_format), sampling.settings)
    scorer.refuse_reference()

    async def ask(sample: Sample, index: int) -> ChatReply | dict[str, Any]:
        try:
            return await endpoint.complete(reply_request(sample, sampling, index))
        except RequestError as fault:
            return {"id": sample.id, "reply_index": index, "error": str(fault)}
        finally:
            on_reply()

    async def ask_all(sample: Sample) -> list[dict[str, Any]]:
        """The rows of a question: of a reply what it earns, of a request without one its error."""
        asked = await gather_all([ask(sample, index) for index in range(samples_per_question)])
        replies = [(index, reply) for index, reply in enumerate(asked) if isinstance(reply, ChatReply)]
        (rewards,) = await scorer.score_async([(sample, [(reply.text, reply.truncated) for _, reply in replies])])
        rows = [
            scored_row(sample, reply.text, reply.truncated, reward, index)
            for (index, reply), reward in zip(replies, rewards, strict=True)
        ]
        return [*rows, *(one for one in asked if isinstance(one, dict))]

    try:
        done = [row for rows in await gather_all([ask_all(sample) for sample in samples]) for row in rows]
    finally:
        await scorer.close_async()
    for warning in scorer.take_warnings():
        print(warning, file=sys.stderr)
    rows = [row for row in done if "error" not in row]
    failed = [row for row in done if "error" in row]
    return Evaluation((await endpoint.identity()).model, metrics_of(rows), rows, failed, asdict(scorer.config))


async def gather_all(asked: Sequence[Coroutine[Any, Any, Result]]) -> list[Result]:
    """All results in order; the first error ends the rest."""
    tasks = [asyncio.create_task(one) for one in asked]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
