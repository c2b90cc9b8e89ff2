"""A JSONL file that is only appended to while work goes on, and put in order at the end."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

from raiden.core.errors import SampleError
from raiden.endpoints.journal import Journal

Key = TypeVar("Key", bound=Hashable)
Record = Mapping[str, Any]


class Ledger(Generic[Key]):
    """Records under their keys, in a file that survives a kill at any moment.

    Only keys and places are held in memory.

    Args:
        path: made where it is missing.
        key_of: the key of a record; raises LookupError, TypeError or ValueError for one that is not of this ledger.

    Raises:
        InputError: a line is not a record of this ledger; the message names file and line.
        ConfigError: the file cannot be written, or another process writes to it.
    """

    def __init__(self, path: Path, key_of: Callable[[Record], Key]) -> None:
        self.path = path
        self._key_of = key_of
        self._open()

    def _open(self) -> None:
        self._journal = Journal(self.path)
        self._starts = {
            read_key(record, self._key_of, f"{self.path}:{number}"): start
            for number, (start, record) in enumerate(self._journal.lines(), 1)
        }

    def __contains__(self, key: object) -> bool:
        return key in self._starts

    def __len__(self) -> int:
        return len(self._starts)

    def __iter__(self) -> Iterator[Key]:
        return iter(self._starts)

    def __getitem__(self, key: Key) -> dict[str, Any]:
        return dict(self._journal.read(self._starts[key]))

    async def append(self, record: Record) -> None:
        """Adds a record; it is on the disk when this returns."""
        self._starts[self._key_of(record)] = await self._journal.append(record)

    async def rewrite(self, keys: Iterable[Key]) -> None:
        """Puts the file in this order and drops what is not named; it is replaced whole."""
        write_records(self.path, (self[key] for key in keys))
        await self.close()
        self._open()

    async def close(self) -> None:
        await self._journal.close()


def read_key(record: Any, key_of: Callable[[Record], Key], origin: str) -> Key:
    """The key of a record.

    Raises:
        SampleError: it has none; `origin` names the place in the message.
    """
    try:
        return key_of(record)
    except (LookupError, TypeError, ValueError) as fault:
        raise SampleError(
            f"{origin}: not a record that this command wrote ({fault!r}); put it back as it was, "
            "or move the file away to start anew."
        ) from fault


def write_records(path: Path, records: Iterable[Record]) -> None:
    """Writes a JSON list, one record a line, where the name ends in `.json`, else JSONL.

    The file appears whole or not at all, and is never in memory as a whole.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    is_list = path.suffix == ".json"
    with new.open("w", encoding="utf-8") as file:
        file.write("[\n" if is_list else "")
        for number, record in enumerate(records):
            file.write(",\n" if is_list and number else "")
            file.write(json.dumps(record, ensure_ascii=False) + ("" if is_list else "\n"))
        file.write("\n]\n" if is_list else "")
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, path)
