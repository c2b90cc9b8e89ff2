"""Whether an answer says what a rule asks for, where, and why not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from raiden.rewards.normalise import Folded, fold_text
from raiden.types import MatchRule, Span, Term

_SEPARATES_WORDS = re.compile(r"[a-z0-9]")


@dataclass(frozen=True)
class Verdict:
    """Whether the rule is met."""

    right: bool
    spans: tuple[Span, ...]
    reason: str


def judge(rule: MatchRule, answer: Folded) -> Verdict:
    """Decide a rule on a folded answer."""
    for term in rule.forbidden:
        if span := find_term(term, answer):
            return Verdict(
                False, (span,), f"the reply says {span.text!r}, which the rule forbids."
            )
    found = [(term, find_term(term, answer)) for term in rule.terms]
    spans = tuple(span for _, span in found if span)
    missing = [term.variants[0] for term, span in found if not span]
    if missing and (rule.match == "all" or not spans):
        return Verdict(
            False, spans, f"the reply does not say {' or '.join(map(repr, missing))}."
        )
    return Verdict(
        True,
        spans,
        f"the reply says {' and '.join(repr(span.text) for span in spans)}.",
    )


def find_term(term: Term, answer: Folded) -> Span | None:
    """The first place where one of the term's variants stands."""
    for variant in term.variants:
        if match := _pattern(variant).search(answer.text):
            return answer.span(match.start(), match.end())
    return None


@lru_cache(maxsize=65536)
def _pattern(variant: str) -> re.Pattern[str]:
    folded = fold_text(variant).strip()
    before = r"(?<![a-z0-9])" if _SEPARATES_WORDS.match(folded[0]) else ""
    after = r"(?![a-z0-9])" if _SEPARATES_WORDS.match(folded[-1]) else ""
    return re.compile(before + r"\s+".join(map(re.escape, folded.split())) + after)
