"""text-generation-webui characters, as YAML or JSON: `name`, `greeting`, `context`."""

from typing import Any

from raiden.data.profiles.formats.base import Document, texts_of

NAME = "text-generation-webui character"
_FIELDS = {"context": "description", "greeting": "first_mes", "example_dialogue": "mes_example", "bot": "name"}


def matches(document: Document) -> bool:
    return ("name" in document or "bot" in document) and ("context" in document or "greeting" in document)


def to_card(document: Document) -> dict[str, Any]:
    return texts_of(document, _FIELDS)
