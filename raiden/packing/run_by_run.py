"""Tree attention run by run, by PyTorch's public function: on devices whose kernels do not tell their normalisers."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from raiden.packing.layout import Run
from raiden.packing.masks import run_mask


class RunByRun:
    """Each run against the runs before it in its own sequence.

    No score is computed that is not used, but for the upper triangle of a run's own tokens. Keys and values are never
    repeated for the query heads that share them.
    """

    def __init__(self, runs: Sequence[Run], device: torch.device) -> None:
        self.runs = runs
        self.lengths = [len(run) for run in runs]
        sizes = {(len(run), sum(self.lengths[i] for i in run.before)) for run in runs if run.before}
        self.masks = {size: run_mask(*size, device) for size in sizes}
        """By the numbers of a run's tokens and of those before it; a run with none before it is plainly causal."""

    def __call__(self, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        """Attention output; shapes as in `cascade_attention`."""
        # A key head and the query heads that share it are a row of the batch: (kv_heads, groups or 1, T, head_dim).
        queries = query[0].unflatten(0, (key.shape[1], -1)).split(self.lengths, dim=2)
        keys = key.transpose(0, 1).split(self.lengths, dim=2)
        values = value.transpose(0, 1).split(self.lengths, dim=2)
        outputs = []
        for number, run in enumerate(self.runs):
            seen = [*run.before, number]
            outputs.append(self._attend(queries[number], _joined(keys, seen), _joined(values, seen), scale))
        return torch.cat(outputs, dim=2).flatten(0, 1)[None]

    def _attend(self, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        """The attention of one run, whose own keys are the last ones."""
        groups, length = query.shape[1:3]
        mask = self.masks.get((length, key.shape[2] - length))
        one_for_all = (-1, groups, -1, -1)
        return scaled_dot_product_attention(
            query,
            key.expand(one_for_all),
            value.expand(one_for_all),
            attn_mask=mask,
            is_causal=mask is None,
            scale=scale,
        )


def _joined(parts: Sequence[Tensor], numbers: Sequence[int]) -> Tensor:
    return torch.cat([parts[i] for i in numbers], dim=2) if len(numbers) > 1 else parts[numbers[0]]
