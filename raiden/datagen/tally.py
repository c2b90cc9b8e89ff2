"""What a run has made so far, and what it has rejected."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from raiden.core.types import Sample
from raiden.datagen.base import Rejection, RejectionReason, Slot
from raiden.datagen.ledger import Ledger
from raiden.datagen.store import SlotKey

NUM_EXAMPLES = 2
"""Rejections of each reason that are shown."""

RejectionKey = tuple[SlotKey, int]
"""Slot and attempt."""


@dataclass
class Tally:
    """Counts of one run, what an earlier start of it had done included."""

    num_slots: int
    """Samples that were asked for."""
    num_earlier: int = 0
    """Samples that were in the output file already."""
    samples: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    """By language, kind, question type and difficulty."""
    samples_by_character: Counter[str] = field(default_factory=Counter)
    unfilled: Counter[RejectionReason] = field(default_factory=Counter)
    """Slots that stay empty, by the reason of their last rejection."""

    @property
    def num_samples(self) -> int:
        return self.samples.total()

    @property
    def num_decided(self) -> int:
        """Slots with which nothing more will happen in this run."""
        return self.num_samples + self.unfilled.total()

    def count(self, sample: Sample) -> None:
        self.samples[sample.language, sample.focus, sample.question_type, sample.difficulty] += 1
        self.samples_by_character[sample.character_name] += 1


class RejectionLog:
    """Every rejection of a run: counted by reason, and kept in a file with what decided."""

    def __init__(self, path: Path) -> None:
        self._ledger: Ledger[RejectionKey] = Ledger(path, _rejection_key)
        self.counts: Counter[RejectionReason] = Counter()
        self.examples: defaultdict[RejectionReason, list[Mapping[str, Any]]] = defaultdict(list)

    @property
    def path(self) -> Path:
        return self._ledger.path

    async def keep_only(self, slots: Container[SlotKey]) -> None:
        """Forgets the rejections of all other slots: they are tried again, and rejected again if need be."""
        await self._ledger.rewrite([key for key in self._ledger if key[0] in slots])
        for key in self._ledger:
            self._count(self._ledger[key])

    async def add(self, slot: Slot, attempt: int, rejection: Rejection) -> None:
        record = {
            "character_name": slot.profile.name,
            "focus": slot.focus,
            "index": slot.index,
            "attempt": attempt,
            "reason": rejection.reason,
            "detail": rejection.detail,
        }
        await self._ledger.append(record)
        self._count(record)

    def _count(self, record: Mapping[str, Any]) -> None:
        self.counts[record["reason"]] += 1
        if len(self.examples[record["reason"]]) < NUM_EXAMPLES:
            self.examples[record["reason"]].append(record)

    async def finish(self, order: Iterable[SlotKey]) -> None:
        """Puts the file in the order of the slots."""
        place = {key: number for number, key in enumerate(order)}
        await self._ledger.rewrite(sorted(self._ledger, key=lambda key: (place[key[0]], key[1])))
        await self.close()

    async def close(self) -> None:
        await self._ledger.close()


def _rejection_key(record: Mapping[str, Any]) -> RejectionKey:
    return (record["character_name"], record["focus"], record["index"]), record["attempt"]
