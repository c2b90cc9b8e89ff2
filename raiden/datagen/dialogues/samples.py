"""A question in a dialogue -> a sample, where the source, the profile or the conversation has the answer."""

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from raiden.core.languages import detect_language
from raiden.core.types import Difficulty, Focus, Language, QuestionType, Sample, Term
from raiden.datagen.base import Rejection, Slot
from raiden.datagen.checks import check
from raiden.datagen.checks.keywords import mentions
from raiden.datagen.checks.memory import history_text
from raiden.datagen.checks.questions import question_type_fault
from raiden.datagen.dialogues.base import Dialogue
from raiden.datagen.dialogues.facts import KnownFact, asked_fact, exchange_about_user, known_facts
from raiden.datagen.dialogues.turns import words_of
from raiden.datagen.template.records import sample_record, sbk_record
from raiden.datagen.template.wordings import Exchange, exchange_about

_TYPES: tuple[QuestionType, ...] = ("who", "when", "where", "why", "how", "what")
"""The order in which the types are tried: the words of the later ones are the wider ones."""
_LONG, _LONGER = 4, 6
"""Turns up to which what was said is easily kept in mind, and up to which it takes more."""


def sample_of(dialogue: Dialogue, accepted: Sequence[Sample]) -> Sample | Rejection:
    """The sample of a dialogue that passes the checks, or the first reason against it.

    What a right reply says is what the source names, else the one fact that the question plainly asks for.

    Args:
        accepted: the samples about the same character.
    """
    language = detect_language(f"{dialogue.question} {dialogue.reference or history_text(dialogue.history)}")
    if dialogue.keywords:
        return _of_keywords(dialogue, language, accepted)
    known = asked_fact(
        words_of(dialogue.question, dialogue.user_name),
        language,
        known_facts(dialogue.profile, dialogue.history, language, dialogue.user_name),
    )
    if known is None:
        return Rejection("no_keyword", f'Nothing tells what "{dialogue.question[:120]}" must be answered with.')
    return sample_about(known, dialogue, language, accepted)


def sample_about(
    known: KnownFact, dialogue: Dialogue, language: Language, accepted: Sequence[Sample]
) -> Sample | Rejection:
    """The sample of a dialogue whose question asks for this fact."""
    exchange = _exchange(known, language, random.Random(dialogue.question))
    question_type = type_of(dialogue.question, language, exchange.question_type) if exchange else None
    if exchange is None or question_type is None:
        return _no_question(dialogue)
    slot = Slot(dialogue.profile, known.focus, language, len(accepted))
    refused: Rejection | None = None
    # A reply of the source that is long, or out of character, is no reference; the fact still answers the question.
    for answer in filter(None, (dialogue.reference, exchange.answer)):
        words = replace(exchange, question=dialogue.question, answer=answer, question_type=question_type)
        record = sbk_record(words, slot) | _frame(dialogue, known.focus, language, known.fact.label)
        found = check(record, slot, accepted, is_written=False)
        if isinstance(found, Sample):
            return found
        refused = found
    assert refused is not None
    return refused


def _no_question(dialogue: Dialogue) -> Rejection:
    return Rejection(
        "wrong_question_type", f'"{dialogue.question[:120]}" is no question that a word or two can answer.'
    )


def _exchange(known: KnownFact, language: Language, rng: random.Random) -> Exchange | None:
    if known.is_users:
        return exchange_about_user(known.fact, language, rng)
    return exchange_about(known.fact, language, rng)


def _of_keywords(dialogue: Dialogue, language: Language, accepted: Sequence[Sample]) -> Sample | Rejection:
    """The sample whose rule is the source's own keywords, those that the profile or the conversation says."""
    profile = "\n".join(f"{field}: {value}." for field, value in dialogue.profile.fields.items())
    in_profile, in_history = (
        [word for word in dialogue.keywords if mentions(text, Term((word,)), language)]
        for text in (profile, history_text(dialogue.history))
    )
    focus: Focus = "sbk" if in_profile or not in_history else "cm"
    words = in_profile or in_history or list(dialogue.keywords)
    question_type = type_of(dialogue.question, language)
    if question_type is None:
        return _no_question(dialogue)
    slot = Slot(dialogue.profile, focus, language, len(accepted))
    is_single = len(words) == 1
    record = sample_record(slot, dialogue.question, dialogue.reference or _listed(words, language), "") | {
        "keywords": words,
        "question_type": question_type,
        "validation_method": "single_term_validation" if is_single else "multi_term_parsing",
    }
    if not is_single:
        has_all = all(mentions(dialogue.reference, Term((word,)), language) for word in words)
        terms = [{"variants": [word]} for word in words]
        record["rule"] = {"match": "all" if has_all or not dialogue.reference else "any", "terms": terms}
    return check(record | _frame(dialogue, focus, language, ""), slot, accepted, is_written=False)


def _frame(dialogue: Dialogue, focus: Focus, language: Language, field: str) -> dict[str, Any]:
    """What a record says of where it is from."""
    metadata = {
        "source": f"{dialogue.source}_{focus}",
        "language": language,
        "focus": "script_knowledge" if focus == "sbk" else "conversation_memory",
        "origin": dialogue.origin,
    }
    return {
        "conversation_history": [{"role": m.role, "content": m.content} for m in dialogue.history],
        "difficulty": _difficulty(focus, len(dialogue.history)),
        "metadata": metadata | ({"field": field} if field else {}),
    }


def _difficulty(focus: Focus, num_turns: int) -> Difficulty:
    if focus == "sbk":
        return "easy"
    return "easy" if num_turns <= _LONG else "medium" if num_turns <= _LONGER else "hard"


def type_of(question: str, language: Language, likely: QuestionType = "who") -> QuestionType | None:
    """The type of a question; None where it asks for nothing that is one of them, or for yes or no.

    Args:
        likely: is tried first.
    """
    return next((kind for kind in (likely, *_TYPES) if not question_type_fault(question, kind, language)), None)


def _listed(words: Sequence[str], language: Language) -> str:
    """Keywords as a reply that says nothing else."""
    return {"zh": "、", "ja": "、", "ko": ", ", "en": ", "}[language].join(words) + (
        "。" if language in ("zh", "ja") else "."
    )
