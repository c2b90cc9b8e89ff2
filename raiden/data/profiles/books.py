"""Books of lore: the entries of a card's character book or of a SillyTavern world info file.

What an entry says is about the character only where its name says so; all others are the world the character lives in.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from raiden.core.records import shortened
from raiden.facts.names import name_parts, stands_for
from raiden.facts.sections import is_own

_OFF = ("false", "0", "no", "off")
_FIELDS = ("content", "entry", "text")
_KEYS = ("keys", "key", "keywords")


@dataclass(frozen=True)
class Entry:
    """An entry that is switched on."""

    title: str
    text: str


def is_book(document: Any) -> bool:
    """Whether a JSON value is a book of lore rather than a character."""
    if not isinstance(document, Mapping) or "data" in document or ("spec" in document and "entries" not in document):
        return False
    entries = document.get("entries")
    is_entries = isinstance(entries, Mapping | list) and "first_mes" not in document
    return is_entries or (isinstance(document.get("originalData"), Mapping) and "entries" in document["originalData"])


def read_book(book: Any, place: str) -> tuple[list[Entry], list[str]]:
    """The entries of a book that are on, and notes on the others.

    Args:
        book: an object with a list of `entries`, or with an object of them, as SillyTavern writes its own files.
        place: of the book in its file.
    """
    if not book:
        return [], []
    entries = book.get("entries", ()) if isinstance(book, Mapping) else book
    if isinstance(entries, Mapping):
        entries = list(entries.values())
    if not isinstance(entries, list | tuple):
        return [], [f"not read: `{place}` must have a list of `entries`, got {shortened(book)}"]
    found: list[Entry] = []
    notes: list[str] = []
    num_off = 0
    for number, entry in enumerate(entries):
        read = _read_entry(entry, number, f"{place}.entries[{number}]")
        if isinstance(read, Entry):
            found.append(read)
        elif read:
            notes.append(read)
        else:
            num_off += 1
    if num_off:
        notes.append(f"kept, not used: {num_off} of {len(entries)} entries of `{place}` (switched off)")
    return found, notes


def _read_entry(entry: Any, number: int, place: str) -> Entry | str | None:
    """An entry, or what is wrong with it; None where it is switched off."""
    if not isinstance(entry, Mapping):
        return f"not read: `{place}` must be an object, got {shortened(entry)}"
    if _is_true(entry.get("disable", False)) or not _is_true(entry.get("enabled", True)):
        return None
    text = next((entry[field] for field in _FIELDS if field in entry), None)
    if not isinstance(text, str):
        return f"not read: `{place}.content` must be a text, got {shortened(text)}"
    # Lines that begin with @@ tell a program when to show the entry.
    text = re.sub(r"\A(?:@@.*(?:\n|\Z))+", "", text).strip()
    return Entry(_title(entry) or f"Entry {number + 1}", text) if text else f"not read: `{place}` is empty"


def _is_true(value: Any) -> bool:
    return str(value).strip().lower() not in (*_OFF, "none", "") if not isinstance(value, bool) else value


def _title(entry: Mapping[str, Any]) -> str:
    keys = next((entry[field] for field in _KEYS if entry.get(field)), "")
    first = keys[0] if isinstance(keys, list) else str(keys).split(",")[0]
    for name in (entry.get("name"), entry.get("comment"), first):
        name = " ".join(name.split()) if isinstance(name, str) else ""
        if name and not re.fullmatch(r"/.*/[a-z]*", name):
            return name
    return ""


def parted(entries: list[Entry], names: Collection[str]) -> Iterator[tuple[Entry, bool]]:
    """The entries, and whether each is about the character, who is called by all of these names."""
    for entry in entries:
        yield entry, any(_is_about(entry.title, name) for name in names)


def _is_about(title: str, name: str) -> bool:
    """Whether a title names the character and nobody else: "Nora", "Nora's looks", not "Nora's brother".

    >>> [_is_about(title, "Nora Pell") for title in ("Nora", "Nora facts", "Nora's brother", "Guild")]
    [True, True, False, False]
    """
    if stands_for(title, name):
        return True
    for part in sorted({name, *name_parts(name)}, key=len, reverse=True):
        rest = title.replace(part, " ", 1) if part in title else ""
        rest = re.sub(r"^\s*(?:['’]s|的|の|의)?[\s:：\-—–・·]*", "", rest).strip()
        if rest:
            return is_own(rest)
    return False
