"""What models say about a sample: whether its rule agrees with a judge, and whether it is worth training on."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol

from raiden.datagen.base import Rejection
from raiden.datagen.questions.wording import WORDINGS
from raiden.endpoints import AccessError, ChatEndpoint, ChatReply, ChatRequest
from raiden.errors import EndpointError
from raiden.prompts import build_messages
from raiden.rewards import VRAR
from raiden.types import Message, Sample

MIN_AGREEMENT = 0.7
"""Share of the replies on which rule and judge must agree; RAIDEN-R1's own."""
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
        ...


@dataclass(frozen=True)
class Sampling:
    """How replies to a sample are drawn; every one has a seed of its own."""

    num_replies: int
    temperature: float = 0.7
    max_tokens: int = 512
    """Reasoning included."""
    seed: int = 0

    def requests(self, sample: Sample) -> list[ChatRequest]:
        """The sample's own prompt, once for each reply."""
        messages = tuple(build_messages(sample))
        first = int.from_bytes(blake2b(f"{self.seed} {sample.id}".encode(), digest_size=3).digest(), "big")
        return [
            ChatRequest(messages, self.max_tokens, self.temperature, first * self.num_replies + number)
            for number in range(self.num_replies)
        ]


class AgreementVerifier:
    """Keeps a sample whose rule and a judge agree on what is right, on replies sampled from the model.

    Args:
        endpoint: replies, and judges too.
        min_agreement: least share of the replies.
    """

    def __init__(self, endpoint: ChatEndpoint, sampling: Sampling, min_agreement: float = MIN_AGREEMENT) -> None:
        self.endpoint = endpoint
        self.sampling = sampling
        self.min_agreement = min_agreement
        self._reward = VRAR()

    async def verify(self, sample: Sample) -> Rejection | None:
        try:
            replies = await _ask_all(self.endpoint, self.sampling.requests(sample))
            verdicts = await _ask_all(self.endpoint, [self._question(sample, reply.text) for reply in replies])
        except AccessError:
            raise
        except EndpointError as fault:
            return Rejection("request_failed", str(fault))
        by_rule = [_is_right(self._reward, sample, reply) for reply in replies]
        by_judge = [json.loads(verdict.text)["right"] for verdict in verdicts]
        num_agreed = sum(rule == judge for rule, judge in zip(by_rule, by_judge, strict=True))
        if num_agreed >= self.min_agreement * len(replies):
            return None
        odd = next(i for i, rule in enumerate(by_rule) if rule != by_judge[i])
        words = ("wrong", "right")
        return Rejection(
            "judge_disagrees",
            f"Rule and judge agree on {num_agreed} of {len(replies)} replies ({self.min_agreement:.0%} are needed); "
            f'the rule takes "{replies[odd].text}" for {words[by_rule[odd]]}, the judge for {words[by_judge[odd]]}.',
        )

    def _question(self, sample: Sample, reply: str) -> ChatRequest:
        words = WORDINGS[sample.language].verdict.format(
            name=sample.character_name, question=sample.question, answer=sample.answer, reply=reply
        )
        return ChatRequest((Message("user", words),), self.sampling.max_tokens, temperature=0.0, schema=_VERDICT)


class HardnessVerifier:
    """Keeps a sample that a policy gets wrong at least once, by the sample's own rule.

    Args:
        policy: the model that is to be trained, or one like it.
    """

    def __init__(self, policy: ChatEndpoint, sampling: Sampling) -> None:
        self.policy = policy
        self.sampling = sampling
        self._reward = VRAR()

    async def verify(self, sample: Sample) -> Rejection | None:
        try:
            replies = await _ask_all(self.policy, self.sampling.requests(sample))
        except AccessError:
            raise
        except EndpointError as fault:
            return Rejection("request_failed", str(fault))
        if not all(_is_right(self._reward, sample, reply) for reply in replies):
            return None
        return Rejection(
            "too_easy", f'The policy is right in all of {len(replies)} replies, such as "{replies[0].text}".'
        )


def _is_right(reward: VRAR, sample: Sample, reply: ChatReply) -> bool:
    return reward(sample, reply.text).accuracy == 1


async def _ask_all(endpoint: ChatEndpoint, requests: list[ChatRequest]) -> list[ChatReply]:
    """The replies in order; where one request fails for good, the first failure, once all have ended."""
    results = await asyncio.gather(*map(endpoint.complete, requests), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return [result for result in results if isinstance(result, ChatReply)]
