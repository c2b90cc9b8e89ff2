"""GGUF files as transformers reads them: once, and only where the header says what the file can hold."""

import mmap
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from raiden.core.errors import ConfigError


@contextmanager
def reading_once() -> Iterator[None]:
    """While it lasts, each file's header is read once, and each table of tensor names made once.

    Transformers reads the header for the config, for the weights and for the tokenizer, and asks for the table in
    each module of the model.
    """
    import gguf  # where it is needed: it takes a moment

    class PlainReader(gguf.GGUFReader):
        """Slices plain arrays: each of the half a million slices of a memory map takes three times as long."""

        @property
        def data(self) -> Any:
            return self._plain

        @data.setter
        def data(self, mapped: Any) -> None:
            import numpy

            self._plain = mapped.view(numpy.ndarray)

    reader, names = gguf.GGUFReader, gguf.get_tensor_name_map
    gguf.GGUFReader, gguf.get_tensor_name_map = lru_cache(PlainReader), lru_cache(names)  # type: ignore[misc,assignment]
    try:
        yield
    finally:
        gguf.GGUFReader, gguf.get_tensor_name_map = reader, names  # type: ignore[misc]


_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
"""Bytes of a number, by its type."""
_STRING, _ARRAY = 8, 9
_MAX_ARRAY_DEPTH = 4
"""Arrays in arrays; known files have none."""
_MAX_DIMENSIONS = 4


def refuse_broken_header(path: Path) -> None:
    """Goes through all lengths and counts of the header, whose values stay unread.

    Raises:
        ConfigError: it is no GGUF file, or one that is cut off or says that it has more than it can have.
    """
    with path.open("rb") as file:
        try:
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            with content:
                _Header(content).read()
        except (ValueError, struct.error) as fault:  # ValueError: also of mmap, for an empty file
            raise ConfigError(
                f"`model.policy.path`: {path} is not a whole GGUF file ({fault}); get the file again."
            ) from fault


class _Header:
    """A place in the header, which goes forward."""

    def __init__(self, content: mmap.mmap) -> None:
        self.content = content
        self.place = 0
        self.order = "<"

    def read(self) -> None:
        if self.content[:4] != b"GGUF":
            raise ValueError("it does not begin with GGUF")
        self.place = 4
        if self._number("I") & 0xFFFF == 0:  # the version, of a machine with the other order of bytes
            self.order = ">"
        num_tensors, num_values = self._number("Q"), self._number("Q")
        for _ in range(num_values):
            self._skip_text()
            self._skip_value(self._number("I"), 0)
        for _ in range(num_tensors):
            self._skip_text()
            dimensions = self._number("I")
            if dimensions > _MAX_DIMENSIONS:
                raise ValueError(f"a tensor of {dimensions} dimensions")
            self._skip(8 * dimensions + 4 + 8)  # their sizes, the type, the offset

    def _number(self, form: str) -> int:
        (number,) = struct.unpack_from(self.order + form, self.content, self.place)
        self.place += struct.calcsize(form)
        return int(number)

    def _skip(self, num_bytes: int) -> None:
        if num_bytes > len(self.content) - self.place:
            raise ValueError(
                f"its header says that {num_bytes:,} bytes follow byte {self.place:,}, where it has fewer"
            )
        self.place += num_bytes

    def _skip_text(self) -> None:
        self._skip(self._number("Q"))

    def _skip_value(self, kind: int, depth: int) -> None:
        if kind in _SIZES:
            self._skip(_SIZES[kind])
        elif kind == _STRING:
            self._skip_text()
        elif kind == _ARRAY and depth < _MAX_ARRAY_DEPTH:
            self._skip_array(depth)
        else:
            raise ValueError(f"a value of the type {kind}")

    def _skip_array(self, depth: int) -> None:
        kind, length = self._number("I"), self._number("Q")
        if kind in _SIZES:
            self._skip(length * _SIZES[kind])
            return
        for _ in range(length):  # each takes eight bytes or more: the end of the file ends this
            self._skip_value(kind, depth + 1)
