"""Whether two samples about one character ask the same thing."""

from functools import lru_cache

from rapidfuzz import fuzz

from raiden.core.types import Sample
from raiden.datagen.checks.keywords import stands_in
from raiden.rewards.chinese import simplify
from raiden.rewards.normalise import fold_text

_SAME_QUESTION = 97.0
"""Similarity (0 to 100) from which a question is the same whatever is answered. Long questions that differ in one word
(grandmother, grandfather; 父亲, 母亲) reach 96, another spelling (favourite, favorite) 97.6 and more."""
_SAME_FACT = 60.0
"""Similarity from which two questions of different types with one answer ask for one fact; questions about different
facts ("Where were you born?", "Where does your sister live?") stay below 57. Among questions of one type similarity
tells nothing: 你住在哪里 and 请问你现在住在哪儿呀 reach 53."""


def duplicate_fault(sample: Sample, other: Sample) -> str:
    """Why a sample adds nothing to another one, in one sentence; empty where it does.

    Two questions of one type with one answer are taken for the same, however they are worded: "What is your name?"
    and "What shall I call you?" have no word in common, and a model would only practise one answer twice.
    """
    similarity = fuzz.ratio(_normalised(sample.question), _normalised(other.question))
    place = f'"{sample.question}" and "{other.question}"'
    if similarity >= _SAME_QUESTION:
        return f"{place} are {similarity:.0f} % alike."
    shared = _shared_answer(sample, other)
    if not shared or sample.focus != other.focus:
        return ""
    if sample.question_type == other.question_type:
        return f'{place} are both answered by "{shared}", and both ask {sample.question_type}.'
    if similarity >= _SAME_FACT:
        return f'{place} are both answered by "{shared}", and {similarity:.0f} % alike.'
    return ""


@lru_cache(maxsize=4096)
def _normalised(question: str) -> str:
    return "".join(char for char in simplify(fold_text(question)) if char.isalnum())


def _shared_answer(sample: Sample, other: Sample) -> str:
    """The word that answers both samples, if every term of one is a term of the other."""
    few, many = sorted((sample, other), key=lambda one: len(one.rule.terms))
    said = ".\n".join(variant for term in many.rule.terms for variant in term.variants)
    found = [stands_in(term, said, many.language) for term in few.rule.terms]
    return found[0] if all(found) and len(few.rule.terms) == len(many.rule.terms) else ""
