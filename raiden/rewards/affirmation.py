"""Whether a word that stands in an answer is meant: affirmed, by the speaker, as a fact.

One procedure for four languages; what differs is data (`idioms/`). Denials are counted: two of them
affirm ("I can't live without tea", 没有一天不喝茶, 紅茶しか飲まない), and their reach ends with their clause.
A parser would know clauses better, at a thousand times the cost and with errors nobody can read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from raiden.rewards.answer import Answer
from raiden.rewards.commitment import list_length
from raiden.rewards.hits import Hit
from raiden.rewards.idioms import IDIOMS, Idioms
from raiden.rewards.reading.question import Question

DENIED = "the reply denies it"
ONLY_ASKED = "it stands only in a question that the reply echoes"
ALTERNATIVE = "the reply offers it as one of several alternatives"
HEDGED = "the reply lists it among candidates and commits to none"
CLUELESS = "the reply says that it does not know"
OTHERS_BELIEF = "the reply gives it as what others believe, and corrects them"
UNREAL = "the reply only imagines or wishes it"
DISLIKED = "the reply says that it is disliked"

_BLANK = "\x1f"
_REACH = 48
"""Characters of the following sentences that can still answer an echoed question or correct a belief."""
_BESIDE = 2
"""Characters between a word and what is said of the word itself: a space, a particle, one verb (讨厌喝茶)."""


@dataclass(frozen=True)
class Surroundings:
    """What stands around a word, cut at its sentence; phrases that only look like denials blanked out."""

    idioms: Idioms
    before: str
    after: str
    following: str
    """The beginning of what comes after the sentence."""
    preceding: str
    """The end of what comes before the sentence."""
    sentence: str
    """The whole sentence, nothing blanked out."""
    is_question: bool
    question: Question

    @cached_property
    def reach(self) -> str:
        """The part of the clause where a denial of the word would stand."""
        if self.idioms.denies == "before":
            breaks = list(self.idioms.clause_break.finditer(self.before))
            return self.before[breaks[-1].end() :] if breaks else self.before
        end = self.idioms.clause_break.search(self.after)
        return self.after[: end.end()] if end else self.after


def surroundings(answer: Answer, hit: Hit, question: Question) -> Surroundings:
    """The text around a hit, ready to be looked at."""
    idioms = IDIOMS[answer.language]
    sentence = answer.sentences[answer.sentence_index(hit.start)]
    end = max(hit.end, sentence.end)
    return Surroundings(
        idioms,
        before=_blank_out(idioms.harmless, answer.text[sentence.start : hit.start]),
        after=_blank_out(idioms.harmless, answer.text[hit.end : end]),
        following=answer.text[end : end + _REACH],
        preceding=answer.text[max(0, sentence.start - _REACH) : sentence.start],
        sentence=answer.text[sentence.start : end],
        is_question=sentence.is_question,
        question=question,
    )


def _blank_out(pattern: re.Pattern[str], text: str) -> str:
    return pattern.sub(lambda match: _BLANK * len(match[0]), text)


def only_asked(around: Surroundings) -> str:
    idioms = around.idioms
    if idioms.asks_back.search(around.reach):
        return ONLY_ASKED
    if not around.is_question or idioms.rhetorical.search(around.sentence):
        return ""
    comma = around.after.rfind(",")
    if comma >= 0 and idioms.tag_question.match(around.after[comma + 1 :].strip()):
        return ""
    return "" if idioms.yes.match(around.following) else ONLY_ASKED


def denied(around: Surroundings) -> str:
    idioms = around.idioms
    if around.question.asks_for_negative:
        return ""
    touching = around.after + around.following
    if idioms.denied_directly_after.match(touching) or idioms.denied_directly_before.search(around.before):
        return DENIED if _is_odd(around) else ""
    if idioms.naming.match(around.after):
        return ""
    num_negators = len(idioms.negator.findall(around.reach))
    if not num_negators and idioms.denying_question.search(around.reach):
        return DENIED
    return DENIED if num_negators and _is_odd(around) else ""


def _is_odd(around: Surroundings) -> bool:
    idioms = around.idioms
    num_negators = len(idioms.negator.findall(around.reach))
    # The turner of a clause that follows its noun may stand in the next one: 船長でなくて誰が船長だ.
    num_turners = len(idioms.turner.findall(around.reach if idioms.denies == "before" else around.after[:_REACH]))
    return (max(1, num_negators) + num_turners) % 2 == 1


def disliked(around: Surroundings) -> str:
    if around.question.asks_for_negative or around.question.asks_for_reason:
        return ""
    return DISLIKED if around.idioms.dislike.search(around.reach) else ""


def dislikes_itself(around: Surroundings) -> bool:
    """Whether the dislike stands next to the word: "I hate tea", not "I hate it when tea is cold"."""
    before = around.idioms.denies == "before"
    found = (match.span() for match in around.idioms.dislike.finditer(around.reach))
    return any((len(around.reach) - end if before else start) <= _BESIDE for start, end in found)


def alternative(around: Surroundings) -> str:
    idioms = around.idioms
    offered = idioms.alternative_before.search(around.before) or idioms.alternative_after.match(around.after)
    return ALTERNATIVE if offered else ""


def hedged(around: Surroundings) -> str:
    num_hedges = len(around.idioms.hedge.findall(around.sentence))
    if not num_hedges:
        return ""
    if around.idioms.clueless.search(around.preceding) or around.idioms.clueless.search(around.sentence):
        return CLUELESS
    num_items = list_length(around.sentence, len(around.before), around.idioms.separator)
    other_hedges = len(around.idioms.hedge.findall(around.preceding + around.following))
    is_list = num_hedges + num_items >= 4 or (num_hedges > 1 and num_items > 1) or other_hedges > 1
    return HEDGED if is_list else ""


def others_belief(around: Surroundings) -> str:
    idioms = around.idioms
    if around.question.reported:
        return ""
    if idioms.denies == "after":
        return OTHERS_BELIEF if idioms.belief.match(around.after[:_REACH]) else ""
    corrected = idioms.contrast.search(around.after + around.following)
    return OTHERS_BELIEF if corrected and idioms.belief.search(around.reach) else ""


def unreal(around: Surroundings) -> str:
    idioms = around.idioms
    if around.question.asks_for_wish:
        return ""
    return UNREAL if idioms.unreal_before.search(around.before) or idioms.unreal_after.match(around.after) else ""
