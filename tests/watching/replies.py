"""Rollouts with given replies, for the tests."""

from __future__ import annotations

from collections.abc import Sequence

from raiden.core.types import Completion, FinishReason, Prompt, Reward, Rollout
from raiden.data.samples import parse_sample
from tests.records import sample_record

_REWARD = Reward(1.0, {"accuracy": 1.0, "format": 1.0}, (), "said so in the test")


def rollout(question: str, answer: str, replies: Sequence[str], finish_reason: FinishReason = "stop") -> Rollout:
    """A group; each of its tokens was drawn with probability 1/e, so that the entropy is 1 nat a token."""
    sample = parse_sample(sample_record(question=question, answer=answer, keywords=[answer]), "test")
    completions = tuple(Completion((1, 2), (-1.0, -1.0), text, finish_reason) for text in replies)
    return Rollout(Prompt(sample, (1,)), completions, (_REWARD,) * len(completions))


def step(replies: Sequence[str], num_questions: int = 8, first: int = 0) -> list[Rollout]:
    """A group of these replies to each of some questions; `{}` in a reply stands for the question's own number."""
    return [
        rollout(f"Question {n}?", f"Answer {n}.", [reply.format(n) for reply in replies])
        for n in range(first, first + num_questions)
    ]
