"""A draft -> a sample, or the first reason against it."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from raiden.core.errors import SampleError
from raiden.core.languages import LANGUAGE_NAMES, detect_language
from raiden.core.types import Sample
from raiden.data.samples import parse_sample
from raiden.datagen.base import Record, Rejection, Slot
from raiden.datagen.checks.dodges import dodge_taken_for_right
from raiden.datagen.checks.duplicates import duplicate_fault
from raiden.datagen.checks.keywords import (
    giveaway,
    is_empty_word,
    own_name_fault,
    single_term_fault,
    stands_in,
    ungrounded,
)
from raiden.datagen.checks.memory import history_fault, history_text
from raiden.datagen.checks.questions import question_type_fault
from raiden.datagen.checks.subjects import said_of_another
from raiden.rewards import VRAR

_VRAR = VRAR()


def check(record: Record, slot: Slot, accepted: Sequence[Sample], is_written: bool = True) -> Sample | Rejection:
    """The sample of a draft that passes everything, else why it does not.

    Args:
        accepted: the samples already accepted about the same character, of both kinds.
        is_written: its conversation was written for it; see `history_fault`.
    """
    try:
        sample = parse_sample(record, f"{slot.profile.name}, {slot.focus} {slot.index}")
    except SampleError as error:
        return Rejection("invalid_record", str(error))
    return _other_slot(sample, slot) or _first_fault(sample, is_written) or near_duplicate(sample, accepted) or sample


def _first_fault(sample: Sample, is_written: bool) -> Rejection | None:
    """What speaks against a sample by itself, the cheap checks first."""
    source = partial(_memory, is_written=is_written) if sample.focus == "cm" else _profile
    checks = (_language, _question, _keywords, source, _reference, _dodges)
    return next((rejection for check in checks if (rejection := check(sample))), None)


def _other_slot(sample: Sample, slot: Slot) -> Rejection | None:
    """A draft that answers another slot than it was written for."""
    facts = (
        ("character_name", sample.character_name, slot.profile.name),
        ("character_profile", dict(sample.character_profile), dict(slot.profile.fields)),
        ("metadata.focus", sample.focus, slot.focus),
        ("metadata.language", sample.language, slot.language),
    )
    for field, found, wanted in facts:
        if found != wanted:
            return Rejection("invalid_record", f"`{field}` is {found!r}, the slot asks for {wanted!r}.")
    return None


def _language(sample: Sample) -> Rejection | None:
    texts = [sample.question, f"{sample.question} {sample.answer}"]
    if sample.conversation_history:
        texts.append(history_text(sample.conversation_history))
    for text in texts:
        if (language := detect_language(text)) != sample.language:
            detail = f'"{text[:200]}" is {LANGUAGE_NAMES[language]}, not {LANGUAGE_NAMES[sample.language]}.'
            return Rejection("wrong_language", detail)
    return None


def _question(sample: Sample) -> Rejection | None:
    if fault := question_type_fault(sample.question, sample.question_type, sample.language):
        return Rejection("wrong_question_type", fault)
    if word := giveaway(sample):
        return Rejection("keyword_in_question", f'The question "{sample.question}" says "{word}" itself.')
    return None


def _keywords(sample: Sample) -> Rejection | None:
    for word in (variant for term in sample.rule.terms for variant in term.variants):
        if is_empty_word(word):
            return Rejection("keyword_not_one_term", f'"{word}" says nothing when it stands alone.')
    if sample.validation_method == "multi_term_parsing":
        return None
    if fault := single_term_fault(sample):
        return Rejection("keyword_not_one_term", fault)
    return None


def _profile(sample: Sample) -> Rejection | None:
    text = "\n".join(f"{field}: {value}." for field, value in sample.character_profile.items())
    if missing := ungrounded(sample, text):
        return Rejection("keyword_not_in_profile", f'The profile says "{missing}" nowhere.')
    if subject := said_of_another(sample):
        return Rejection("fact_of_another", f'The profile says it of "{subject}" alone: {sample.question!r}.')
    if fault := own_name_fault(sample):
        return Rejection("keyword_not_one_term", fault)
    return None


def _memory(sample: Sample, is_written: bool) -> Rejection | None:
    if fault := history_fault(sample, is_written):
        return Rejection("history_length", fault)
    if missing := ungrounded(sample, history_text(sample.conversation_history)):
        return Rejection("keyword_not_in_history", f'Nobody says "{missing}" in the conversation.')
    profile = "\n".join(sample.character_profile.values())
    said = [stands_in(term, profile, sample.language) for term in sample.rule.terms]
    if (all if sample.rule.match == "all" else any)(said):
        words = ", ".join(f'"{word}"' for word in said if word)
        return Rejection("answerable_from_profile", f"The profile says {words} as well.")
    return None


def _reference(sample: Sample) -> Rejection | None:
    # The reward excuses a reply that speaks as the reference answer does; the reference itself has no such excuse.
    voiceless = replace(sample, answer="")
    rewards = (_VRAR(sample, sample.answer), _VRAR(voiceless, sample.answer))
    if rewards[0].accuracy == 1 and all(r.components["format"] == 1 for r in rewards):
        if rewards[1].components["first_person"] == 0:
            return None
        return Rejection("reference_not_accepted", f'"{sample.answer}": {rewards[1].reason}')
    return Rejection("reference_not_accepted", f'"{sample.answer}": {rewards[0].reason}')


def _dodges(sample: Sample) -> Rejection | None:
    if reply := dodge_taken_for_right(sample):
        return Rejection("dodge_accepted", f'The rule takes "{reply}" for right.')
    return None


def near_duplicate(sample: Sample, accepted: Sequence[Sample]) -> Rejection | None:
    """Why a sample adds nothing to those already accepted; None where it does."""
    faults = (duplicate_fault(sample, other) for other in accepted)
    fault = next(filter(None, faults), "")
    return Rejection("near_duplicate", fault) if fault else None
