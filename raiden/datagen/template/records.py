"""Questions and conversations -> records in the sample format."""

from typing import Any

from raiden.datagen.base import Slot
from raiden.datagen.template.talks import Talk
from raiden.datagen.template.wordings import Exchange


def sbk_record(exchange: Exchange, slot: Slot) -> dict[str, Any]:
    """The record of a question about the profile."""
    reading = exchange.fact.reading
    record = sample_record(slot, exchange.question, exchange.answer, exchange.fact.label)
    record |= {
        "keywords": [term.variants[0] for term in reading.terms],
        "question_type": exchange.question_type,
        "validation_method": "single_term_validation" if reading.is_single else "multi_term_parsing",
        "difficulty": exchange.difficulty,
    }
    if not reading.is_single:
        record["rule"] = {
            "match": "all" if exchange.needs_all else "any",
            "terms": [{"variants": list(term.variants)} for term in reading.terms],
        }
        if reading.forbidden:
            record["rule"]["forbidden"] = [{"variants": list(term.variants)} for term in reading.forbidden]
    return record


def cm_record(talk: Talk, slot: Slot) -> dict[str, Any]:
    """The record of a conversation and the question that follows it."""
    return sample_record(slot, talk.question, talk.answer, talk.kind) | {
        "conversation_history": [
            {"role": role, "content": content}
            for pair in talk.turns
            for role, content in zip(("user", "assistant"), pair, strict=True)
        ],
        "keywords": [talk.keyword],
        "question_type": talk.question_type,
        "validation_method": "single_term_validation",
        "difficulty": talk.difficulty,
    }


def sample_record(slot: Slot, question: str, answer: str, field: str) -> dict[str, Any]:
    """What all records about a character share; `field` is what the profile or the conversation calls the fact."""
    return {
        "character_name": slot.profile.name,
        "character_profile": dict(slot.profile.fields),
        "conversation_history": [],
        "question": question,
        "answer": answer,
        "metadata": {
            "source": f"template_{slot.focus}",
            "model": "template",
            "language": slot.language,
            "focus": "script_knowledge" if slot.focus == "sbk" else "conversation_memory",
            "field": field,
        },
    }
