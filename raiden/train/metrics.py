"""SBK and CM, the shares of right replies, as torchmetrics with their breakdown."""

from collections.abc import Iterator

import torch
from torchmetrics import Metric

from raiden.core.types import LANGUAGES, Reward, Sample

FOCUSES = ("sbk", "cm")
_BREAKDOWN: dict[str, tuple[str, ...]] = {
    "language": LANGUAGES,
    "question_type": ("what", "who", "where", "when", "why", "how"),
    "difficulty": ("easy", "medium", "hard"),
}


class RoleAwareness(Metric):
    """Share of replies that say what the profile (SBK) or the conversation (CM) says, in all and by kind.

    Counts right replies and all replies in one cell for each name; processes add their counts up, so the
    result is the one that a single process over all samples would give.

    `compute` gives a value between 0 and 1 for each cell that has samples: `sbk`, `cm`, `sbk/language/zh`, ...;
    and `reward`, the mean total reward of the replies that have one.
    """

    full_state_update = False
    is_differentiable = False
    higher_is_better = True

    def __init__(self) -> None:
        super().__init__()
        self.names = [name for focus in FOCUSES for name in _cell_names(focus)]
        self.index = {name: i for i, name in enumerate(self.names)}
        self.right: torch.Tensor
        self.total: torch.Tensor
        self.reward: torch.Tensor
        # float64 counts whole numbers exactly and can be summed by every backend.
        zeros = torch.zeros(len(self.names), dtype=torch.float64)
        self.add_state("right", zeros.clone(), dist_reduce_fx="sum")
        self.add_state("total", zeros.clone(), dist_reduce_fx="sum")
        self.add_state("reward", torch.zeros(2, dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, sample: Sample, reward: Reward) -> None:
        """Counts one scored reply."""
        cells = [sample.focus] + [f"{sample.focus}/{kind}/{getattr(sample, kind)}" for kind in _BREAKDOWN]
        for cell in cells:
            self.right[self.index[cell]] += reward.accuracy
            self.total[self.index[cell]] += 1
        if reward.total is not None:
            self.reward += torch.tensor([reward.total, 1.0], dtype=torch.float64, device=self.reward.device)

    def compute(self) -> dict[str, torch.Tensor]:
        """The share of right replies in each cell that has any; empty before the first update."""
        shares = {n: self.right[i] / self.total[i] for n, i in self.index.items() if self.total[i] > 0}
        if self.reward[1] > 0:
            shares["reward"] = self.reward[0] / self.reward[1]
        return {name: share.float() for name, share in shares.items()}


def _cell_names(focus: str) -> Iterator[str]:
    yield focus
    for kind, values in _BREAKDOWN.items():
        yield from (f"{focus}/{kind}/{value}" for value in values)
