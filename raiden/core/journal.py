"""The one way in which work in progress is kept: an append-only file of JSON lines that survives being killed."""

import asyncio
import fcntl
import json
import os
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

from raiden.core.errors import ConfigError, InputError
from raiden.core.records import write_records

Key = TypeVar("Key", bound=Hashable)
Record = Mapping[str, Any]


class Journal(Generic[Key]):
    """Records under their keys, appended by one process at a time; of a key that comes again the last one holds.

    A line that a kill cut short is taken off when the file is opened; nobody can have acted on it, for `append`
    returns after the line is on the disk. Only keys and places are in memory.

    Not SQLite: the file in progress is the file of the result, so `tail`, `jq` and `wc -l` read it at any moment,
    there is no second copy to bring in line with it at the end, and it works on disks that are shared over a network,
    where SQLite's WAL does not. All that is done with it is to append, to look up, and to put in order once.

    Args:
        path: made where it is missing.
        key_of: the key of a record; raises LookupError, TypeError or ValueError for one that does not belong here.

    Raises:
        ConfigError: the file cannot be opened, or another process writes to it.
        InputError: a line is no such record; the message names file and line.
    """

    def __init__(self, path: str | Path, key_of: Callable[[Record], Key]) -> None:
        self.path = Path(path)
        self._key_of = key_of
        self._waiting: list[tuple[Record, bytes, asyncio.Future[None]]] = []
        self._flush: asyncio.Task[None] | None = None
        self._places: dict[Key, tuple[int, int]] = {}
        """Where each record begins in the file, and how long it is, in bytes."""
        self._open()

    def _open(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = open(self.path, "a+b", buffering=0)  # noqa: SIM115 - it stays open until `close`
        except OSError as fault:
            raise ConfigError(
                f"{self.path}: cannot be opened ({fault.strerror}); give a path that can be written."
            ) from fault
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as fault:
            self._file.close()
            raise ConfigError(
                f"{self.path}: another process is writing to it; wait for its end, or give this one another file."
            ) from fault
        try:
            self._index()
        except InputError:
            self._file.close()
            raise

    def _index(self) -> None:
        self._places = {}
        start = 0
        with open(self.path, "rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    break
                key = read_key(self._parse(line, number), self._key_of, f"{self.path}:{number}")
                self._places[key] = start, len(line)
                start += len(line)
        self._file.truncate(start)

    def _parse(self, line: bytes, number: int) -> Any:
        try:
            return json.loads(line)
        except ValueError as fault:
            raise InputError(
                f"{self.path}:{number}: not valid JSON ({fault}); remove this line, or the file."
            ) from fault

    def __contains__(self, key: object) -> bool:
        return key in self._places

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[Key]:
        return iter(self._places)

    def __getitem__(self, key: Key) -> dict[str, Any]:
        start, length = self._places[key]
        return dict(json.loads(os.pread(self._file.fileno(), length, start)))

    async def append(self, record: Record) -> None:
        """Adds a record; it is on the disk when this returns. Those that come meanwhile go there together.

        Raises:
            OSError: the disk is full or gone; nothing of the record is left in the file.
        """
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((record, json.dumps(record, ensure_ascii=False).encode() + b"\n", done))
        if self._flush is None:
            self._flush = asyncio.create_task(self._write_waiting())
        await done

    async def rewrite(self, keys: Iterable[Key]) -> None:
        """Puts the file in this order and drops what is not named; it is replaced whole."""
        write_records(self.path, (self[key] for key in keys))
        await self.close()
        self._open()

    async def close(self) -> None:
        """Writes what waits and lets others have the file; may be called twice."""
        if self._flush is not None:
            await self._flush
        self._file.close()

    async def _write_waiting(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            fault: OSError | None = None
            start = 0
            try:
                # In a thread, for a busy disk may take longer over this than a server over a reply.
                start = await asyncio.to_thread(self._write, b"".join(line for _, line, _ in batch))
            except OSError as error:
                fault = error
            for record, line, done in batch:
                if fault is None:
                    self._places[self._key_of(record)] = start, len(line)
                    start += len(line)
                if not done.cancelled():
                    done.set_exception(fault) if fault else done.set_result(None)
        self._flush = None

    def _write(self, lines: bytes) -> int:
        """Where the lines begin."""
        size = os.fstat(self._file.fileno()).st_size
        rest = memoryview(lines)
        try:
            while rest:
                rest = rest[os.write(self._file.fileno(), rest) :]
            os.fsync(self._file.fileno())
        except OSError:
            self._file.truncate(size)
            raise
        return size


def read_key(record: Any, key_of: Callable[[Record], Key], origin: str) -> Key:
    """The key of a record.

    Raises:
        InputError: it has none; `origin` names the place in the message.
    """
    try:
        return key_of(record)
    except (LookupError, TypeError, ValueError) as fault:
        raise InputError(
            f"{origin}: not a record that this command wrote ({fault!r}); put it back as it was, "
            "or move the file away to start anew."
        ) from fault
