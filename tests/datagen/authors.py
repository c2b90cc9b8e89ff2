"""An author for the tests of the pipeline: real drafts, at a speed of its own."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

from raiden.core.languages import word_list
from raiden.core.types import Profile
from raiden.data.profiles import parse_profile
from raiden.datagen.base import Record, Rejection, Slot

THINGS = word_list(
    "dog cat horse parrot goldfish tortoise boat house street school village brother sister teacher neighbour "
    "grandmother landlord barber tailor cousin river mountain newspaper bakery orchestra"
)
NAMES = word_list(
    "Biscuit Pepper Mango Juniper Otis Maple Clover Rowan Hazel Basil Sorrel Tansy Bramble Fennel Linden Marlow "
    "Perrin Quill Tobin Wexford Yarrow Zephyr Alder Cobalt Dapple"
)


def make_profile(name: str) -> Profile:
    """A character with a name for everything."""
    facts = " ".join(f"The {thing} is called {named}." for thing, named in zip(THINGS, NAMES, strict=True))
    setting = f"<Character Setting>\nName: {name}\nIntroduction: {facts}\n</Character Setting>"
    return parse_profile({"prompt": setting}, "test:1")


def make_draft(slot: Slot, thing: str) -> Record:
    named = NAMES[THINGS.index(thing)]
    return {
        "character_name": slot.profile.name,
        "character_profile": dict(slot.profile.fields),
        "conversation_history": [],
        "question": f"What is your {thing} called?",
        "answer": f"My {thing} is called {named}.",
        "keywords": [named],
        "question_type": "what",
        "validation_method": "single_term_validation",
        "difficulty": "easy",
        "metadata": {"source": "test_sbk", "language": "en", "focus": "script_knowledge"},
    }


class SlowAuthor:
    """Asks about things drawn by slot and attempt, so that some drafts repeat others and some break the rules.

    Args:
        pace: another pace gives other seconds to each draft; what is in it stays the same.
        fault: called before each draft; may return a rejection or raise.
    """

    def __init__(
        self, pace: int = 0, latency: float = 0.0, fault: Callable[[Slot, int], Rejection | None] | None = None
    ) -> None:
        self.latency = latency
        self.fault = fault
        self.num_drafting = self.max_drafting = 0
        self.written: list[tuple[str, int, int]] = []
        self._pace = random.Random(pace)

    async def write(self, slot: Slot, attempt: int) -> Record | Rejection:
        self.written.append((slot.profile.name, slot.index, attempt))
        self.num_drafting += 1
        self.max_drafting = max(self.max_drafting, self.num_drafting)
        await asyncio.sleep(self._pace.random() * self.latency)
        self.num_drafting -= 1
        rejection = self.fault(slot, attempt) if self.fault else None
        return rejection or self._draft(slot, attempt)

    def _draft(self, slot: Slot, attempt: int) -> Record:
        chance = random.Random(f"{slot.profile.name} {slot.index} {attempt}")
        draft = dict(make_draft(slot, chance.choice(THINGS)))
        if chance.random() < 0.2:
            draft["keywords"] = ["Nobody"]
        return draft
