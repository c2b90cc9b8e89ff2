"""SillyTavern character cards, versions 1, 2 and 3: what they say of the character becomes fields.

Facts (description, personality, scenario, the entries of the character book that are switched on) go into the
character setting; how to play (instructions, examples, the first message) stands after it. The card itself is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from raiden.errors import ProfileError
from raiden.languages import detect_language
from raiden.profiles.attributes import take_attributes
from raiden.profiles.fields import NAME, add_fact, format_fields, is_field_name
from raiden.profiles.macros import NEUTRAL_USER, resolve_macros, without_macros

_TEXTS = {"personality": "Personality", "scenario": "Scenario"}
_DESCRIPTION = "Detailed Description"
_ENTRY = "Background"
"""The field of a book entry whose own name cannot be one."""
_INSTRUCTIONS = {
    "system_prompt": "Instructions",
    "mes_example": "Example Dialogue",
    "first_mes": "First Message",
    "post_history_instructions": "Final Instructions",
}
_USED = {"name", "nickname", "description", "character_book", *_TEXTS, *_INSTRUCTIONS}
_REASONS = {
    "alternate_greetings": "other beginnings of a chat",
    "group_only_greetings": "for chats of several characters",
    "creator_notes": "for people, not for the model",
    "creator_notes_multilingual": "for people, not for the model",
    "assets": "files",
}
_VERSION_1 = {"description", "personality", "scenario", "first_mes", "mes_example"}


def is_card(record: Mapping[str, Any]) -> bool:
    """Whether a JSON object is a character card, be it a good one or not."""
    return str(record.get("spec")).startswith("chara_card") or "data" in record or bool(_VERSION_1 & set(record))


def card_record(origin: str, card: Mapping[str, Any], user_name: str = "") -> dict[str, Any]:
    """The profile record of a card, with the whole card under `card`.

    Args:
        user_name: whom the character talks with; a neutral word of the card's language where it is empty.

    Raises:
        ProfileError: a field has the wrong type, or nothing is said of the character.
    """
    reader = _CardReader(card, origin, user_name)
    setting = f"<Character Setting>\n{format_fields(reader.fields())}\n</Character Setting>"
    return {"prompt": "\n\n".join([setting, *reader.instructions()]), "card": card}


def unused_fields(card: Any) -> dict[str, str]:
    """What a card holds beside what its profile was made of, and why it was left out; nothing for what is no card."""
    data = _data(card) if isinstance(card, dict) else None
    if not isinstance(data, dict):
        return {}
    unused = {
        field: _REASONS.get(field, "says nothing of the character")
        for field, value in data.items()
        if field not in _USED and value
    }
    entries = _book_entries(data) or []
    num_off = sum(isinstance(entry, dict) and not entry.get("enabled", True) for entry in entries)
    return unused | ({f"{num_off} of {len(entries)} character_book.entries": "switched off"} if num_off else {})


def _data(card: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields of a card: version 1 has them at the top."""
    return card.get("data", card)


def _book_entries(data: Mapping[str, Any]) -> list[Any] | None:
    """The entries of the character book, none without a book; None where the book has another form."""
    book = data.get("character_book") or {}
    entries = (book.get("entries") or []) if isinstance(book, dict) else None
    return entries if isinstance(entries, list) else None


class _CardReader:
    """Takes one card apart, field by field; what is wrong is said with place, field and remedy."""

    def __init__(self, card: Mapping[str, Any], origin: str, user_name: str) -> None:
        self.origin = origin
        self.prefix = "data." if "data" in card else ""
        self.data = _data(card)
        if not isinstance(self.data, dict):
            self._fail("data", f"must be an object of fields, got {self.data!r}", "export the card again")
        self.name = " ".join(self._raw_text("name").split())
        if not self.name:
            self._fail(f"{self.prefix}name", "is missing", "name the character")
        self.nickname = " ".join(self._raw_text("nickname").split())
        written = "\n".join(self._raw_text(field) for field in ("description", *_TEXTS, *_INSTRUCTIONS))
        self.user_name = user_name or NEUTRAL_USER[detect_language(without_macros(written))]

    def fields(self) -> dict[str, str]:
        """The facts of the card, the name first."""
        fields = {NAME: self.name} | ({"Nickname": self.nickname} if self.nickname else {})
        speakers = {self.name, self.nickname, self.user_name}
        texts = []
        for source, field in {"description": _DESCRIPTION, **_TEXTS}.items():
            facts, rest = take_attributes(self._text(source), speakers)
            texts += [*facts, (field, rest)]
        for name, value in [*texts, *self._book()]:
            if value:
                add_fact(fields, name, value)
        if not set(fields) - {NAME, "Nickname"}:
            self._fail(f"{self.prefix}description", "is empty, and nothing else tells of the character", "fill it in")
        return fields

    def instructions(self) -> Iterator[str]:
        """What is no fact, each in a block of its own."""
        for source, title in _INSTRUCTIONS.items():
            if text := self._text(source):
                yield f"<{title}>\n{text}\n</{title}>"

    def _fail(self, field: str, fault: str, remedy: str) -> NoReturn:
        raise ProfileError(f"{self.origin}: `{field}` {fault}; {remedy}.")

    def _raw_text(self, field: str) -> str:
        value = self.data.get(field) or ""
        if not isinstance(value, str):
            self._fail(f"{self.prefix}{field}", f"must be a string, got {value!r}", "put it in quotation marks")
        return value

    def _text(self, field: str) -> str:
        return self._resolved(self._raw_text(field))

    def _resolved(self, text: str) -> str:
        text = resolve_macros(text, self.nickname or self.name, self.user_name)
        return text.replace("\r\n", "\n").strip()

    def _book(self) -> Iterator[tuple[str, str]]:
        """Name and text of each entry that is switched on."""
        field = f"{self.prefix}character_book"
        entries = _book_entries(self.data)
        if entries is None:
            self._fail(field, "must be an object with a list of `entries`", "export the card again")
        for number, entry in enumerate(entries):
            if not isinstance(entry, dict) or not isinstance(entry.get("content", ""), str):
                self._fail(f"{field}.entries[{number}]", f"must have a text `content`, got {entry!r}", "correct it")
            if entry.get("enabled", True):
                # Lines that begin with @@ tell a program when to show the entry.
                content = re.sub(r"\A(?:@@.*(?:\n|\Z))+", "", entry.get("content", ""))
                yield self._entry_name(entry), self._resolved(content)

    def _entry_name(self, entry: Mapping[str, Any]) -> str:
        keys = entry.get("keys")
        first = keys[0] if isinstance(keys, list) and keys else ""
        for name in (entry.get("name"), entry.get("comment"), first):
            name = " ".join(self._resolved(name).split()) if isinstance(name, str) else ""
            if name and is_field_name(name):
                return name
        return _ENTRY
