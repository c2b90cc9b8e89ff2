"""What a run of data generation keeps on disk: the samples that it has accepted, and every draft that it has not."""

import os
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from raiden.core.errors import SampleError
from raiden.core.journal import Journal, read_key
from raiden.core.records import read_records, write_records
from raiden.core.types import Focus, Sample
from raiden.data.samples import parse_sample
from raiden.datagen.base import Rejection, RejectionReason, Slot

NUM_EXAMPLES = 2
"""Rejections of each reason that are shown."""

SlotKey = tuple[str, Focus, int]
"""What tells one slot from another: the character's name, the kind, the index within the kind."""

RejectionKey = tuple[SlotKey, int]
"""Slot and attempt."""

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
        self._records = Journal(journal, sample_key)

    @property
    def journal(self) -> Path:
        """The file that holds the samples while the run goes on."""
        return self._records.path

    def __contains__(self, key: object) -> bool:
        return key in self._records

    def __len__(self) -> int:
        return len(self._records)

    def load(self, key: SlotKey) -> Sample:
        return parse_sample(self._records[key], f"{self._records.path}: {key}")

    def in_order(self, order: Iterable[SlotKey]) -> list[SlotKey]:
        """The slots that are filled, in this order."""
        return [key for key in order if key in self]

    async def add(self, slot: Slot, sample: Sample) -> Sample:
        """Stores a sample under its slot; the stored record says which one it fills."""
        metadata = {**sample.raw.get("metadata", {}), "focus": _FOCUS_NAMES[slot.focus], "index": slot.index}
        stored = replace(sample, raw={**sample.raw, "metadata": metadata})
        await self._records.append(stored.raw)
        return stored

    def write(self, path: Path, keys: Iterable[SlotKey]) -> None:
        """Writes these samples to another file, in this order."""
        write_records(path, (self._records[key] for key in keys))

    async def finish(self, order: Iterable[SlotKey]) -> None:
        """Writes the output file in this order."""
        if self._is_list:
            self.write(self.path, order)
            await self.close()
            os.unlink(self._records.path)
        else:
            await self._records.rewrite(order)
            await self.close()

    async def close(self) -> None:
        await self._records.close()


def _records_of_list(path: Path) -> Iterable[Mapping[str, Any]]:
    for origin, record in read_records(path, SampleError):
        read_key(record, sample_key, origin)
        yield record


class RejectionLog:
    """Every rejection of a run: counted by reason, and kept in a file with what decided."""

    def __init__(self, path: Path) -> None:
        self._records = Journal(path, _rejection_key)
        self.counts: Counter[RejectionReason] = Counter()
        self.examples: defaultdict[RejectionReason, list[Mapping[str, Any]]] = defaultdict(list)

    @property
    def path(self) -> Path:
        return self._records.path

    async def keep_only(self, slots: Container[SlotKey]) -> None:
        """Forgets the rejections of all other slots: they are tried again, and rejected again if need be."""
        await self._records.rewrite([key for key in self._records if key[0] in slots])
        for key in self._records:
            self._count(self._records[key])

    async def add(self, slot: Slot, attempt: int, rejection: Rejection) -> None:
        record = {
            "character_name": slot.profile.name,
            "focus": slot.focus,
            "index": slot.index,
            "attempt": attempt,
            "reason": rejection.reason,
            "detail": rejection.detail,
        }
        await self._records.append(record)
        self._count(record)

    def _count(self, record: Mapping[str, Any]) -> None:
        self.counts[record["reason"]] += 1
        if len(self.examples[record["reason"]]) < NUM_EXAMPLES:
            self.examples[record["reason"]].append(record)

    async def finish(self, order: Iterable[SlotKey]) -> None:
        """Puts the file in the order of the slots."""
        place = {key: number for number, key in enumerate(order)}
        await self._records.rewrite(sorted(self._records, key=lambda key: (place[key[0]], key[1])))
        await self.close()

    async def close(self) -> None:
        await self._records.close()


def _rejection_key(record: Mapping[str, Any]) -> RejectionKey:
    return (record["character_name"], record["focus"], record["index"]), record["attempt"]
