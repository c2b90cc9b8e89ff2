"""CharacterBench: `character_profile`, `dialogue` of utterances, and what a reply is measured by under `messages`.

Where `messages.output` has an `answer`, it is the keyword; a `reference_response` is a person's reply. Replies of
models (`response_messages`) are no references: their scores have other scales in other files.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from raiden.core.errors import ProfileError
from raiden.core.records import shortened
from raiden.core.types import Profile
from raiden.data.profiles import parse_profile
from raiden.data.profiles.cards import sheet_record
from raiden.data.profiles.macros import resolve_spoken
from raiden.datagen.dialogues.base import Dialogue, Document, LeftOut, Options
from raiden.datagen.dialogues.turns import Turn, messages_of, read_turns
from raiden.facts.markup import as_lines

NAME = "CharacterBench"
_NONE = ("", "none", "n/a", "null")


def matches(document: Document) -> bool:
    return {"character_name", "character_profile", "dialogue"} <= set(document)


def read(document: Document, origin: str, options: Options) -> Iterator[Dialogue | LeftOut]:
    translation = document.get(f"translation_{options.language}") if options.language not in (None, "zh") else None
    if options.language not in (None, "zh") and not isinstance(translation, Mapping):
        yield LeftOut(origin, "no translation", f"`translation_{options.language}` is not there.")
        return
    item = translation if isinstance(translation, Mapping) else document
    profile = _profile(item, origin)
    if isinstance(profile, LeftOut):
        yield profile
        return
    try:
        turns = read_turns(item.get("dialogue"), profile.name)
    except ValueError as fault:
        yield LeftOut(origin, "malformed", f"`dialogue` {fault}.")
        return
    # The two take turns, so whoever is not the user is the character, whatever it is called there.
    turns = [Turn("", not _is_user(turn, item), turn.text) for turn in turns]
    greeting = item.get("greeting")
    if isinstance(greeting, str) and not _is_none(greeting):
        text = resolve_spoken(greeting, profile.name, profile.language)
        turns.insert(0, Turn("", True, text.strip()))
    messages = messages_of(turns)
    if not messages or messages[-1].role != "user":
        yield LeftOut(origin, "no question", "`dialogue` must end with the user's turn.")
        return
    answer = _inner(item, "messages", "output", "answer")
    reference = _inner(item, "reference_response", "utterance") or _inner(
        item, "response_messages", "reference_response"
    )
    keywords = (answer.strip(),) if isinstance(answer, str) and not _is_none(answer) else ()
    yield Dialogue(
        origin,
        "characterbench",
        profile,
        messages[:-1],
        messages[-1].content,
        reference.strip() if isinstance(reference, str) and not _is_none(reference) else "",
        keywords,
    )


def _profile(item: Document, origin: str) -> Profile | LeftOut:
    name, text = item.get("character_name"), item.get("character_profile")
    if not isinstance(name, str) or not name.strip() or not isinstance(text, str):
        fault = f"`character_name` and `character_profile` must be texts, got {shortened(name)} and {shortened(text)}."
        return LeftOut(origin, "malformed", fault)
    # Some items have the profile's attributes beside it, under their Chinese names.
    attributes = {key: value for key, value in item.items() if not key.isascii() and value}
    try:
        sheet = f"{as_lines(attributes)}\n\n{text}" if attributes else text
        return parse_profile(sheet_record(f"{origin}: {NAME}", " ".join(name.split()), sheet, text), origin)
    except ProfileError as fault:
        return LeftOut(origin, "malformed", str(fault).removeprefix(f"{origin}: "))


def _is_user(turn: Turn, item: Document) -> bool:
    return not turn.is_character and turn.speaker in ("", str(item.get("user_name") or "").strip())


def _is_none(text: str) -> bool:
    return text.strip().casefold() in _NONE


def _inner(item: Document, *path: str) -> Any:
    value: Any = item
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
