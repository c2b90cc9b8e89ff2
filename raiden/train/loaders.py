"""Prompts in batches: an endless stream that resumes anywhere, or all of them once."""

import math
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property
from hashlib import blake2b
from typing import Any

from lightning.pytorch.utilities.rank_zero import rank_zero_warn

from raiden.core.types import Prompt


class PromptBatches:
    """All prompts once, in order. (Lightning would take a plain list of batches for a list of loaders.)"""

    def __init__(self, prompts: Sequence[Prompt], batch_size: int) -> None:
        self.prompts = prompts
        self.batch_size = batch_size

    def __len__(self) -> int:
        return math.ceil(len(self.prompts) / self.batch_size)

    def __iter__(self) -> Iterator[list[Prompt]]:
        for start in range(0, len(self.prompts), self.batch_size):
            yield list(self.prompts[start : start + self.batch_size])


class PromptLoader(PromptBatches):
    """An endless stream of shuffled epochs, cut into steps; the position in it is its whole state.

    Step ``k`` holds the same prompts in every run with the same data and seed, whatever was done in between.
    """

    def __init__(self, prompts: Sequence[Prompt], batch_size: int, questions_per_character: int, seed: int) -> None:
        super().__init__(prompts, batch_size)
        self.questions_per_character = questions_per_character
        self.seed = seed
        self.num_taken = 0
        self._epoch, self._order = -1, list[Prompt]()  # the epoch last asked for

    def __iter__(self) -> Iterator[list[Prompt]]:
        """The steps of an epoch; the last one may be short."""
        for _ in range(len(self)):
            self.num_taken += 1
            yield self.batch(self.num_taken - 1)

    def batch(self, step: int) -> list[Prompt]:
        """The prompts of a step, counted from the beginning of the run."""
        epoch, place = divmod(step, len(self))
        if epoch != self._epoch:
            order = shuffled(self.prompts, self.questions_per_character, f"{self.seed} {epoch}")
            self._epoch, self._order = epoch, order
        return self._order[place * self.batch_size : (place + 1) * self.batch_size]

    @cached_property
    def digest(self) -> str:
        """Of all that decides which prompts a step holds."""
        digest = blake2b(repr((self.batch_size, self.questions_per_character, self.seed)).encode(), digest_size=8)
        for prompt in self.prompts:
            digest.update(repr((prompt.sample.id, prompt.sample.keywords, prompt.token_ids)).encode())
        return digest.hexdigest()

    def state_dict(self) -> dict[str, int | str]:
        return {"num_taken": self.num_taken, "digest": self.digest}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.num_taken = state["num_taken"]
        if state.get("digest", self.digest) != self.digest:
            rank_zero_warn(
                "the train prompts, `data.batch_size` or another option of their order are not those that the run "
                "began with: from here on it is not the run that it would have been. Restore the files and options "
                "that it began with, or start a new run without `--ckpt_path`."
            )


def shuffled(prompts: Sequence[Prompt], questions_per_character: int, seed: str) -> list[Prompt]:
    """A random order in which up to so many questions about one character stand next to each other.

    >>> from types import SimpleNamespace as N
    >>> prompts = [N(sample=N(character_name=name)) for name in "aaaabbbb"]
    >>> names = [p.sample.character_name for p in shuffled(prompts, 2, "seed")]
    >>> all(first == second for first, second in zip(names[::2], names[1::2]))
    True
    """
    rng = random.Random(seed)  # its own generator: nothing else in the run can move it
    by_character: dict[str, list[Prompt]] = defaultdict(list)
    for prompt in prompts:
        by_character[prompt.sample.character_name].append(prompt)
    runs = []
    for own in by_character.values():
        rng.shuffle(own)
        runs += [own[i : i + questions_per_character] for i in range(0, len(own), questions_per_character)]
    rng.shuffle(runs)
    return [prompt for run in runs for prompt in run]
