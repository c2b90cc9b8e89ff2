"""Which tokens of a packed row see which."""

import torch
from torch import Tensor
from torch.nn.attention.flex_attention import BlockMask

from raiden.packing.layout import Layout

BLOCK = 128
"""Tokens a side of what flex attention computes or skips as one."""


def run_mask(length: int, num_before: int, device: torch.device) -> Tensor:
    """Which keys each token of a run sees: all those before the run, and its own up to itself. True where it does.

    Shape:
        - output: ``(length, num_before + length)``
    """
    return torch.ones(length, num_before + length, dtype=torch.bool, device=device).tril(num_before)


def window_mask(length: int, num_before: int, window: int, device: torch.device) -> Tensor:
    """The same where a token sees itself and those before it, `window` tokens in all."""
    return run_mask(length, num_before, device).triu(num_before + 1 - window)


def tree_block_mask(layout: Layout, device: torch.device) -> BlockMask:
    """The whole row in blocks of 128 x 128; flex attention skips those in which no token sees another.

    As `create_block_mask` of the same function would have it, but from one number a token, without a matrix of
    ``T x T``. A block of later queries sees something of a block of keys where its first query is before the last
    viewer of one of them, and all of it where its last one is before those of all.
    """
    length = len(layout)
    last = torch.tensor(layout.last_viewers(), device=device)

    def sees(batch: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
        return (key <= query) & (query < last[key])

    num_blocks = -(-length // BLOCK)
    blocks = torch.nn.functional.pad(last, (0, num_blocks * BLOCK - length)).view(-1, BLOCK)
    numbers = torch.arange(num_blocks, device=device)
    query, key = numbers[:, None], numbers[None, :]
    some = (key == query) | ((key < query) & (query * BLOCK < blocks.amax(dim=1)))
    whole = (key < query) & ((query + 1) * BLOCK <= blocks.amin(dim=1))
    return BlockMask.from_kv_blocks(
        *_in_order(some & ~whole), *_in_order(whole), BLOCK_SIZE=BLOCK, mask_mod=sees, seq_lengths=(length, length)
    )


def _in_order(blocks: Tensor) -> tuple[Tensor, Tensor]:
    """For each row the number of blocks that are there, and their indices, in order, before those of the others."""
    indices = blocks.int().argsort(dim=1, descending=True, stable=True)
    return blocks.sum(dim=1, dtype=torch.int32)[None, None], indices.int()[None, None]
