"""Named penalties beside accuracy and format: degenerate repetition and length; the third, the voice, is in voice.py.

Each is a number from -1 to 0, before its weight.
"""

from __future__ import annotations

from raiden.rewards.answer import Answer
from raiden.rewards.config import RewardConfig
from raiden.rewards.reading.content import content
from raiden.rewards.units import length_in_words, num_wide, split_units

_GRAM = {True: 6, False: 3}
"""Units in a repeated piece: characters where most of the text is wide, else words."""
_HARMLESS_SHARE = 0.2
"""Share of repeated pieces found in ordinary talk (refrains, lists)."""
_FULL_SHARE = 0.6


def repetition_penalty(answer: str) -> float:
    """How much of a text only repeats earlier pieces of itself: 0 for ordinary talk, -1 from 60 % on.

    The share of n-grams (three words, six wide characters) that were there before.
    """
    units = split_units(answer)
    size = _GRAM[2 * num_wide(answer) > len(units)]
    total = len(units) - size + 1
    if total < size:
        return 0.0
    grams = set(zip(*(units[start:] for start in range(size)), strict=False))
    share = 1 - len(grams) / total
    return 0.0 - min(1.0, max(0.0, (share - _HARMLESS_SHARE) / (_FULL_SHARE - _HARMLESS_SHARE)))


def length_penalty(answer: Answer, config: RewardConfig) -> float:
    """0 inside the band, down to -1 for an empty reply or one of twice the longest length.

    A sentence that says nothing new makes no reply longer: "The vicar. It's the vicar.", "Waffle. He's the one."
    """
    if (told := _told_length(answer, config.min_length)) < config.min_length:
        return told / config.min_length - 1
    return 0.0 - min(1.0, max(0.0, length_in_words(answer.text) / config.max_length - 1))


def _told_length(answer: Answer, enough: int) -> float:
    """Length of the sentences that say something new, in words, as far as that is enough.

    In kana alone content cannot be told from the rest, and all of it counts.
    """
    told, length = frozenset[str](), 0.0
    for sentence in answer.sentences:
        text = answer.text[sentence.start : sentence.end]
        words = content(text)
        if not length or words - told or (num_wide(text) and not words):
            length += length_in_words(text)
        if length >= enough:
            break
        told |= words
    return length
