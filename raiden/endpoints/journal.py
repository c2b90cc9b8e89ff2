"""An append-only file of JSON lines that survives being killed."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from raiden.core.errors import ConfigError, InputError


class Journal:
    """JSON lines, appended by one process at a time.

    A line that a kill cut short is taken off when the file is opened; nobody can have acted on it, for `append`
    returns after the line is on the disk.

    Raises:
        ConfigError: the file cannot be opened, or another process writes to it.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = open(self.path, "a+b", buffering=0)  # noqa: SIM115 - it stays open until `close`
        except OSError as fault:
            raise ConfigError(
                f"{path}: cannot be opened ({fault.strerror}); give a path that can be written."
            ) from fault
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as fault:
            self._file.close()
            raise ConfigError(
                f"{path}: another process is writing to it; wait for its end, or give this one another file."
            ) from fault
        self._waiting: list[tuple[bytes, asyncio.Future[int]]] = []
        self._flush: asyncio.Task[None] | None = None

    def lines(self) -> Iterator[tuple[int, Any]]:
        """Where each line begins, in bytes, and its value; the line that a kill cut short is cut off.

        Raises:
            InputError: naming file and line, for any other line that is no JSON.
        """
        start = 0
        with open(self.path, "rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    break
                yield start, self._parse(line, number)
                start += len(line)
        self._file.truncate(start)

    def _parse(self, line: bytes, number: int) -> Any:
        try:
            return json.loads(line)
        except ValueError as fault:
            raise InputError(
                f"{self.path}:{number}: not valid JSON ({fault}); remove this line, or the file."
            ) from fault

    def read(self, start: int) -> Any:
        """The value of the line that begins at this byte."""
        with open(self.path, "rb") as file:
            file.seek(start)
            return json.loads(file.readline())

    async def append(self, value: Mapping[str, Any]) -> int:
        """Where the line begins, in bytes, once it is on the disk; lines that come meanwhile go there together.

        Raises:
            OSError: the disk is full or gone; nothing of the line is left in the file.
        """
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((json.dumps(value, ensure_ascii=False).encode() + b"\n", done))
        if self._flush is None:
            self._flush = asyncio.create_task(self._write_waiting())
        return await done

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
                start = await asyncio.to_thread(self._write, b"".join(line for line, _ in batch))
            except OSError as error:
                fault = error
            for line, done in batch:
                if not done.cancelled():
                    done.set_exception(fault) if fault else done.set_result(start)
                start += len(line)
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
