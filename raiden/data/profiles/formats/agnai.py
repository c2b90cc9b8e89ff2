"""Agnai characters: `kind: character`, the persona as text or as attributes with lists of values."""

from collections.abc import Mapping
from typing import Any

from raiden.data.profiles.formats.base import Document, texts_of
from raiden.facts.markup import as_lines

NAME = "Agnai character"
_FIELDS = {
    "greeting": "first_mes",
    "sampleChat": "mes_example",
    "systemPrompt": "system_prompt",
    "postHistoryInstructions": "post_history_instructions",
    "alternateGreetings": "alternate_greetings",
    "characterBook": "character_book",
    "description": "creator_notes",
}


def matches(document: Document) -> bool:
    return isinstance(document.get("persona"), Mapping) and ("attributes" in document["persona"] or "kind" in document)


def to_card(document: Document) -> dict[str, Any]:
    card = texts_of(document, _FIELDS)
    persona = card.pop("persona")
    attributes = persona.get("attributes", {})
    # A persona of free text is the attribute `text`.
    text = attributes.get("text") if isinstance(attributes, Mapping) and set(attributes) == {"text"} else None
    card.pop("kind", None)
    return card | {"description": as_lines(attributes if text is None else text)}
