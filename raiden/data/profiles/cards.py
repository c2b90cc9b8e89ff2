"""SillyTavern character cards, versions 1, 2 and 3: what they say of the character becomes fields.

Facts (description, personality, scenario, the entries of the character book that are switched on) go into the
character setting; how to play (instructions, examples, the first message) stands after it. The card itself is kept.
A part that cannot be read is left out and named. Other programs' characters are read as cards too: see `formats`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from raiden.core.errors import ProfileError
from raiden.core.languages import detect_language
from raiden.core.records import load_json, shortened
from raiden.data.profiles.books import Entry, parted, read_book
from raiden.data.profiles.fields import (
    ARCHETYPE,
    FREE_TEXT,
    FULL_NAME,
    NAME,
    add_fact,
    add_text,
    field_name,
    format_fields,
)
from raiden.data.profiles.macros import NEUTRAL_USER, comments, resolve_macros, resolve_spoken, without_macros
from raiden.facts import is_called, same_name, split_text, stated_name
from raiden.facts.markup import as_lines, plain_text, unseen
from raiden.facts.names import plain_name
from raiden.facts.sections import WORLD, is_name_label

_TEXTS = {"personality": "Personality", "scenario": "Scenario"}
_DESCRIPTION = "Detailed Description"
_INSTRUCTIONS = {
    "system_prompt": "Instructions",
    "mes_example": "Example Dialogue",
    "first_mes": "First Message",
    "post_history_instructions": "Final Instructions",
}
_BOOK = "character_book"
_GREETINGS = "alternate_greetings"
_USED = {"name", "nickname", "description", _BOOK, *_TEXTS, *_INSTRUCTIONS, "data", "spec", "spec_version"}
_REASONS = {
    _GREETINGS: "other beginnings of a chat",
    "group_only_greetings": "for chats of several characters",
    "creator_notes": "for people, not for the model",
    "creator_notes_multilingual": "for people, not for the model",
    "assets": "files",
}
_VERSION_1 = {"description", "personality", "scenario", "first_mes", "mes_example"}
_MAX_LAYERS = 4


def is_card(record: Mapping[str, Any]) -> bool:
    """Whether a JSON object is a character card, be it a good one or not."""
    return str(record.get("spec")).startswith("chara_card") or "data" in record or bool(_VERSION_1 & set(record))


def card_record(
    origin: str,
    card: Mapping[str, Any],
    user_name: str = "",
    books: Mapping[str, Any] | None = None,
    what: str = "character card",
) -> tuple[dict[str, Any], list[str]]:
    """The profile record of a card, with the whole card under `card`, and notes on what is not in it.

    Args:
        user_name: whom the character talks with; a neutral word of the card's language where it is empty.
        books: more books of lore for the character, by their places.
        what: the format, for messages.

    Raises:
        ProfileError: nothing can be read as a character.
    """
    reader = _CardReader(card, f"{origin}: {what}", user_name, books or {})
    setting = f"<Character Setting>\n{format_fields(reader.fields())}\n</Character Setting>"
    return {"prompt": "\n\n".join([setting, *reader.instructions()]), "card": card}, reader.all_notes()


class _CardReader:
    """Takes one card apart, field by field."""

    def __init__(self, card: Mapping[str, Any], origin: str, user_name: str, books: Mapping[str, Any]) -> None:
        self.origin = origin
        self.notes: list[str] = []
        self.layers = self._layers(card)
        self.prefix = "data." if "data" in card else ""
        self.extra_books = books
        self.name = self._name()
        self.nickname = " ".join(self._raw_text("nickname").split())
        self.me = self.nickname or plain_name(self.name)
        written = "\n".join(self._raw_text(field) for field in ("description", *_TEXTS, *_INSTRUCTIONS))
        self.language = detect_language(without_macros(written))
        self.has_listener = bool(user_name)
        self.user_name = user_name or NEUTRAL_USER[self.language]

    def fields(self) -> dict[str, str]:
        """The facts of the card, the name first."""
        fields = {NAME: self.name} | ({"Nickname": self.nickname} if self.nickname else {})
        self._add(fields, _DESCRIPTION, self._text("description"))
        self._add(fields, _TEXTS["personality"], self._text("personality"))
        if scenario := self._text("scenario"):
            add_text(fields, _TEXTS["scenario"], plain_text(scenario))
        self._add_books(fields)
        if not set(fields) - {NAME, "Nickname"} and not any(self.instructions()):
            self._fail(f"{self.prefix}description", "is empty, and nothing else tells of the character", "fill it in")
        return fields

    def instructions(self) -> Iterator[str]:
        """What is no fact, each in a block of its own."""
        for source, title in _INSTRUCTIONS.items():
            if text := self._first_greeting() if source == "first_mes" else self._text(source):
                yield f"<{title}>\n{text}\n</{title}>"

    def all_notes(self) -> list[str]:
        """What of the card is not in the profile."""
        unused = {field: value for layer in reversed(self.layers) for field, value in layer.items()}
        if not self._raw_text("first_mes").strip() and self._first_greeting():
            unused[_GREETINGS] = unused[_GREETINGS][1:]
        hidden = (
            f"not read: {shortened(part)} in `{self.prefix}{field}` (a comment, or for a browser)"
            for field in ("description", *_TEXTS)
            for part in (*unseen(self._raw_text(field)), *comments(self._raw_text(field)))
        )
        return [*self.notes, *hidden] + [
            f"kept, not used: {field} ({_REASONS.get(field, 'says nothing of the character')})"
            for field, value in unused.items()
            if field not in _USED and value
        ]

    def _layers(self, card: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Where the card's fields stand, the innermost first: `data`, `data` in it, and the top."""
        layers: list[Mapping[str, Any]] = [card]
        wrong: Any = None
        while "data" in layers[0] and len(layers) < _MAX_LAYERS:
            inner = layers[0]["data"]
            if isinstance(inner, str):
                try:
                    inner = load_json(inner)
                except ValueError:
                    inner = layers[0]["data"]
            if not isinstance(inner, Mapping):
                wrong = layers[0]["data"]
                break
            layers.insert(0, inner)
        if wrong is not None or (len(layers) == 1 and "data" in card):
            if not (_VERSION_1 | {"name"}) & set(card):
                self._fail("data", f"must be an object of fields, got {shortened(wrong)}", "export the card again")
            self.notes.append(f"not read: `data` must be an object of fields, got {shortened(wrong)}")
        return layers

    def _fail(self, field: str, fault: str, remedy: str) -> NoReturn:
        raise ProfileError(f"{self.origin}: `{field}` {fault}; {remedy}.")

    def _value(self, field: str) -> Any:
        """The innermost value of a field that says something."""
        return next((layer[field] for layer in self.layers if layer.get(field)), None)

    def _name(self) -> str:
        name = " ".join(self._raw_text("name").split())
        if not without_macros(name).strip():
            stated = stated_name(plain_text(self._raw_text("description")))
            fault = f"is a macro ({name})" if name else "is missing"
            return stated or self._fail(f"{self.prefix}name", fault, "name the character")
        return name

    def _raw_text(self, field: str) -> str:
        value = self._value(field)
        if value is None or isinstance(value, bool):
            return ""
        return value if isinstance(value, str) else as_lines(value)

    def _text(self, field: str) -> str:
        return self._resolved(self._raw_text(field))

    def _resolved(self, text: str) -> str:
        return resolve_macros(text, self.me, self.user_name).replace("\r\n", "\n").strip()

    def _first_greeting(self) -> str:
        greetings = self._value(_GREETINGS)
        others = greetings[:1] if isinstance(greetings, list) else []
        said = self._raw_text("first_mes").strip() or next((text for text in others if isinstance(text, str)), "")
        return self._resolved(said if self.has_listener else resolve_spoken(said, self.me, self.language))

    def _add(self, fields: dict[str, str], field: str, text: str) -> None:
        """Adds the facts of a text as fields, and the text around them as one of its own."""
        prose = ""
        for piece in split_text(plain_text(text), [self.name, self.nickname], [self.user_name]):
            if not piece.label:
                prose = piece.text
            elif is_name_label(piece.label) and same_name(piece.text, self.name):
                continue
            elif name := field_name(piece.label):
                add_fact(fields, NAME if is_name_label(piece.label) else name, piece.text)
            else:
                prose = f"{prose}\n{piece.label}: {piece.text}".strip()
        if prose:
            add_text(fields, field, prose)

    # The books

    def _add_books(self, fields: dict[str, str]) -> None:
        world: list[Entry] = []
        names = list(filter(None, (self.me, self.name, fields.get(FULL_NAME))))
        for place, book in self._books():
            entries, notes = read_book(book, place)
            self.notes += notes
            self.notes += (
                f"not read: {shortened(part)} in entry {shortened(entry.title)} of `{place}` (a comment)"
                for entry in entries
                for part in (*unseen(entry.text), *comments(entry.text))
            )
            for entry, is_mine in parted([self._resolved_entry(entry) for entry in entries], names):
                if is_mine:
                    self._add(fields, "Background", entry.text)
                else:
                    world.append(Entry(entry.title, plain_text(entry.text)))
        if world:
            add_text(fields, WORLD, "\n".join(f"## {entry.title}\n{entry.text}" for entry in world))

    def _books(self) -> Iterator[tuple[str, Any]]:
        for depth, layer in enumerate(self.layers):
            prefix = self.prefix if depth < len(self.layers) - 1 else ""
            extensions = layer.get("extensions")
            inner = extensions if isinstance(extensions, Mapping) else {}
            yield from ((f"{prefix}{field}", layer[field]) for field in (_BOOK, "globalLore") if layer.get(field))
            if inner.get(_BOOK):
                yield f"{prefix}extensions.{_BOOK}", inner[_BOOK]
        yield from self.extra_books.items()

    def _resolved_entry(self, entry: Entry) -> Entry:
        title = re.sub(r"^#+\s*", "", " ".join(self._resolved(entry.title).split()))
        return Entry(title, self._resolved(entry.text))


def sheet_record(origin: str, key: str, text: str, source: Any) -> dict[str, Any]:
    """The profile record of a character that one text describes, with the source under `profile`.

    Args:
        key: what the file calls the character; a name that the text states goes before it.

    Raises:
        ProfileError: the name or the text is empty.
    """
    name = stated_name(plain_text(text)) or key
    reader = _CardReader({"name": name, "description": text}, origin, "", {})
    told = reader.fields()
    fields = {NAME: told.pop(NAME)} | ({} if is_called(key, name) else {ARCHETYPE: key}) | told
    if _DESCRIPTION in fields:
        fields[FREE_TEXT] = fields.pop(_DESCRIPTION)
    return {"prompt": f"<Character Setting>\n{format_fields(fields)}\n</Character Setting>", "profile": source}
