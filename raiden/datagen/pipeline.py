"""Slots -> drafts -> checks -> accepted samples, many at once and always with the same outcome."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from raiden.core.types import Focus, Language, Profile, Sample
from raiden.datagen.base import Author, Rejection, RejectionReason, Slot
from raiden.datagen.checks import check, near_duplicate
from raiden.datagen.store import RejectionLog, SampleStore, SlotKey, slot_key
from raiden.datagen.verification import Verifier

# A failed request is asked anew by the next run, and who has nothing left will have nothing on the next attempt.
_NO_OTHER_ATTEMPT = ("request_failed", "nothing_left")
_DRAFTING_PER_REQUEST = 2
_OPEN_PER_REQUEST = 64


@dataclass(frozen=True)
class Plan:
    """Which samples are to be made."""

    profiles: Sequence[Profile]
    num_samples_per_profile: int
    """Of each kind."""
    foci: tuple[Focus, ...]
    language: Language | None = None
    """Of all samples; None makes each in the language of its profile."""

    @property
    def num_slots(self) -> int:
        return len(self.profiles) * len(self.foci) * self.num_samples_per_profile

    def slots(self, profile: Profile) -> Iterator[Slot]:
        """A character's slots in the order in which they are decided: more samples would come after these."""
        language = self.language or profile.language
        for index in range(self.num_samples_per_profile):
            for focus in self.foci:
                yield Slot(profile, focus, language, index)

    def order(self) -> Iterator[SlotKey]:
        """All slots in the order of the output: by profile, kind and index."""
        for profile in self.profiles:
            for focus in self.foci:
                for index in range(self.num_samples_per_profile):
                    yield profile.name, focus, index


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


@dataclass(eq=False)
class Pipeline:
    """Fills the slots of a plan.

    Drafts of many slots are under way at once, but whether one is accepted is decided in the order of a character's
    slots, since a sample must be no near-duplicate of those before it. So what is accepted follows from the drafts
    alone, never from which came first.
    """

    plan: Plan
    author: Author
    store: SampleStore
    """Slots that are filled there are left as they are."""
    rejections: RejectionLog
    verifiers: Sequence[Verifier] = ()
    """Asked in this order about each draft that passes the checks."""
    max_attempts: int = 3
    """Drafts for a slot, at least 1."""
    concurrency: int = 16
    """Requests that the author and the verifiers can have in flight; enough slots are under way to keep them busy."""

    def __post_init__(self) -> None:
        self.tally = Tally(self.plan.num_slots)
        self._max_drafting = _DRAFTING_PER_REQUEST * self.concurrency
        self._max_open = _OPEN_PER_REQUEST * self.concurrency
        self._num_drafting = 0
        self._num_open = 0
        self._checking = asyncio.Lock()
        self._has_room = asyncio.Event()

    async def run(self) -> None:
        """Ends when every slot is filled, or empty for a reason that the rejections tell.

        Raises:
            AccessError: no request can succeed; nothing more is asked.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                for profile in self.plan.profiles:
                    await self._fill_character(profile, tasks)
        except ExceptionGroup as group:
            raise group.exceptions[0] from None

    async def _fill_character(self, profile: Profile, tasks: asyncio.TaskGroup) -> None:
        accepted = self._stored(profile)
        before: asyncio.Task[None] | None = None
        for slot in self.plan.slots(profile):
            if slot_key(slot) not in self.store:
                await self._room()
                self._num_drafting += 1
                self._num_open += 1
                before = tasks.create_task(self._fill(slot, accepted, before))
                before.add_done_callback(self._closed)
        await asyncio.sleep(0)  # signals and the progress bar get their turn where everything is stored already

    def _stored(self, profile: Profile) -> list[Sample]:
        keys = [slot_key(slot) for slot in self.plan.slots(profile)]
        stored = [self.store.load(key) for key in keys if key in self.store]
        for sample in stored:
            self.tally.count(sample)
        self.tally.num_earlier += len(stored)
        return stored

    async def _room(self) -> None:
        """Waits until another slot may be opened: memory is bounded, and earlier slots are served first."""
        while self._num_drafting >= self._max_drafting or self._num_open >= self._max_open:
            self._has_room.clear()
            await self._has_room.wait()

    def _closed(self, _: asyncio.Task[None]) -> None:
        self._num_drafting -= 1
        self._num_open -= 1
        self._has_room.set()

    async def _fill(self, slot: Slot, accepted: list[Sample], before: asyncio.Task[None] | None) -> None:
        """Has drafts written until one is accepted; ends after the character's slot before this one."""
        for attempt in range(self.max_attempts):
            draft = await self._draft(slot, attempt, accepted)
            if isinstance(draft, Sample):
                await self._turn(before)
                # Against those too that were accepted meanwhile.
                draft = near_duplicate(draft, accepted) or draft
            if isinstance(draft, Sample):
                accepted.append(await self.store.add(slot, draft))
                self.tally.count(draft)
                return
            await self.rejections.add(slot, attempt, draft)
            reason = draft.reason
            if reason in _NO_OTHER_ATTEMPT:
                break
        await self._turn(before)
        self.tally.unfilled[reason] += 1

    async def _draft(self, slot: Slot, attempt: int, accepted: Sequence[Sample]) -> Sample | Rejection:
        """A draft that is good in itself, or why it is not."""
        record = await self.author.write(slot, attempt)
        if isinstance(record, Rejection):
            return record
        async with self._checking:  # one after another: requests go out in between, not behind all of them
            await asyncio.sleep(0)
            draft = check(record, slot, accepted)
        if isinstance(draft, Sample):
            for verifier in self.verifiers:
                rejection = await verifier.verify(draft)
                if rejection is not None:
                    return rejection
        return draft

    async def _turn(self, before: asyncio.Task[None] | None) -> None:
        """Waits until the character's slots before this one are decided; others may draft meanwhile."""
        if before is None or before.done():
            return
        self._num_drafting -= 1
        self._has_room.set()
        try:
            await asyncio.wait([before])
        finally:
            self._num_drafting += 1
