"""The passes of all processes over groups that they share: each has as many, since shards are gathered by all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch

from raiden.core.processes import ALONE, Processes
from raiden.packing.batching import Group, MicroBatch, Packing, micro_batches, num_micro_batches


@dataclass(frozen=True)
class Passes:
    """Micro-batches of this process's share of the groups, then small fillers up to the number of the busiest."""

    groups: Sequence[Group | None]
    """Those of all processes, in the same order on each; None is shared out too, and needs no pass."""
    max_tokens: int
    """Of one pass, shared ones counted once."""
    device: torch.device
    processes: Processes = ALONE
    packing: Packing = Packing.SHARED
    """Of the model that computes them."""

    def __len__(self) -> int:
        """The same on all processes."""
        return max(map(self._num_own, range(self.processes.num)))

    def __iter__(self) -> Iterator[MicroBatch]:
        rank = self.processes.rank
        yield from micro_batches(self._share(rank), self.max_tokens, self.device, self.packing)
        num_fillers = len(self) - self._num_own(rank) if self.processes.num > 1 else 0
        for _ in range(num_fillers):
            group = next(group for group in self.groups if group is not None)
            small = replace(group, completions=group.completions[:1], rows=group.rows[:1])
            for batch in micro_batches([small], 1, self.device, self.packing):
                yield replace(batch, is_filler=True)

    def _share(self, rank: int) -> list[Group]:
        places = self.processes.share(range(len(self.groups)), rank)
        return [group for group in self.groups[places.start : places.stop] if group is not None]

    def _num_own(self, rank: int) -> int:
        return num_micro_batches(self._share(rank), self.max_tokens, self.packing)
