"""Each prompt with one completion in a row of its own, for models that the prefix tree does not compute."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from raiden.packing.batching import Group


@dataclass(frozen=True)
class Row:
    """A prompt and one completion of it."""

    prompt: Sequence[int]
    completion: Sequence[int]
    number: int
    """Index of the completion among all of the rollout."""

    def __len__(self) -> int:
        return len(self.prompt) + len(self.completion)


def rows_of(groups: Sequence[Group]) -> list[Row]:
    """One for each completion, shortest first."""
    rows = [
        Row(group.prompt, completion, number)
        for group in groups
        for completion, number in zip(group.completions, group.rows, strict=True)
    ]
    return sorted(rows, key=len)


def row_batches(groups: Sequence[Group], max_tokens: int, together: bool) -> Iterator[list[Row]]:
    """Rows of about one length, at most `max_tokens` tokens a batch, padding counted; one row at least.

    Args:
        together: whether rows of different lengths may stand in one batch.
    """
    batch: list[Row] = []
    for row in rows_of(groups):
        fits = len(row) * (len(batch) + 1) <= max_tokens and (together or len(row) == len(batch[0]) if batch else True)
        if batch and not fits:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch
