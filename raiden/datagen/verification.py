"""What models say about a sample: whether its rule agrees with a judge, and whether it is worth training on."""

import asyncio
import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol

from raiden.core.errors import EndpointError
from raiden.core.types import Message, Sample
from raiden.data.prompts import PromptSettings, build_messages
from raiden.datagen.base import Rejection
from raiden.datagen.questions.wording import WORDINGS
from raiden.endpoints import AccessError, ChatEndpoint, ChatReply, ChatRequest
from raiden.rewards import VRAR, RewardConfig

MIN_AGREEMENT = 0.7
"""Share of the replies on which rule and judge must agree; RAIDEN-R1's own."""
# As in training: varied replies of a sentence or two, with room for a model that reasons first.
_TEMPERATURE = 0.7
_MAX_TOKENS = 512
_VERDICT = {
    "type": "object",
    "properties": {"right": {"type": "boolean"}},
    "required": ["right"],
    "additionalProperties": False,
}


class Verifier(Protocol):
    """A last word on a sample that has passed every check."""

    async def verify(self, sample: Sample) -> Rejection | None:
        """Why the sample is not kept; None where it is.

        Raises:
            AccessError: no request of this run can succeed.
        """


@dataclass(eq=False)
class _ReplyVerifier(ABC):
    """Draws replies to a sample's own prompt, and looks at the sample by them."""

    endpoint: ChatEndpoint
    num_replies: int
    """Sampled for each sample, at least 1."""
    seed: int = 0
    """Other seeds draw other replies."""
    prompts: PromptSettings = PromptSettings()
    """How the model is told who it is."""

    def __post_init__(self) -> None:
        self._reward = VRAR(RewardConfig(response_format=self.prompts.response_format))

    async def verify(self, sample: Sample) -> Rejection | None:
        try:
            return await self.judge(sample, await self._draw(sample))
        except AccessError:
            raise
        except EndpointError as fault:
            return Rejection("request_failed", str(fault))

    @abstractmethod
    async def judge(self, sample: Sample, replies: list[ChatReply]) -> Rejection | None:
        """What the replies say of their sample."""

    async def _draw(self, sample: Sample) -> list[ChatReply]:
        """As many as wanted, each with a seed of its own."""
        messages = tuple(build_messages(sample, self.prompts))
        digest = blake2b(f"{self.seed} {sample.id}".encode(), digest_size=3).digest()
        first = int.from_bytes(digest, "big") * self.num_replies
        seeds = range(first, first + self.num_replies)
        return await _ask_all(
            self.endpoint, [ChatRequest(messages, _MAX_TOKENS, _TEMPERATURE, seed) for seed in seeds]
        )

    def is_right(self, sample: Sample, reply: ChatReply) -> bool:
        """Whether the sample's rule takes a reply for right."""
        return self._reward(sample, reply.text).accuracy == 1


class AgreementVerifier(_ReplyVerifier):
    """Keeps a sample whose rule and a judge agree on what is right, on replies of the endpoint, which judges too."""

    async def judge(self, sample: Sample, replies: list[ChatReply]) -> Rejection | None:
        verdicts = await _ask_all(self.endpoint, [_verdict_request(sample, reply.text) for reply in replies])
        by_rule = [self.is_right(sample, reply) for reply in replies]
        by_judge = [json.loads(verdict.text)["right"] for verdict in verdicts]
        num_agreed = sum(rule == judge for rule, judge in zip(by_rule, by_judge, strict=True))
        if num_agreed / len(replies) >= MIN_AGREEMENT:
            return None
        odd = next(i for i, rule in enumerate(by_rule) if rule != by_judge[i])
        words = ("wrong", "right")
        return Rejection(
            "judge_disagrees",
            f"Rule and judge agree on {num_agreed} of {len(replies)} replies ({MIN_AGREEMENT:.0%} are needed); "
            f'the rule takes "{replies[odd].text}" for {words[by_rule[odd]]}, the judge for {words[by_judge[odd]]}.',
        )


class HardnessVerifier(_ReplyVerifier):
    """Keeps a sample that a policy, the model that is to be trained or one like it, gets wrong at least once."""

    async def judge(self, sample: Sample, replies: list[ChatReply]) -> Rejection | None:
        if not all(self.is_right(sample, reply) for reply in replies):
            return None
        return Rejection(
            "too_easy", f'The policy is right in all of {len(replies)} replies, such as "{replies[0].text}".'
        )


def _verdict_request(sample: Sample, reply: str) -> ChatRequest:
    words = WORDINGS[sample.language].verdict.format(
        name=sample.character_name, question=sample.question, answer=sample.answer, reply=reply
    )
    return ChatRequest((Message("user", words),), _MAX_TOKENS, temperature=0.0, schema=_VERDICT)


async def _ask_all(endpoint: ChatEndpoint, requests: list[ChatRequest]) -> list[ChatReply]:
    """The replies in order; where one request fails for good, the first failure, once all have ended."""
    results = await asyncio.gather(*map(endpoint.complete, requests), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return [result for result in results if isinstance(result, ChatReply)]
