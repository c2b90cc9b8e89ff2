"""CharacterEval's `character_profiles.json`: `{name: {"性别": ..., "人物关系": ...}}`, or a text for each name."""

from collections.abc import Iterator, Mapping
from typing import Any

from raiden.core.errors import ProfileError
from raiden.data.profiles.cards import sheet_record
from raiden.data.profiles.formats.base import Document, Made, Options
from raiden.facts.markup import as_lines

NAME = "CharacterEval profiles"
_MIN_TEXT = 30
"""Characters of a text that describes somebody."""


def matches(document: Document) -> bool:
    return bool(document) and all(map(_is_sheet, document.values()))


def _is_sheet(value: Any) -> bool:
    if isinstance(value, Mapping):
        return bool(value) and all(isinstance(inner, str | int | float | list | dict) for inner in value.values())
    return isinstance(value, str) and len(value) >= _MIN_TEXT


def read(document: Document, origin: str, options: Options) -> Iterator[Made | ProfileError]:
    for name, sheet in document.items():
        place = f'{origin}: "{name}"'
        try:
            yield Made(place, sheet_record(f"{place}: {NAME}", name, as_lines(sheet), sheet))
        except ProfileError as fault:
            yield fault
