"""What the reward says of a reply in a conversation."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rapidfuzz import fuzz, utils

from raiden.chat.conversation import Conversation, Turn
from raiden.core.types import MatchRule, Reward, Sample
from raiden.data.samples import load_samples
from raiden.rewards import VRAR, RewardConfig

SAME_QUESTION = 75.0
"""Percent of `fuzz.ratio` from which two questions count as the same: of two different ones about one of the shipped
characters, 99 in 100 lie below."""


@dataclass(frozen=True)
class Numbered:
    """A sample about the character, with its number in `/samples`."""

    number: int
    sample: Sample


@dataclass(frozen=True)
class Score:
    """What a reply earns by a sample's rule."""

    numbered: Numbered
    reply: Turn
    reward: Reward

    def lines(self) -> Iterator[str]:
        """Which sample, what it asks for, and what the reward found, for reading."""
        sample, reward = self.numbered.sample, self.reward
        yield f"sample {self.numbered.number}: {sample.question}"
        yield f"  {sample.focus.upper()}, {sample.question_type}, {sample.difficulty}; reference: {sample.answer}"
        yield f"asked for: {told_rule(sample.rule)}"
        matched = ", ".join(f'"{span.text}" at {span.start}-{span.end}' for span in reward.spans)
        yield f"matched: {matched or 'nothing'}"
        faults = (f", {name} {value:+.2f}" for name, value in reward.components.items() if value < 0)
        yield (
            f"accuracy {reward.accuracy:.0f}, format {reward.components['format']:.0f}{''.join(faults)}: "
            f"reward {'-' if reward.total is None else f'{reward.total:.2f}'}"
        )
        yield f"why: {reward.reason}"


class SampleBook:
    """The samples that replies can be scored against.

    Args:
        paths: sample files; one that is in two of them counts once.

    Raises:
        SampleError: a file cannot be read.
    """

    def __init__(self, paths: Sequence[Path], reward: RewardConfig = RewardConfig()) -> None:
        self.paths = paths
        self._reward = VRAR(reward)
        self._samples = {sample.id: sample for path in paths for sample in load_samples(path)}

    def about(self, character_name: str) -> list[Numbered]:
        """The samples about a character, in the order of the files."""
        own = (sample for sample in self._samples.values() if sample.character_name == character_name)
        return [Numbered(number, sample) for number, sample in enumerate(own, 1)]

    def nearest(self, question: str, conversation: Conversation) -> list[tuple[float, Numbered]]:
        """Samples that fit the conversation, with the similarity of their questions in percent, the nearest first.

        One about a conversation fits where all of its history has been said.
        """
        fitting = [
            numbered
            for numbered in self.about(conversation.profile.name)
            if conversation.has_heard(numbered.sample.conversation_history)
        ]
        scores = [(fuzz.ratio(question, n.sample.question, processor=utils.default_process), n) for n in fitting]
        return sorted(scores, key=lambda scored: -scored[0])

    def score(self, numbered: Numbered, question: str, reply: Turn) -> Score:
        """Scores a reply as validation does, to the question as it was asked."""
        sample = replace(numbered.sample, question=question)
        return Score(numbered, reply, self._reward(sample, reply.content, truncated=reply.finish_reason != "stop"))


def told_rule(rule: MatchRule) -> str:
    """A rule in words.

    >>> from raiden.core.types import Term
    >>> told_rule(MatchRule((Term(("green tea", "matcha")), Term(("27",), "number")), "all", (Term(("Leeds",)),)))
    '"green tea" or "matcha"; and "27" (number); but not "Leeds"'
    """
    joint = "; and " if rule.match == "all" else "; or "
    terms = joint.join(_told_term(term.variants, term.type) for term in rule.terms)
    forbidden = " or ".join(_told_term(term.variants, term.type) for term in rule.forbidden)
    return f"{terms}; but not {forbidden}" if forbidden else terms


def _told_term(variants: Sequence[str], kind: str) -> str:
    told = " or ".join(f'"{variant}"' for variant in variants)
    return told if kind == "text" else f"{told} ({kind})"
