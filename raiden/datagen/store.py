"""The accepted samples of a run, on disk."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from raiden.core.errors import SampleError
from raiden.core.records import read_records
from raiden.core.types import Focus, Sample
from raiden.data.samples import parse_sample
from raiden.datagen.base import Slot
from raiden.datagen.ledger import Ledger, read_key, write_records

SlotKey = tuple[str, Focus, int]
"""What tells one slot from another: the character's name, the kind, the index within the kind."""

_FOCUS_NAMES: dict[Focus, str] = {"sbk": "script_knowledge", "cm": "conversation_memory"}
_FOCUS_OF_NAME = {name: focus for focus, name in _FOCUS_NAMES.items()}


def slot_key(slot: Slot) -> SlotKey:
    return slot.profile.name, slot.focus, slot.index


def sample_key(record: Mapping[str, Any]) -> SlotKey:
    """The slot that a stored sample fills."""
    metadata = record["metadata"]
    return record["character_name"], _FOCUS_OF_NAME[metadata["focus"]], int(metadata["index"])


class SampleStore:
    """Accepted samples: each is on the disk when `add` returns, and `finish` puts them in order.

    Where the output file is a JSON list, samples are appended to `<output>.part` meanwhile, and the list is written at
    the end.

    Args:
        path: a `.json` file for a list, any other name for JSONL. What is in it is taken over.

    Raises:
        InputError: something in it was not written by this class; the message names the place.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._is_list = path.suffix == ".json"
        journal = path.with_name(path.name + ".part") if self._is_list else path
        # A journal that is there holds all that the list does: it was begun with it.
        if self._is_list and path.exists() and not journal.exists():
            write_records(journal, _records_of_list(path))
        self._ledger = Ledger(journal, sample_key)

    @property
    def journal(self) -> Path:
        """The file that holds the samples while the run goes on."""
        return self._ledger.path

    def __contains__(self, key: object) -> bool:
        return key in self._ledger

    def __len__(self) -> int:
        return len(self._ledger)

    def load(self, key: SlotKey) -> Sample:
        return parse_sample(self._ledger[key], f"{self._ledger.path}: {key}")

    def in_order(self, order: Iterable[SlotKey]) -> list[SlotKey]:
        """The slots that are filled, in this order."""
        return [key for key in order if key in self]

    async def add(self, slot: Slot, sample: Sample) -> Sample:
        """Stores a sample under its slot; the stored record says which one it fills."""
        metadata = {**sample.raw.get("metadata", {}), "focus": _FOCUS_NAMES[slot.focus], "index": slot.index}
        stored = replace(sample, raw={**sample.raw, "metadata": metadata})
        await self._ledger.append(stored.raw)
        return stored

    def write(self, path: Path, keys: Iterable[SlotKey]) -> None:
        """Writes these samples to another file, in this order."""
        write_records(path, (self._ledger[key] for key in keys))

    async def finish(self, order: Iterable[SlotKey]) -> None:
        """Writes the output file in this order."""
        if self._is_list:
            self.write(self.path, order)
            await self.close()
            os.unlink(self._ledger.path)
        else:
            await self._ledger.rewrite(order)
            await self.close()

    async def close(self) -> None:
        await self._ledger.close()


def _records_of_list(path: Path) -> Iterable[Mapping[str, Any]]:
    for origin, record in read_records(path, SampleError):
        read_key(record, sample_key, origin)
        yield record
