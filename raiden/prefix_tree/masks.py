"""Which tokens of a packed row see which."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.attention.flex_attention import BlockMask, create_block_mask

from raiden.prefix_tree.layout import Layout, Segment


def segment_mask(segment: Segment, num_before: int, device: torch.device) -> Tensor:
    """Which keys each token of a segment sees: True where it does.

    Shape:
        - output: ``(L, num_before + L)``, ``L`` the segment's tokens with its completions
    """
    length = segment.stop - segment.start
    node = torch.zeros(length, dtype=torch.long, device=device)  # 0: the segment itself, 1..: its completions
    for number, (start, end) in enumerate(segment.completions, 1):
        node[start - segment.start : end - segment.start] = number
    own = torch.ones(length, length, dtype=torch.bool, device=device).tril()
    own &= (node[None, :] == node[:, None]) | (node[None, :] == 0)
    before = torch.ones(length, num_before, dtype=torch.bool, device=device)
    return torch.cat([before, own], dim=1)


def tree_block_mask(layout: Layout, device: torch.device) -> BlockMask:
    """The whole row in blocks of 128 x 128; flex attention skips those in which no token sees another.

    While it is made a boolean matrix of ``T x T`` exists: 16 MiB for a row of 4096 tokens.
    """
    last = torch.tensor(layout.last_viewers(), device=device)

    def sees(batch: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
        return (key <= query) & (query < last[key])

    return create_block_mask(sees, B=None, H=None, Q_LEN=len(layout), KV_LEN=len(layout), device=device)
