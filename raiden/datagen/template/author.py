"""Samples without any model: questions and answers made of the profile's own facts."""

import random
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count, islice

from raiden.core.types import Language, Profile, Sample
from raiden.datagen.base import Record, Rejection, Slot
from raiden.datagen.checks import check
from raiden.datagen.template.facts import facts_of
from raiden.datagen.template.records import cm_record, sbk_record
from raiden.datagen.template.tables import table
from raiden.datagen.template.talks import talks_about
from raiden.datagen.template.wordings import Exchange, exchange_about

_ROUNDS = 3
"""How often each kind of thing may be mentioned in conversations with one character, with other values."""

_NO_TOPICS = ("name", "real_name", "gender", "age")
"""What nobody asks in the middle of a conversation."""

_NUM_KEPT = 256
"""Characters, counted for each kind of sample, whose drafts are kept in memory."""


class _DraftList:
    """Records that are made when they are first asked for."""

    def __init__(self, records: Iterator[Record]) -> None:
        self._made: list[Record] = []
        self._rest = records

    def at(self, index: int) -> Record | None:
        """The record at a place, None behind the last one."""
        self._made += islice(self._rest, max(0, index + 1 - len(self._made)))
        return self._made[index] if index < len(self._made) else None


class TemplateAuthor:
    """Writes drafts from templates; a draft depends on the slot, the attempt and the seed alone."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self._drafts: OrderedDict[tuple[str, ...], _DraftList] = OrderedDict()

    async def write(self, slot: Slot, attempt: int) -> Record | Rejection:
        """See `raiden.datagen.base.Author`."""
        return self.draft(slot, attempt)

    def draft(self, slot: Slot, attempt: int) -> Record | Rejection:
        """The draft for a slot, or `nothing_left`.

        The drafts of a character are one list, and a slot begins at its own place in it.
        """
        record = self._draft_list(slot).at(slot.index + attempt)
        if record is not None:
            return record
        what = "fact of the profile" if slot.focus == "sbk" else "thing to mention"
        return Rejection("nothing_left", f'No plain {what} is left to ask "{slot.profile.name}" about.')

    def _draft_list(self, slot: Slot) -> _DraftList:
        """The drafts about a character; those of the last characters are kept, for their slots come together."""
        key = (slot.profile.name, slot.profile.text, slot.language, slot.focus)
        if key not in self._drafts:
            drafts = self._profile_drafts(slot) if slot.focus == "sbk" else self._memory_drafts(slot)
            self._drafts[key] = _DraftList(drafts)
        self._drafts.move_to_end(key)
        while len(self._drafts) > _NUM_KEPT:
            self._drafts.popitem(last=False)
        return self._drafts[key]

    def _rng(self, slot: Slot, *more: object) -> random.Random:
        # Seeded by words: the same on every machine, and for every order of the profiles.
        return random.Random(repr((self.seed, slot.profile.name, slot.language, *more)))

    def _exchanges(self, slot: Slot) -> list[Exchange]:
        """The questions about a profile in a random order, the dullest last."""
        rng = self._rng(slot, "sbk")
        exchanges = [exchange_about(fact, slot.language, rng) for fact in facts_of(slot.profile, slot.language)]
        found = [exchange for exchange in exchanges if exchange]
        rng.shuffle(found)
        return sorted(found, key=lambda exchange: exchange.fact.kind == "gender")

    def _profile_drafts(self, slot: Slot) -> Iterator[Record]:
        accepted: list[Sample] = []
        for exchange in self._exchanges(slot):
            record = sbk_record(exchange, slot)
            sample = check(record, slot, accepted)
            if isinstance(sample, Sample):
                accepted.append(sample)
                yield record

    def _memory_drafts(self, slot: Slot) -> Iterator[Record]:
        kinds = [memory["kind"] for memory in table(slot.language)["memories"]]  # that a user can mention
        sbk_slot = replace(slot, focus="sbk")
        topics = [exchange for exchange in self._exchanges(slot) if exchange.fact.kind not in _NO_TOPICS]
        drafts = [(exchange, sbk_record(exchange, sbk_slot)) for exchange in topics]
        own = [exchange for exchange, draft in drafts if isinstance(check(draft, sbk_slot, ()), Sample)]
        accepted: list[Sample] = []
        for turn in range(_ROUNDS):
            rng = self._rng(slot, "cm", turn)
            for kind in rng.sample(kinds, len(kinds)):
                for talk in talks_about(kind, slot.language, own, rng):
                    record = cm_record(talk, slot)
                    sample = check(record, slot, accepted)
                    if isinstance(sample, Sample):
                        accepted.append(sample)
                        yield record
                        break


def samples_from_profiles(
    profiles: Sequence[Profile],
    num_per_kind: int,
    include_cm: bool,
    seed: int,
    language: Language | None = None,
) -> list[Sample]:
    """Up to so many samples of each kind about each character, each checked.

    Args:
        num_per_kind: samples about the profile, and as many about conversations where `include_cm` is set.
        language: of the questions; None takes each profile's own.
    """
    author = TemplateAuthor(seed)
    samples: list[Sample] = []
    for profile in profiles:
        own: list[Sample] = []
        for focus in ("sbk", "cm") if include_cm else ("sbk",):
            for index in range(num_per_kind):
                sample = _accepted(author, Slot(profile, focus, language or profile.language, index), own)
                if sample is None:
                    break
                own.append(sample)
        samples += own
    return samples


def _accepted(author: TemplateAuthor, slot: Slot, accepted: Sequence[Sample]) -> Sample | None:
    for attempt in count():
        record = author.draft(slot, attempt)
        if isinstance(record, Rejection):
            return None
        sample = check(record, slot, accepted)
        if isinstance(sample, Sample):
            return sample
    return None
