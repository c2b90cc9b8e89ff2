"""Which rows of a batch see which keys of the prefix tree, as few rectangles."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from raiden.packing import Layout

_WORTH_A_BLOCK = 4096
"""Scores of a row and a key that are computed in vain in the time that one more block takes, about."""


@dataclass(frozen=True)
class Block:
    """Neighbouring rows and neighbouring keys of the packed row; every row sees some of them."""

    rows: slice
    keys: slice
    columns: slice
    """Where the keys stand among all that a row sees; blocks of different rows may have the same ones."""
    hidden: Tensor | None = None
    """``(rows, keys)``: true where a row does not see a key; None: all are seen."""


def find_blocks(layout: Layout, row_prompts: list[int]) -> list[Block]:
    """Blocks that cover all that the rows see, each score once.

    A subtree is one block where that is quicker than a block for each of its segments.

    Args:
        row_prompts: the prompt of each row, in the order of the tree.
    """
    return list(_Finder(layout, row_prompts).blocks(0, len(layout.segments), 0))


class _Finder:
    def __init__(self, layout: Layout, row_prompts: list[int]) -> None:
        self.segments = layout.segments
        paths = {s.sequence: {*s.ancestors, (s.start, s.end)} for s in layout.segments if s.sequence is not None}
        below = [[row for row, p in enumerate(row_prompts) if (s.start, s.end) in paths[p]] for s in layout.segments]
        self.rows = [slice(rows[0], rows[-1] + 1) if rows else slice(0, 0) for rows in below]

    def blocks(self, start: int, stop: int, column: int) -> Iterator[Block]:
        """Of the segments from `start` to `stop`, which are whole subtrees beside one another."""
        while start < stop:
            root = self.segments[start]
            end = start + 1
            while end < stop and (root.start, root.end) in self.segments[end].ancestors:
                end += 1
            if self._num_rows(start):
                yield from self._of_subtree(start, end, column)
            start = end

    def _of_subtree(self, root: int, end: int, column: int) -> Iterator[Block]:
        first = self.segments[root]
        rows, last = self.rows[root], self.segments[end - 1].end
        seen = sum(self._num_rows(i) * (self.segments[i].end - self.segments[i].start) for i in range(root, end))
        if self._num_rows(root) * (last - first.start) - seen <= _WORTH_A_BLOCK * (end - root - 1):
            columns = slice(column, column + last - first.start)
            yield Block(rows, slice(first.start, last), columns, self._hidden(root, end))
        else:
            column_behind = column + first.end - first.start
            yield Block(rows, slice(first.start, first.end), slice(column, column_behind))
            yield from self.blocks(root + 1, end, column_behind)

    def _hidden(self, root: int, end: int) -> Tensor | None:
        start, rows = self.segments[root].start, self.rows[root]
        hidden = torch.ones(self._num_rows(root), self.segments[end - 1].end - start, dtype=torch.bool)
        for i in range(root, end):
            own, segment = self.rows[i], self.segments[i]
            hidden[own.start - rows.start : own.stop - rows.start, segment.start - start : segment.end - start] = False
        return hidden if hidden.any() else None

    def _num_rows(self, segment: int) -> int:
        return self.rows[segment].stop - self.rows[segment].start
