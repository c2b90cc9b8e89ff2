"""The hint reward of VeriRole (ICLR 2026), the successor of RAIDEN-R1, as far as it could be read."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from raiden.core.types import Message, Sample
from raiden.rewards.normalise import fold_text
from raiden.rewards.units import split_units
from raiden.scoring.base import Score, answer_of

_SHAPE = re.compile(r"\s*<hint>(?P<hint>.*?)</hint>\s*<think>.*?</think>(?P<reply>.*)", re.DOTALL)
_TAG = re.compile(r"</?(?:hint|think)>")
_SENTENCE = re.compile(r"[^.!?。！？\n]+[.!?。！？]?")


class HintReward:
    """0.6 for `<hint>...</hint><think>...</think>` and a reply, and what the hint quotes of what it should.

    Format: 0.6 or 0, as published. Hint: F1 of words (Chinese and Japanese: characters) between the hint block and the
    ground truth, times `hint_scale`; 0 where the format is wrong. The ground truth is the sample's own field `hint`
    (an object, source -> text, as in the published data); else the sentences of profile and conversation that say what
    the rule asks for. It takes the place of `format_weight`, which asks for another form: set that to 0.

    What could not be verified: which parts the published hint reward adds up and their weights (only that there are
    several); the form of the hint block beyond its tags. F1 is this project's own choice: quoting the whole profile
    must not pay. The prompts of this project ask for no hint, so the policy needs a cold start that writes them.
    """

    units = "reward"

    def __init__(self, format_reward: float = 0.6, hint_scale: float = 1.0) -> None:
        """
        Args:
            format_reward: for the right form.
            hint_scale: for a hint that is the ground truth.
        """
        self.format_reward = format_reward
        self.hint_scale = hint_scale

    def __call__(self, sample: Sample, prompt: Sequence[Message], completion: str) -> Score:
        found = _SHAPE.fullmatch(completion)
        if found is None or len(_TAG.findall(completion)) != 4 or not answer_of(completion):
            return Score(0.0, "not <hint>...</hint><think>...</think> and a reply")
        wanted = ground_truth(sample)
        if not wanted:
            return Score(None, "neither a `hint` in the sample nor a sentence that says what its rule asks for")
        share = _f1(_units(found["hint"]), _units(wanted))
        return Score(self.format_reward + self.hint_scale * share, f"the hint is {share:.0%} of what it should be")


def ground_truth(sample: Sample) -> str:
    """What a hint should quote; empty where nothing says so."""
    hints = sample.raw.get("hint")
    if isinstance(hints, Mapping) and hints:
        return " ".join(str(text) for text in hints.values())
    texts = [*sample.character_profile.values(), *(turn.content for turn in sample.conversation_history)]
    sentences = (sentence for text in texts for sentence in _SENTENCE.findall(text))
    variants = [fold_text(variant) for term in sample.rule.terms for variant in term.variants]
    return " ".join(s.strip() for s in sentences if any(variant in fold_text(s) for variant in variants))


def _units(text: str) -> Counter[str]:
    return Counter(split_units(fold_text(text)))


def _f1(said: Counter[str], wanted: Counter[str]) -> float:
    """
    >>> round(_f1(Counter("ab"), Counter("abcd")), 3)
    0.667
    """
    shared = (said & wanted).total()
    return 2 * shared / (said.total() + wanted.total()) if shared else 0.0
