"""How replies are written: what changes where a model learns to be right by being dull."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from raiden.core.types import Language
from raiden.rewards.normalise import fold_text
from raiden.rewards.units import split_units
from raiden.rewards.voice import names_oneself

STYLE_TITLES = {
    "mean_length": "length of a reply, characters",
    "distinct_1": "different words (distinct-1)",
    "distinct_2": "different pairs of words (distinct-2)",
    "first_person": "in the first person",
    "repeated_openings": "beginning like another reply",
    "truncated": "cut at the token limit",
}
"""How tables call the figures of `style`, and the share of truncated replies, which no text tells."""
_OPENING = 3
"""Words (Chinese and Japanese: characters) that make an opening."""


def style(texts: Sequence[str], language: Language) -> dict[str, float]:
    """Figures of how these replies are written; {} where there are none.

    All are shares between 0 and 1, but for the length:

    - `mean_length`: characters of a reply, blanks at its ends left out.
    - `distinct_1`, `distinct_2`: different words, and pairs of neighbouring words, per word and pair written
      (distinct-n of Li et al., arXiv:1510.03055); they fall as texts are added, so compare equal numbers of replies.
    - `first_person`: replies with a word for oneself.
    - `repeated_openings`: replies that begin with the same three words as another one.

    A word is one character in Chinese and Japanese.

    >>> style(["I bake bread.", "I bake bread daily.", "Fog, mostly."], "en")["repeated_openings"]
    0.6666666666666666
    """
    if not texts:
        return {}
    folded = [fold_text(text) for text in texts]
    words = [split_units(text) for text in folded]
    openings = Counter(reply[:_OPENING] for reply in words if reply)
    return {
        "mean_length": sum(len(text.strip()) for text in texts) / len(texts),
        "distinct_1": _distinct([word for reply in words for word in reply]),
        "distinct_2": _distinct([pair for reply in words for pair in pairwise(reply)]),
        "first_person": sum(names_oneself(text, language) for text in folded) / len(texts),
        "repeated_openings": sum(number for number in openings.values() if number > 1) / len(texts),
    }


def _distinct(units: Sequence[object]) -> float:
    return len(set(units)) / len(units) if units else 0.0
