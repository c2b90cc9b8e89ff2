"""Backyard AI characters, out of a .byaf archive: `displayName`, `persona`, `loreItems`."""

from typing import Any

from raiden.data.profiles.formats.base import Document

NAME = "Backyard AI character"


def matches(document: Document) -> bool:
    return "displayName" in document and "persona" in document


def to_card(document: Document) -> dict[str, Any]:
    rest = {
        key: value for key, value in document.items() if key not in ("name", "displayName", "persona", "loreItems")
    }
    items = document.get("loreItems")
    entries = [
        {"keys": [item.get("key", "")], "content": item.get("value")} if isinstance(item, dict) else item
        for item in (items if isinstance(items, list) else [])
    ]
    return rest | {
        "name": document["displayName"] or document.get("name"),
        "description": document["persona"],
        "character_book": {"entries": entries},
    }
