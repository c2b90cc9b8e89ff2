"""RisuAI's exported chats: `type: risuChat` with `data`, or `risuAllChats` with a list of them."""

from collections.abc import Iterator, Mapping

from raiden.datagen.dialogues.base import Document
from raiden.datagen.dialogues.formats.conversations import CHARACTER, USER
from raiden.datagen.dialogues.turns import Turn

NAME = "RisuAI chat"


def matches(document: Document) -> bool:
    return document.get("type") in ("risuChat", "risuAllChats") or _is_chat(document)


def _is_chat(value: object) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("message"), list) and "role" not in value


def chats_in(document: Document) -> list[Document]:
    """The chats of a file."""
    chats = document.get("data", document)
    chats = chats if isinstance(chats, list) else [chats]
    if not chats or not all(map(_is_chat, chats)):
        raise ValueError("must have chats with a list `message` in `data`")
    return chats


def turns_of(document: Document) -> Iterator[Turn]:
    """The turns of one chat, without those that are switched off."""
    for number, one in enumerate(document["message"], 1):
        if not isinstance(one, Mapping) or not isinstance(one.get("data"), str):
            raise ValueError(f"has no text `data` in turn {number}")
        is_character = one.get("role") == "char"
        if one.get("disabled") or one.get("isComment") or not one["data"].strip():
            continue
        name = one.get("name")
        shown = name.strip() if isinstance(name, str) and name.strip() else CHARACTER if is_character else USER
        yield Turn(shown, is_character, one["data"].replace("\r\n", "\n").strip())
