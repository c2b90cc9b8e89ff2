"""Conversations as lists of messages: OpenAI's (`role`, `content`) and ShareGPT's (`from`, `value`)."""

from collections.abc import Iterator, Mapping
from typing import Any

from raiden.datagen.dialogues.base import Document
from raiden.datagen.dialogues.formats.conversations import CHARACTER, USER
from raiden.datagen.dialogues.turns import Turn, read_turns

NAME = "OpenAI or ShareGPT messages"
_LISTS = ("messages", "conversations", "conversation")
_NAMES = ("character_name", "character", "char_name", "char", "bot_name", "role_name", "bot")


def matches(document: Document) -> bool:
    return any(_is_list(document.get(name)) for name in _LISTS)


def is_message(document: Document) -> bool:
    """Whether a record is one message: a file of them is one conversation."""
    return {"role", "content"} <= set(document) or {"from", "value"} <= set(document)


def _is_list(value: Any) -> bool:
    return (
        isinstance(value, list) and bool(value) and all(isinstance(one, Mapping) and is_message(one) for one in value)
    )


def turns_of(document: Document) -> Iterator[Turn]:
    """The turns without what the system and tools say."""
    named = next((document[key] for key in _NAMES if isinstance(document.get(key), str) and document[key]), "")
    for turn in read_turns(list_of(document), named or CHARACTER):
        name = turn.speaker or (named or CHARACTER if turn.is_character else USER)
        yield Turn(name, turn.is_character, turn.text)


def list_of(document: Document) -> list[Any]:
    """The messages of a conversation."""
    return next(document[name] for name in _LISTS if _is_list(document.get(name)))


def system_of(document: Document) -> str:
    """What the system says at the beginning; empty where it says nothing."""
    first = list_of(document)[0]
    text = first.get("content", first.get("value"))
    is_system = first.get("role", first.get("from")) in ("system", "developer")
    return text if is_system and isinstance(text, str) else ""
