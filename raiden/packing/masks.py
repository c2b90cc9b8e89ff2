"""Which tokens of a packed row see which."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.attention.flex_attention import BlockMask, create_block_mask

from raiden.packing.layout import Layout


def run_mask(length: int, num_before: int, device: torch.device) -> Tensor:
    """Which keys each token of a run sees: all those before the run, and its own up to itself. True where it does.

    Shape:
        - output: ``(length, num_before + length)``
    """
    return torch.ones(length, num_before + length, dtype=torch.bool, device=device).tril(num_before)


def tree_block_mask(layout: Layout, device: torch.device) -> BlockMask:
    """The whole row in blocks of 128 x 128; flex attention skips those in which no token sees another.

    While it is made a boolean matrix of ``T x T`` exists: 16 MiB for a row of 4096 tokens.
    """
    last = torch.tensor(layout.last_viewers(), device=device)

    def sees(batch: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
        return (key <= query) & (query < last[key])

    return create_block_mask(sees, B=None, H=None, Q_LEN=len(layout), KV_LEN=len(layout), device=device)
