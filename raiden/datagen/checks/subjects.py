"""Whose fact answers a question: what a profile says of somebody else is no fact of the character."""

from functools import lru_cache

from raiden.core.types import Sample
from raiden.datagen.checks.keywords import is_spelled
from raiden.facts import Statement, fact_asked, statements_of
from raiden.facts.names import stands_for


def said_of_another(sample: Sample) -> str:
    """Whom alone the profile says the answer of, where the question plainly asks for the character's own.

    Empty where some statement about the character, or text that nobody is named for, has it too.

    >>> from raiden.data.samples import parse_sample
    >>> record = {
    ...     "character_name": "Nora", "character_profile": {"Name": "Nora", "Milo (brother)": "A pupil.\\nAge: 9"},
    ...     "question": "How old are you?", "answer": "I am 9.", "keywords": ["9"], "question_type": "how",
    ...     "validation_method": "single_term_validation", "difficulty": "easy"}
    >>> said_of_another(parse_sample(record, "here"))
    'Milo (brother)'
    """
    asked = fact_asked(sample.question, sample.language)
    if asked is None or asked.whose != "listener":
        return ""
    statements = _statements(tuple(sample.character_profile.items()), sample.character_name)
    for term in sample.rule.terms:
        if any(stands_for(word, sample.character_name) for word in term.variants):
            continue
        tellers = [one for one in statements if any(is_spelled(word, one.value) for word in term.variants)]
        if tellers and all(one.subject for one in tellers):
            return tellers[0].subject
    return ""


@lru_cache(maxsize=256)
def _statements(fields: tuple[tuple[str, str], ...], name: str) -> tuple[Statement, ...]:
    return tuple(statements_of(dict(fields), name))
