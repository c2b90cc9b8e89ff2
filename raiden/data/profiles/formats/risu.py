"""RisuAI characters: `desc`, `firstMessage`, `globalLore`."""

from typing import Any

from raiden.data.profiles.formats.base import Document, texts_of

NAME = "RisuAI character"
_FIELDS = {
    "desc": "description",
    "firstMessage": "first_mes",
    "exampleMessage": "mes_example",
    "systemPrompt": "system_prompt",
    "postHistoryInstructions": "post_history_instructions",
    "alternateGreetings": "alternate_greetings",
    "globalLore": "character_book",
    "creatorNotes": "creator_notes",
}


def matches(document: Document) -> bool:
    return "desc" in document and bool({"firstMessage", "globalLore", "type"} & set(document))


def to_card(document: Document) -> dict[str, Any]:
    card = texts_of(document, _FIELDS)
    card.pop("type", None)
    return card
