"""A model's replies to samples, scored: the trainer's own prompts and reward."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import asdict, dataclass
from hashlib import blake2b
from typing import Any, TypeVar

from raiden.core.errors import ConfigError
from raiden.core.types import Sample
from raiden.data.prompts import PromptSettings, build_messages
from raiden.endpoints import ChatEndpoint, ChatReply, ChatRequest, RequestError
from raiden.evaluation.results import Evaluation, metrics_of, scored_row
from raiden.rewards import RewardConfig
from raiden.scoring import Scorer

Result = TypeVar("Result")


@dataclass(frozen=True)
class Asking:
    """How a model is asked."""

    samples_per_question: int = 1
    """Replies drawn to each question."""
    temperature: float = 0.0
    """0 is greedy."""
    max_tokens: int = 256
    """Longest reply, in tokens, reasoning included."""
    seed: int = 0
    settings: PromptSettings = PromptSettings()
    """Of the prompts."""

    def __post_init__(self) -> None:
        checks = {
            "samples_per_question": (self.samples_per_question >= 1, "at least 1 reply"),
            "temperature": (self.temperature >= 0, "at least 0"),
            "max_tokens": (self.max_tokens >= 1, "at least 1 token"),
            "seed": (0 <= self.seed < 2**31, "0 to 2**31 - 1"),
        }
        for name, (is_right, need) in checks.items():
            if not is_right:
                raise ConfigError(f"`{name}` must be {need}, got {getattr(self, name)}.")
        if self.samples_per_question > 1 and self.temperature == 0:
            raise ConfigError(
                f"`temperature` is 0, and {self.samples_per_question} greedy replies to a question would all be the "
                "same; give a `temperature` above 0, or one `samples_per_question`."
            )

    def request(self, sample: Sample, reply_index: int) -> ChatRequest:
        """What is asked for one reply; its seed is a function of its position, so that nothing else moves it."""
        position = f"{self.seed} {sample.id} {reply_index}".encode()
        return ChatRequest(
            tuple(build_messages(sample, self.settings)),
            self.max_tokens,
            self.temperature,
            seed=int.from_bytes(blake2b(position, digest_size=4).digest()) >> 1,  # servers take 31 bits
            verbatim=True,
        )


async def evaluate(
    endpoint: ChatEndpoint,
    samples: Sequence[Sample],
    asking: Asking,
    rewards: RewardConfig | None = None,
    on_reply: Callable[[], None] = lambda: None,
) -> Evaluation:
    """Asks all questions at once (the endpoint bounds that) and scores the replies.

    A request that keeps failing is among `failed` and counts nowhere.

    Args:
        rewards: weights and limits; None: those by default, with the format that is asked for.
        on_reply: called when a request is done, well or not.

    Raises:
        AccessError: no request can succeed.
    """
    scorer = Scorer(rewards or RewardConfig(response_format=asking.settings.response_format), asking.settings)

    scorer.refuse_reference()

    async def ask(sample: Sample, index: int) -> ChatReply | dict[str, Any]:
        try:
            return await endpoint.complete(asking.request(sample, index))
        except RequestError as fault:
            return {"id": sample.id, "reply_index": index, "error": str(fault)}
        finally:
            on_reply()

    async def ask_all(sample: Sample) -> list[dict[str, Any]]:
        """The rows of a question: of a reply what it earns, of a request without one its error."""
        asked = await gather_all([ask(sample, index) for index in range(asking.samples_per_question)])
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
