"""Hand-made slots and drafts for the tests of data generation."""

from __future__ import annotations

from typing import Any

from raiden.core.types import Focus, Language, Profile
from raiden.data.profiles import format_fields, parse_profile
from raiden.datagen.base import Slot

FIELDS = {"Name": "Ada Finch", "Gender": "female", "Age": "27", "Hometown": "Skipton", "Sister": "Ruth"}
HISTORY = (
    "Hello! My cat Pepper hid in a boot this morning.",
    "Cats love a boot.",
    "Is it cold up here in winter?",
    "It is, but I have a stove.",
)


def profile_of(fields: dict[str, str]) -> Profile:
    return parse_profile({"prompt": f"<Character Setting>\n{format_fields(fields)}\n</Character Setting>"}, "here:1")


def slot_of(focus: Focus = "sbk", language: Language = "en", fields: dict[str, str] = FIELDS) -> Slot:
    return Slot(profile_of(fields), focus, language, 0)


def draft(question: str, answer: str, keywords: list[str], kind: str, slot: Slot, **changes: Any) -> dict[str, Any]:
    """A draft for a slot; `conversation_history` may be given as what is said in turns."""
    record: dict[str, Any] = {
        "character_name": slot.profile.name,
        "character_profile": dict(slot.profile.fields),
        "conversation_history": HISTORY if slot.focus == "cm" else (),
        "question": question,
        "answer": answer,
        "keywords": keywords,
        "question_type": kind,
        "validation_method": "single_term_validation",
        "difficulty": "easy",
        "metadata": {
            "source": f"test_{slot.focus}",
            "language": slot.language,
            "focus": "script_knowledge" if slot.focus == "sbk" else "conversation_memory",
        },
    } | changes
    roles = ("user", "assistant") * len(record["conversation_history"])
    record["conversation_history"] = [
        {"role": role, "content": said} for role, said in zip(roles, record["conversation_history"], strict=False)
    ]
    return record
