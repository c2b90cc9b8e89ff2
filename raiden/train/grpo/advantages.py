"""How much better a completion is than its siblings."""

from typing import Literal

import torch
from torch import Tensor

AdvantageScale = Literal["group", "batch", "none"]


def group_advantages(
    rewards: Tensor,
    num_generations: int,
    scale: AdvantageScale = "group",
    eps: float = 1e-4,
    scored: Tensor | None = None,
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
        scored: which completions have a reward; the others are in no mean and no deviation, and get zero. None: all.

    Shape:
        - rewards, scored: ``(B*G,)``
        - output: ``(B*G,)``

    >>> group_advantages(torch.tensor([1.0, 0.0, 0.5, 0.5]), num_generations=2)
    tensor([ 0.7070, -0.7070,  0.0000,  0.0000])
    >>> there = torch.tensor([True, True, False])
    >>> group_advantages(torch.tensor([1.0, 0.0, 7.0]), num_generations=3, scored=there)
    tensor([ 0.7070, -0.7070,  0.0000])
    """
    there = torch.ones_like(rewards, dtype=torch.bool) if scored is None else scored
    advantages = torch.zeros_like(rewards)
    for start in range(0, len(rewards), num_generations):
        group = torch.arange(start, start + num_generations)[there[start : start + num_generations]]
        own = rewards[group]
        # Rounding would leave 1e-8 in a group of equal rewards; zero is what the formula says.
        if len(own) < 2 or bool((own == own[0]).all()):
            continue
        advantages[group] = own - own.mean()
        if scale != "none":
            advantages[group] /= (own if scale == "group" else rewards[there]).std() + eps
    return advantages
