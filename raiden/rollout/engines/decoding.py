"""Attention for one prefill of a prefix tree and then one token a row and step.

Keys and values of the prompts are kept once a token of the tree, however many rows share it; each row has
room for its own completion. The rows of a prompt are neighbours, and so are those of a shared prefix.
"""

import torch
from torch import Tensor

from raiden.packing import Layout, Scoring, TreeAttention, attend, merge
from raiden.rollout.engines.blocks import Block, find_blocks

_GROWTH = 16
"""Tokens by which the room for completions grows: hardly more is kept than was drawn, and it is seldom moved."""


class Prefill:
    """Tree attention over the prompts that keeps each layer's keys and values."""

    def __init__(self, layout: Layout, device: torch.device) -> None:
        self.attention = TreeAttention(layout, device)
        self.keys: list[Tensor] = []
        self.values: list[Tensor] = []

    def __call__(
        self, layer: int, query: Tensor, key: Tensor, value: Tensor, scale: float, scoring: Scoring | None = None
    ) -> Tensor:
        assert layer == len(self.keys), "layers are called in order"
        # A copy: inside the model's projection, keys would hold on to memory of the queries as well. And in one type:
        # under autocast the rotation may have made them float32.
        self.keys.append(key[0].to(value.dtype, copy=True))
        self.values.append(value[0].clone())
        return self.attention(layer, query, key, value, scale, scoring)


class Decode:
    """Each row sees its prompt's path through the tree and its own completion so far.

    Scores of a block of the tree are one matrix product for all the rows that see it, and the tree's keys and values
    are never copied. Only rows that go on are kept, and rows are split as their completions part: see `next`.
    """

    def __init__(self, prefill: Prefill, layout: Layout, row_prompts: list[int], max_tokens: int) -> None:
        """
        Args:
            row_prompts: the prompt of each row, in the order of the tree.
            max_tokens: that a row draws at most.
        """
        self.prefix_keys, self.prefix_values = prefill.keys, prefill.values
        self.layout = layout
        self.row_prompts = row_prompts
        self.max_tokens = max_tokens
        self.room = 0
        self.keys, self.values = (
            [p.new_empty(len(row_prompts), p.shape[0], 0, p.shape[2]) for p in states]
            for states in (prefill.keys, prefill.values)
        )
        self.step = -1
        """Tokens of each row before the one that is computed."""
        self._find_blocks()

    def next(self, parents: list[int]) -> None:
        """Goes on to the next token.

        Args:
            parents: of each row from now on the row that it was until now, in ascending order; a row may be taken
                several times, or left out.
        """
        self.step += 1
        changed = parents != list(range(len(self.row_prompts)))
        if changed or self.step == self.room:
            self.room = min(self.step // _GROWTH * _GROWTH + _GROWTH, self.max_tokens)
            places = torch.tensor(parents, device=self.prefix_keys[0].device)
            for caches in (self.keys, self.values):
                for i, cache in enumerate(caches):
                    caches[i] = cache.new_empty(len(parents), cache.shape[1], self.room, cache.shape[3])
                    caches[i][:, :, : self.step] = cache[:, :, : self.step].index_select(0, places)
        if changed:
            self.row_prompts = [self.row_prompts[row] for row in parents]
            self._find_blocks()

    def _find_blocks(self) -> None:
        self.blocks = find_blocks(self.layout, self.row_prompts)
        self.num_columns = max(block.columns.stop for block in self.blocks)
        lengths = {s.sequence: s.depth + s.end - s.start for s in self.layout.segments if s.sequence is not None}
        device = self.prefix_keys[0].device
        self.lengths = torch.tensor([lengths[p] for p in self.row_prompts], device=device)
        """Tokens of each row's prompt."""
        self.hidden = torch.ones(len(self.row_prompts), self.num_columns, dtype=torch.bool)
        positions = torch.zeros(len(self.row_prompts), self.num_columns, dtype=torch.long)
        own = torch.tensor(self.layout.position_ids)
        for block in self.blocks:
            self.hidden[block.rows, block.columns] = block.hidden if block.hidden is not None else False
            positions[block.rows, block.columns] = own[block.keys]
        self.positions, self.hidden = positions.to(device), self.hidden.to(device)
        self._masks: dict[tuple[int, int], Tensor] = {}

    def __call__(
        self, layer: int, query: Tensor, key: Tensor, value: Tensor, scale: float, scoring: Scoring | None = None
    ) -> Tensor:
        own_keys, own_values = self.keys[layer], self.values[layer]
        own_keys[:, :, self.step] = key[0].transpose(0, 1)
        own_values[:, :, self.step] = value[0].transpose(0, 1)
        # (R, kv_heads, groups, head_dim)
        q = query[0].transpose(0, 1).unflatten(1, (key.shape[1], -1)).to(value.dtype)
        plain = scoring is None or scoring.is_plain(int(self.lengths.max()) + self.step + 1)
        if plain and q.device.type == "cpu" and key.shape[-1] == value.shape[-1]:
            out = self._cascade(layer, q, scale)
        else:
            out = self._by_scores(layer, q * scale, scoring)
        return out.flatten(1, 2).transpose(0, 1)[None]

    def _cascade(self, layer: int, q: Tensor, scale: float) -> Tensor:
        """As `cascade_attention`: a pass for each block and one for the rows' own tokens, merged.

        Shape:
            - q, output: ``(R, kv_heads, groups, head_dim)``
        """
        own = slice(0, self.step + 1)
        out, normaliser = attend(q, self.keys[layer][:, :, own], self.values[layer][:, :, own], scale)
        groups = q.shape[2]
        for number, block in enumerate(self.blocks):
            rows = q[block.rows].transpose(0, 1)  # (kv_heads, r, groups, head_dim)
            keys, values = (x[layer][None, :, block.keys] for x in (self.prefix_keys, self.prefix_values))
            part, part_normaliser = attend(
                rows.flatten(1, 2)[None], keys, values, scale, self._mask(number, block, groups, q.dtype)
            )
            merge(
                out[block.rows].transpose(0, 1),
                normaliser[block.rows].transpose(0, 1),
                part[0].view(rows.shape),
                part_normaliser[0].view(rows.shape[:-1]),
            )
        return out

    def _mask(self, number: int, block: Block, groups: int, dtype: torch.dtype) -> Tensor | None:
        """What is added to a block's scores: ``(r * groups, keys)``; each query head of a group sees the same."""
        if block.hidden is None:
            return None
        if (number, groups) not in self._masks:
            hidden = block.hidden.repeat_interleave(groups, dim=0)
            self._masks[number, groups] = torch.zeros(hidden.shape, dtype=dtype).masked_fill_(hidden, -torch.inf)
        return self._masks[number, groups]

    def _by_scores(self, layer: int, q: Tensor, scoring: Scoring | None) -> Tensor:
        """By the scores of all that a row sees; shapes as in `_cascade`, queries scaled."""
        own = slice(0, self.step + 1)
        own_keys, own_values = self.keys[layer][:, :, own], self.values[layer][:, :, own]
        prefix_keys, prefix_values = self.prefix_keys[layer], self.prefix_values[layer]
        # (kv_heads, R, groups, head_dim): the query heads of a group and its rows fold into one matrix.
        q = q.transpose(0, 1).contiguous()
        scores = q.new_full((*q.shape[:3], self.num_columns + self.step + 1), float("-inf"))
        for b in self.blocks:
            scores[:, b.rows, :, b.columns] = _fold(q[:, b.rows], prefix_keys[:, b.keys].transpose(1, 2))
        scores[..., self.num_columns :] = (q.transpose(0, 1) @ own_keys.transpose(2, 3)).transpose(0, 1)

        weights = self._weights(scores, scoring)
        out = (weights[..., self.num_columns :].transpose(0, 1) @ own_values).transpose(0, 1).contiguous()
        for b in self.blocks:
            out[:, b.rows] += _fold(weights[:, b.rows, :, b.columns], prefix_values[:, b.keys])
        return out.transpose(0, 1)

    def _weights(self, scores: Tensor, scoring: Scoring | None) -> Tensor:
        """Of each row's columns: those of its blocks and then its own.

        Shape:
            - scores, output: ``(kv_heads, R, groups, columns)``
        """
        hidden = torch.nn.functional.pad(self.hidden, (0, self.step + 1))
        if scoring is not None and scoring.window is not None:
            own = self.lengths[:, None] + torch.arange(self.step + 1, device=scores.device)
            last_hidden = self.lengths[:, None] + self.step - scoring.window
            hidden = hidden | (torch.cat([self.positions, own], dim=1) <= last_hidden)
        weights = (scoring or Scoring()).weights(scores.transpose(1, 2), hidden)
        return weights.transpose(1, 2)


def _fold(rows: Tensor, matrix: Tensor) -> Tensor:
    """``rows @ matrix`` with all rows and groups of a head as one product.

    Shape:
        - rows: ``(kv_heads, R, groups, n)``
        - matrix: ``(kv_heads, n, m)``
        - output: ``(kv_heads, R, groups, m)``
    """
    return (rows.flatten(1, 2) @ matrix).unflatten(1, rows.shape[1:3])
