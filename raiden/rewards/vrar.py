"""VRAR, the Verifiable Role-Awareness Reward of RAIDEN-R1 (arXiv:2505.10218): accuracy plus format.

Accuracy is 1 or 0 by rules alone: the sample's terms must stand, affirmed, in the answer. Format is
1 or 0 too. Penalties for degenerate repetition, for length, for speaking out of character and for
language that nobody writes are this implementation's own. Of the successor VeriRole there is
the hint reward, as far as it is known (`raiden.scoring.HintReward`).
"""

from __future__ import annotations

from raiden.core.types import Reward, Sample
from raiden.rewards.answer import Answer
from raiden.rewards.config import RewardConfig
from raiden.rewards.matching import Verdict, explain, judge
from raiden.rewards.mechanisms import ALL
from raiden.rewards.penalties import length_penalty, repetition_penalty
from raiden.rewards.recital import unasked_facts, unasked_kinds
from raiden.rewards.reply import take_answer
from raiden.rewards.voice import voice_fault
from raiden.rewards.writing import writing_faults, writing_penalty

__all__ = ["VRAR", "RewardConfig"]


class VRAR:
    """The reward of a completion, and why; scoring changes nothing, so one object serves any number of processes."""

    def __init__(self, config: RewardConfig = RewardConfig(), mechanisms: frozenset[str] = ALL) -> None:
        self.config = config
        self.mechanisms = mechanisms

    def __call__(self, sample: Sample, text: str, truncated: bool = False) -> Reward:
        """Score one completion.

        Args:
            text: the whole completion, reasoning included.
            truncated: the completion was cut at the token limit; it cannot be well-formed.
        """
        config = self.config
        reply = take_answer(text, config.response_format)
        answer = Answer(reply.text, sample.language)
        verdict = self._accuracy(sample, answer)
        format_fault = "the completion was cut at the token limit" if truncated else reply.format_fault
        off_voice = voice_fault(sample, answer.text)
        faults = writing_faults(reply.text, answer.language, sample.answer)
        components = {
            "accuracy": float(verdict.right),
            "format": float(not format_fault),
            "repetition": repetition_penalty(answer.text),
            "length": length_penalty(answer, config),
            "first_person": -1.0 if off_voice else 0.0,
            "writing": writing_penalty(faults),
        }
        total = sum(getattr(config, f"{name}_weight") * value for name, value in components.items())
        return Reward(
            total,
            components,
            verdict.spans,
            _sentence(
                verdict.reason, format_fault, off_voice, f"nobody writes: {', '.join(faults)}" if faults else ""
            ),
            verdict.is_open,
        )

    def explain(self, sample: Sample, text: str) -> list[str]:
        """What the reward sees in a completion, clause by clause, a line each."""
        answer = Answer(take_answer(text, self.config.response_format).text, sample.language)
        return list(explain(sample, answer, self.mechanisms))

    def _accuracy(self, sample: Sample, answer: Answer) -> Verdict:
        verdict = judge(sample, answer, self.mechanisms)
        if not verdict.right or not self.config.recital_threshold:
            return verdict
        has_profile = bool(sample.character_profile)
        recited = unasked_facts(sample, answer.text) if has_profile else unasked_kinds(sample, answer)
        if len(recited) < self.config.recital_threshold:
            return verdict
        shown = "; ".join(recited[:3])
        return Verdict(
            False,
            verdict.spans,
            f"the reply recites {len(recited)} facts that nobody asked for ({shown})",
        )


def _sentence(*parts: str) -> str:
    """One sentence of the parts that are not empty."""
    sentence = "; ".join(part.rstrip(".") for part in parts if part)
    return sentence[:1].upper() + sentence[1:] + "."
