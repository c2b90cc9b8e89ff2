"""Rewards of the kind that people write, for the tests."""

from __future__ import annotations

import asyncio
from hashlib import blake2b
from typing import ClassVar

from raiden.endpoints import RequestError
from raiden.scoring import Score


def by_text(text: str) -> float:
    """A number from 0 to 1 that depends on the text alone."""
    return int.from_bytes(blake2b(text.encode(), digest_size=2).digest()) / 2**16


class ByText:
    """Another number for each text; none for texts that it was told not to know."""

    units = "points"
    unknown: ClassVar[set[str]] = set()

    def __call__(self, sample, prompt, completion):
        return Score(None if completion in self.unknown else by_text(completion), "by its text")


class FirstOnly:
    """Scores the first completions of a group by their text, and no other."""

    units = "points"

    def __init__(self, num: int = 2) -> None:
        self.num = num

    def score_group(self, sample, prompt, completions):
        return [Score(by_text(c) if i < self.num else None, "a matter of place") for i, c in enumerate(completions)]


class Gives:
    """Gives whatever it is told to."""

    units = "points"

    def __init__(self, value=None) -> None:
        self.value = value

    def __call__(self, sample, prompt, completion):
        if isinstance(self.value, str) and self.value == "raises":
            raise ZeroDivisionError("by nothing")
        if isinstance(self.value, str) and self.value == "fails":
            raise RequestError("the server is asleep")
        return (float("nan"), "") if self.value == "nan" else (self.value, "as told")


class Slow:
    """Async; counts how many calls wait at the same time."""

    units = "points"

    def __init__(self) -> None:
        self.waiting = self.most = 0

    async def __call__(self, sample, prompt, completion):
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        await asyncio.sleep(0.005)
        self.waiting -= 1
        return Score(1.0, prompt[-1].content)


class NoUnits:
    def __call__(self, sample, prompt, completion):
        return Score(1.0)


class OtherArguments:
    units = "points"

    def __call__(self, completion):
        return Score(1.0)
