"""Which data set a file is of, told by its content."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from raiden.core.errors import SampleError
from raiden.core.records import decode_text, read_bytes, scan_records, shortened
from raiden.datagen.dialogues.base import Chat, Dialogue, Document, LeftOut, Options
from raiden.datagen.dialogues.formats import character_bench, character_eval, silly_tavern, verirole

_OF_ITEMS = (verirole, character_bench, character_eval)
NAMES = (*(reader.NAME for reader in _OF_ITEMS), silly_tavern.NAME)


def read_file(path: str | Path, options: Options) -> Iterator[Dialogue | Chat | LeftOut]:
    """The dialogues of a file, a JSON list or JSONL, and what could not be read of it.

    Raises:
        SampleError: the file cannot be read, or holds nothing that is known.
    """
    text = decode_text(read_bytes(path, SampleError), path, SampleError)
    chat: list[tuple[str, Document]] = []
    is_known = False
    left: list[LeftOut] = []
    for found in scan_records(text, path, SampleError):
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
        else:
            keys = shortened(", ".join(map(str, document)))
            left.append(LeftOut(origin, "unknown format", f"its fields: {keys}."))
    if not is_known:
        told = left[0].detail.rstrip(".") if left else "it is empty"
        raise SampleError(f"{path}: no dialogues of a format that is known ({told}); give one of: {', '.join(NAMES)}.")
    yield from left
    if chat:
        yield from silly_tavern.read(chat, str(path), options)
