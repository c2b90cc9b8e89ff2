"""Replies that deny or dodge, in four languages: a rule that takes one of them for right rewards saying nothing."""

from functools import lru_cache

from raiden.core.shipped import load_table
from raiden.core.types import Language, Sample
from raiden.facts import same_name
from raiden.facts.names import plain_name
from raiden.rewards import VRAR
from raiden.rewards.answer import Answer
from raiden.rewards.finding import finder_for

_VRAR = VRAR()


@lru_cache(maxsize=64)
def dodges(language: Language, name: str) -> tuple[tuple[str, Answer], ...]:
    """The replies of a language, each as the reward reads it.

    Args:
        name: the character's; some replies say it and nothing else.
    """
    texts = (text.replace("{name}", name) for text in load_table(__package__, "dodges")[language])
    return tuple((text, Answer(text, language)) for text in texts)


def dodge_taken_for_right(sample: Sample) -> str:
    """The first of these replies that a sample's rule accepts; empty where it refuses all, as it must."""
    variants = [(variant, term.type) for term in sample.rule.terms for variant in term.variants]
    is_name = any(same_name(variant, sample.character_name) for variant, _ in variants)
    name = plain_name(sample.character_name)
    for text, answer in dodges(sample.language, name):
        if is_name and name in text:
            continue  # there the name is the answer
        # Most replies hold none of the words: the whole reward is asked about the others alone.
        hits = (hit for variant, kind in variants for hit in finder_for(variant, kind, answer.language)(answer))
        if any(not hit.fault for hit in hits) and _VRAR(sample, text).accuracy:
            return text
    return ""
