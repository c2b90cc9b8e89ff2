"""Transformers' reading of a GGUF file, without doing all of it three times and one name map 400 times."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any


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
