"""The form of a language's table of turns of phrase."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal


def phrases(*alternatives: str) -> re.Pattern[str]:
    """One pattern of many alternatives, on folded text."""
    return re.compile("|".join(f"(?:{alternative})" for alternative in alternatives))


@dataclass(frozen=True)
class Idioms:
    """How one language denies, doubts, asks and quotes; every pattern is for folded text."""

    denies: Literal["before", "after"]
    """On which side of a word its negation stands: English and Chinese before, Japanese and Korean after."""
    clause_break: re.Pattern[str]
    """Where the reach of a negation ends."""
    harmless: re.Pattern[str]
    """Phrases that hold a negator and deny nothing ("not only", 不错); blanked out before anything is counted."""
    negator: re.Pattern[str]
    """What denies; an even number of them affirms."""
    turner: re.Pattern[str]
    """What turns a denial round ("who says I'm not"); counted with the negators, where there is one."""
    denied_directly_before: re.Pattern[str]
    """Denial that touches the word from the front, searched at the end of what stands before it."""
    denied_directly_after: re.Pattern[str]
    """Denial that touches the word from behind, matched at the beginning of what stands after it."""
    naming: re.Pattern[str]
    """What follows a name that is being introduced; its sentence's negation is about something else."""
    dislike: re.Pattern[str]
    """Dislike of a thing, on the same side as negation."""
    negative_question: re.Pattern[str]
    """A question that asks for what is not, or is not liked."""
    rhetorical: re.Pattern[str]
    """A question that is a statement."""
    denying_question: re.Pattern[str]
    """A question, or an outcry, that denies what it holds (怎么可能是...)."""
    asks_back: re.Pattern[str]
    """A sentence that only takes up the question ("you ask whether ...")."""
    tag_question: re.Pattern[str]
    """The last clause of a statement with a question mark ("..., you know?", 你呢？)."""
    yes: re.Pattern[str]
    """How a sentence begins that affirms what was just asked."""
    alternative_before: re.Pattern[str]
    """"... or" that touches the word from the front."""
    alternative_after: re.Pattern[str]
    """"or ..." that touches the word from behind."""
    hedge: re.Pattern[str]
    """A word of doubt; harmless alone, not with a list of candidates."""
    clueless: re.Pattern[str]
    """A word that says the speaker does not know."""
    belief: re.Pattern[str]
    """What others say or think, before the word; or after it, where negation stands there."""
    contrast: re.Pattern[str]
    """What sets the speaker's own word against others' belief."""
    wish_question: re.Pattern[str]
    """A question that asks for a wish or a dream: then an imagined thing is the answer."""
    reason_question: re.Pattern[str]
    """A question that asks for a reason: then a dislike may be the answer."""
    unreal_before: re.Pattern[str]
    """A wish or a condition contrary to fact, touching the word from the front."""
    unreal_after: re.Pattern[str]
    """The same, touching the word from behind."""
    clause: re.Pattern[str]
    """What makes a clause of a piece between commas, where a list would have an item."""
    separator: re.Pattern[str]
    """What stands between the items of a list."""
    glue: re.Pattern[str]
    """A word, or an ending, that makes a sentence of words; a run without it is a list without commas."""
