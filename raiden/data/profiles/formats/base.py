"""What every reader of a format takes and gives."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Options:
    """What the user said about all files."""

    user_name: str = ""
    """Whom the characters talk with; empty for a neutral word of the character's language."""
    books: Mapping[str, Any] = field(default_factory=dict)
    """Books of lore for every character, by their places."""


@dataclass(frozen=True)
class Made:
    """A profile's record, and what is not in it."""

    origin: str
    record: Mapping[str, Any]
    notes: list[str] = field(default_factory=list)


def texts_of(document: Document, fields: Mapping[str, str]) -> dict[str, Any]:
    """The fields of a document under the names that cards have for them; what has no such name stays beside them.

    >>> texts_of({"char_name": "Ada", "x": 1}, {"char_name": "name"})
    {'name': 'Ada', 'x': 1}
    """
    return {fields.get(key, key): value for key, value in document.items()}
