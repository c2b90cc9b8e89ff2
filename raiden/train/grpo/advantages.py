"""How much better a completion is than its siblings."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

AdvantageScale = Literal["group", "batch", "none"]


def group_advantages(
    rewards: Tensor, num_generations: int, scale: AdvantageScale = "group", eps: float = 1e-4
) -> Tensor:
    """Reward of each completion relative to its own group, in standard deviations.

    ``A = (r - mean_group(r)) / (std(r) + eps)``; GRPO, arXiv:2402.03300. ``std`` is the sample one (n - 1) of
    the group, or of the whole batch (arXiv:2508.08221), or left out (Dr. GRPO, arXiv:2503.20783).
    Equal rewards give zeros.

    Args:
        rewards: completions of one prompt are neighbours.
        num_generations: group size ``G``, at least 2.
        scale: whose standard deviation divides.
        eps: in reward units.

    Shape:
        - rewards: ``(B*G,)``
        - output: ``(B*G,)``

    >>> group_advantages(torch.tensor([1.0, 0.0, 0.5, 0.5]), num_generations=2)
    tensor([ 0.7070, -0.7070,  0.0000,  0.0000])
    """
    groups = rewards.view(-1, num_generations)
    centred = groups - groups.mean(dim=1, keepdim=True)
    if scale == "group":
        centred = centred / (groups.std(dim=1, keepdim=True) + eps)
    elif scale == "batch":
        centred = centred / (rewards.std() + eps)
    # Rounding leaves 1e-8 in a group of equal rewards; zero is what the formula says, and it saves the update.
    equal = groups.amax(dim=1, keepdim=True) == groups.amin(dim=1, keepdim=True)
    return torch.where(equal, 0.0, centred).flatten()
