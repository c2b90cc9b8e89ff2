"""Which data set a file is of, told by its content."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from raiden.core.errors import SampleError
from raiden.core.records import decode_text, load_json, read_bytes, scan_records, shortened
from raiden.datagen.dialogues.base import Chat, Dialogue, Document, LeftOut, Options
from raiden.datagen.dialogues.formats import (
    agnai,
    character_bench,
    character_eval,
    kobold,
    messages,
    risu,
    silly_tavern,
    verirole,
    webui,
)
from raiden.datagen.dialogues.formats.conversations import chats_of
from raiden.datagen.dialogues.turns import Turn

_OF_ITEMS = (verirole, character_bench, character_eval)
_OF_CHATS = (webui, agnai, risu, kobold, messages)
"""Programs that save a chat as one object; what is wrong with one they raise as ValueError, a piece of a sentence."""
NAMES = (*(reader.NAME for reader in (*_OF_ITEMS, silly_tavern, *_OF_CHATS)),)


def read_file(path: str | Path, options: Options) -> Iterator[Dialogue | Chat | LeftOut]:
    """The dialogues of a file, a JSON list or JSONL, and what could not be read of it.

    Raises:
        SampleError: the file cannot be read, or holds nothing that is known.
    """
    text = decode_text(read_bytes(path, SampleError), path, SampleError)
    chat: list[tuple[str, Document]] = []
    loose: list[Document] = []
    is_known = False
    left: list[LeftOut] = []
    for found in _records(text, path):
        if isinstance(found, SampleError):
            left.append(LeftOut(str(path), "malformed", str(found)))
            continue
        origin, document = found
        reader = next((reader for reader in _OF_ITEMS if reader.matches(document)), None)
        if reader is not None:
            is_known = True
            yield from reader.read(document, origin, options)
        elif silly_tavern.matches(document):
            is_known = True
            chat.append((origin, document))
        elif any(program.matches(document) for program in _OF_CHATS):
            is_known = True
            yield from _chats(document, origin, options)
        elif messages.is_message(document):
            is_known = True
            loose.append(document)
        else:
            keys = shortened(", ".join(map(str, document)))
            left.append(LeftOut(origin, "unknown format", f"its fields: {keys}."))
    if not is_known:
        told = left[0].detail.rstrip(".") if left else "it is empty"
        raise SampleError(f"{path}: no dialogues of a format that is known ({told}); give one of: {', '.join(NAMES)}.")
    yield from left
    if chat:
        yield from silly_tavern.read(chat, str(path), options)
    if loose:
        yield from _chats({"messages": loose}, str(path), options)


def _records(text: str, path: str | Path) -> Iterator[tuple[str, Document] | SampleError]:
    """The objects of a file: one over many lines, as programs save a chat, or a list or lines of them."""
    if text.lstrip().startswith("{"):
        with suppress(ValueError):
            yield str(path), load_json(text)
            return
    yield from scan_records(text, path, SampleError)


def _chats(document: Document, origin: str, options: Options) -> Iterator[Chat | LeftOut]:
    """The chats of a program's object."""
    program = next(program for program in _OF_CHATS if program.matches(document))
    try:
        chats = risu.chats_in(document) if program is risu else [document]
        conversations: list[list[Turn]] = [list(program.turns_of(chat)) for chat in chats]
    except ValueError as fault:
        yield LeftOut(origin, "malformed", f"{program.NAME} {fault}.")
        return
    own = None
    if program is messages and (system := messages.system_of(document)):
        described = verirole.profile_of_prompt(system, origin, document, {}, options)
        own = None if isinstance(described, LeftOut) else described
    for number, turns in enumerate(conversations, 1):
        yield from chats_of(turns, origin if len(chats) == 1 else f"{origin}: chat {number}", options, own)
