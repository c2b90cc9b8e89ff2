"""The processes of a run: which prompts are whose, and what all of them have to know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, distributed


@dataclass(frozen=True)
class Processes:
    """This process among those of the run. All see the same prompts; each samples and trains on its share."""

    rank: int = 0
    num: int = 1

    @classmethod
    def current(cls) -> Processes:
        """Those of the process group that is up; else this one alone."""
        if not distributed.is_initialized():
            return cls()
        return cls(distributed.get_rank(), distributed.get_world_size())

    def share(self, whole: range, rank: int | None = None) -> range:
        """The part of a range that belongs to a process, this one by default; parts differ by at most one.

        Neighbours stay together: questions about one character share their profile's work.

        >>> [list(Processes(rank, 3).share(range(4, 9))) for rank in range(3)]
        [[4], [5, 6], [7, 8]]
        """
        rank = self.rank if rank is None else rank
        start, stop = (whole.start + len(whole) * r // self.num for r in (rank, rank + 1))
        return range(start, stop)

    def gather(self, own: Sequence[Any]) -> list[Any]:
        """What all processes have, in the order of their ranks; tensors must be on the CPU."""
        if self.num == 1:
            return list(own)
        lists: list[Any] = [None] * self.num
        distributed.all_gather_object(lists, list(own))
        return [item for items in lists for item in items]

    def gather_rows(self, own: Mapping[int, Tensor], device: torch.device) -> dict[int, Tensor]:
        """Vectors of float32, by number, of all processes; sent as tensors, and given on the CPU.

        Args:
            device: one that the process group can send from.
        """
        if self.num == 1:
            return {row: values.cpu() for row, values in own.items()}
        numbers = torch.tensor([[row, len(values)] for row, values in own.items()], dtype=torch.long).view(-1, 2)
        values = torch.cat([torch.zeros(0, device=device), *(v.to(device) for v in own.values())]).float()
        sizes = self._gather_equal(torch.tensor([len(numbers), len(values)], device=device)).tolist()
        most_rows, most_values = (max(column) for column in zip(*sizes, strict=True))
        if not most_rows:
            return {}
        everyones_numbers = self._gather_equal(_padded(numbers.flatten().to(device), 2 * most_rows)).cpu()
        everyones_values = self._gather_equal(_padded(values, most_values)).cpu()
        found: dict[int, Tensor] = {}
        for (num_rows, num_values), flat, packed in zip(sizes, everyones_numbers, everyones_values, strict=True):
            rows, lengths = flat[: 2 * num_rows].view(-1, 2).T.tolist()
            found |= dict(zip(rows, packed[:num_values].split(lengths), strict=True))
        return found

    def _gather_equal(self, own: Tensor) -> Tensor:
        """``(n,)`` on each process -> ``(num, n)`` on all."""
        everyones = own.new_empty(self.num * len(own))
        all_gather(everyones, own)
        return everyones.view(self.num, -1)

    def reduce(self, values: Sequence[float], op: str, device: torch.device) -> list[float]:
        """The sum or the maximum over all processes of each value.

        Args:
            op: `sum` or `max`.
            device: one that the process group can send from.
        """
        if self.num == 1:
            return list(values)
        tensor: Tensor = torch.tensor(values, dtype=torch.float64, device=device)
        distributed.all_reduce(tensor, op=distributed.ReduceOp.SUM if op == "sum" else distributed.ReduceOp.MAX)
        return tensor.tolist()


def all_gather(everyones: Tensor, own: Tensor, group: Any = None) -> None:
    """``(n,)`` of each process one behind the other, ``(num * n,)``; torch 2.13 has renamed what does it."""
    getattr(distributed, "all_gather_single", distributed.all_gather_into_tensor)(everyones, own, group=group)


def _padded(values: Tensor, length: int) -> Tensor:
    return torch.cat([values, values.new_zeros(length - len(values))])


ALONE = Processes()
"""A run of one process."""
