"""Agnai's exported chats: `messages` with `msg`, a `handle`, and whose they are (`userId`, `characterId`)."""

from collections.abc import Iterator, Mapping

from raiden.datagen.dialogues.base import Document
from raiden.datagen.dialogues.formats.conversations import CHARACTER, USER
from raiden.datagen.dialogues.turns import Turn

NAME = "Agnai chat"


def matches(document: Document) -> bool:
    messages = document.get("messages")
    return isinstance(messages, list) and any(isinstance(one, Mapping) and "msg" in one for one in messages)


def turns_of(document: Document) -> Iterator[Turn]:
    """The turns of the chat, a greeting first where the messages do not begin with it."""
    turns = [turn for number, one in enumerate(document["messages"], 1) if (turn := _turn(one, number))]
    greeting = document.get("greeting")
    if turns and isinstance(greeting, str) and greeting.strip() and not turns[0].is_character:
        name = next((turn.speaker for turn in turns if turn.is_character), CHARACTER)
        yield Turn(name, True, greeting.strip())
    yield from turns


def _turn(one: object, number: int) -> Turn | None:
    if not isinstance(one, Mapping) or not isinstance(one.get("msg"), str):
        raise ValueError(f"has no text `msg` in turn {number}")
    # What the program itself says, or draws.
    if one.get("ooc") or one.get("system") or one.get("adapter") == "image" or not one["msg"].strip():
        return None
    handle = one.get("handle")
    is_character = bool(one.get("characterId")) and not one.get("userId")
    name = handle.strip() if isinstance(handle, str) and handle.strip() else CHARACTER if is_character else USER
    return Turn(name, is_character, one["msg"].replace("\r\n", "\n").strip())
