"""Pygmalion characters, which early front ends and text-generation-webui's JSON share: `char_name`, `char_persona`."""

from typing import Any

from raiden.data.profiles.formats.base import Document, texts_of

NAME = "Pygmalion character"
_FIELDS = {
    "char_name": "name",
    "char_persona": "description",
    "char_greeting": "first_mes",
    "world_scenario": "scenario",
    "example_dialogue": "mes_example",
}


def matches(document: Document) -> bool:
    return "char_name" in document or "char_persona" in document


def to_card(document: Document) -> dict[str, Any]:
    return texts_of(document, _FIELDS)
