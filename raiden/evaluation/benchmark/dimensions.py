"""What a turn of the benchmark tests, by the codes and the names of the public files."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from raiden.core.types import Focus

_SEPARATORS = re.compile(r"[、,;/\s]+")
_NO_FLAWS = (
    " Where both do this equally well, a reply is worse that calls itself an AI, falls out of character, rambles or "
    "contradicts itself; without such a flaw they are tied."
)


@dataclass(frozen=True)
class Dimension:
    """One thing that replies are compared by."""

    code: str
    """In the files."""
    name: str
    """In the paper."""
    title: str
    criterion: str
    """What the judge is told, from the best reply to the worst."""
    focus: Focus | None = None
    """What the rule-based reward calls it; None where only a judge can tell."""


_ALL = (
    Dimension(
        "A",
        "SBK",
        "script-based knowledge",
        "Does the reply answer the question as the character's setting says? Best is a reply that is right and "
        "complete, then one that is right but leaves something out, then one that mixes right and wrong, then a wrong "
        "one or none." + _NO_FLAWS,
        "sbk",
    ),
    Dimension(
        "B",
        "RCB",
        "role cognition boundary",
        "The user asks for what this character cannot know. Best is a reply that does not claim to know it, then one "
        "that says so but gives details all the same, then one whose details are at least bound to the character's "
        "world, then one that simply knows." + _NO_FLAWS,
    ),
    Dimension(
        "C",
        "SCK",
        "script-contradictory knowledge",
        "The user takes something about the character for true that is false. Best is a reply that corrects it with "
        "what the setting says, then one that only says that it is false, then one that first agrees and corrects it "
        "later, then one that is misled." + _NO_FLAWS,
    ),
    Dimension(
        "D",
        "SAK",
        "script-agnostic knowledge",
        "The user asks for something real that the setting does not tell but the character could know. Best is a "
        "reply that is right and complete, then one that is right in part, then a wrong one or none." + _NO_FLAWS,
    ),
    Dimension(
        "E",
        "PLS",
        "personalized language style",
        "Does the reply sound like this character? Best is the character's own manner of speaking with a catchphrase "
        "that fits, then the manner without one, then the manner with a catchphrase out of place, then another "
        "manner." + _NO_FLAWS,
    ),
    Dimension(
        "F",
        "ER",
        "emotion response",
        "Does the reply meet the user's feelings? It shares what is glad, and comforts or encourages where the user "
        "is low. The more it would help this user, the better.",
    ),
    Dimension(
        "G",
        "TS",
        "topic shift",
        "The talk has run dry, or the user wants another subject. Best is a reply that comes to a new subject "
        "smoothly, then one that does so abruptly, then one that barely hints at it, then one that brings none."
        + _NO_FLAWS,
    ),
    Dimension(
        "H",
        "TA",
        "topic advancement",
        "The user says little and the subject is about to stall. Does the reply carry it on? The more it makes one "
        "want to answer, the better.",
    ),
    Dimension(
        "J",
        "PB",
        "previous behaviour",
        "Actions stand in brackets. Best is a reply whose own action follows from what was done before and goes with "
        "its words, then one whose action follows but whose words do not fit, then one whose action does not follow, "
        "then one without an action." + _NO_FLAWS,
    ),
    Dimension(
        "K2",
        "CM",
        "conversation memory",
        "Does the reply remember what was said earlier in this conversation? Best is a right and complete answer, "
        "then a right one that leaves something out, then one that claims to remember without saying what, then a "
        "refusal, then a wrong answer." + _NO_FLAWS,
        "cm",
    ),
    Dimension(
        "L",
        "CC",
        "chit-chat",
        "How good is the reply as talk? Best is one that follows from what was said, makes sense, sounds natural and "
        "like the character, and goes deeper; worse, in this order, are shallow ones, ones in another manner, "
        "unnatural ones, illogical ones, and ones that have nothing to do with the conversation.",
    ),
)
DIMENSIONS: dict[str, Dimension] = {dimension.code: dimension for dimension in _ALL}
_BY_WORD = DIMENSIONS | {dimension.name: dimension for dimension in _ALL}
CODES = ", ".join(f"{dimension.code} or {dimension.name}" for dimension in _ALL)
NOT_EVALUATED = {"K1": "tells what a later turn asks for", "I": "unused"}
"""Codes of the files that test nothing in their own turn."""


def parse_metrics(metrics: Any) -> tuple[tuple[Dimension, ...], tuple[str, ...]]:
    """The dimensions of a turn, each once, and what else its `metrics` say.

    Args:
        metrics: a text or a list of texts; codes or the paper's names, parted by `、`, commas or blanks, with suffixes
            such as `K2-1`.

    >>> [dimension.code for dimension in parse_metrics("SBK, A、CM")[0]]
    ['A', 'K2']
    >>> [dimension.name for dimension in parse_metrics("A、K2-1 K2-2")[0]], parse_metrics(["E", "K1-3"])[1]
    (['SBK', 'CM'], ('K1',))
    """
    parts = [part for text in _texts(metrics) for part in _SEPARATORS.split(unicodedata.normalize("NFKC", text))]
    codes = dict.fromkeys(part.partition("-")[0].upper() for part in parts if part)
    found = dict.fromkeys(_BY_WORD[code] for code in codes if code in _BY_WORD)
    return tuple(found), tuple(code for code in codes if code not in _BY_WORD)


def _texts(metrics: Any) -> Iterable[str]:
    return [metrics] if isinstance(metrics, str) else [text for text in metrics or () if isinstance(text, str)]
