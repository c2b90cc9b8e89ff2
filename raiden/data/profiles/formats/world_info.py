"""SillyTavern's world info and lorebooks: a world, no character."""

from collections.abc import Iterator

from raiden.core.errors import ProfileError
from raiden.data.profiles.books import is_book
from raiden.data.profiles.formats.base import Document, Made, Options

NAME = "SillyTavern world info"


def matches(document: Document) -> bool:
    return is_book(document)


def read(document: Document, origin: str, options: Options) -> Iterator[Made | ProfileError]:
    entries = document.get("entries")
    num = len(entries) if isinstance(entries, list | dict) else 0
    yield ProfileError(
        f"{origin}: {NAME} ({num} entries), a book of lore and no character; "
        "give it with --book to add it to the characters of the other files."
    )
