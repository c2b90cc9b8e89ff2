"""Attention for one prefill of a prefix tree and then one token a row and step.

Keys and values of the prompts are kept once a token of the tree, however many rows share it; each row has
room for its own completion. The rows of a prompt are neighbours, and so are those of a shared prefix.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from raiden.packing import Layout, Scoring, TreeAttention


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
        # A copy: inside the model's projection, keys would hold on to memory of the queries as well.
        self.keys.append(key[0].clone())
        self.values.append(value[0].clone())
        return self.attention(layer, query, key, value, scale, scoring)


@dataclass(frozen=True)
class _SharedKeys:
    """A segment's keys and the rows that see them."""

    rows: slice
    keys: slice
    columns: slice
    """Positions of these keys in the rows' own sequences."""


class Decode:
    """Each row sees its prompt's path through the tree and its own completion so far.

    Scores of a shared segment are one matrix product for all the rows that share it, and the segments'
    keys and values are never copied. Only live rows are kept: `keep` drops the finished ones.
    """

    def __init__(self, prefill: Prefill, layout: Layout, row_prompts: list[int], max_tokens: int) -> None:
        self.prefix_keys, self.prefix_values = prefill.keys, prefill.values
        self.layout = layout
        self.row_prompts = row_prompts
        room = (len(row_prompts), max_tokens)
        self.keys, self.values = (
            [p.new_empty(room[0], p.shape[0], room[1], p.shape[2]) for p in states]
            for states in (prefill.keys, prefill.values)
        )
        self.step = 0
        self._find_rows()

    def keep(self, rows: list[int], places: Tensor) -> None:
        """Goes on with these rows only, given as indices among the live ones, in order; and as a tensor."""
        self.row_prompts = [self.row_prompts[i] for i in rows]
        for caches in (self.keys, self.values):
            for i, cache in enumerate(caches):
                caches[i] = cache[places]
        self._find_rows()

    def _find_rows(self) -> None:
        """Which live rows lie below each segment: always neighbours, as rows follow the tree's order."""
        self.shared: list[_SharedKeys] = []
        leaves = [s for s in self.layout.segments if s.prompt is not None]
        paths = {leaf.prompt: {*leaf.ancestors, (leaf.start, leaf.end)} for leaf in leaves}
        for segment in self.layout.segments:
            rows = [r for r, p in enumerate(self.row_prompts) if (segment.start, segment.end) in paths[p]]
            if rows:
                first = segment.depth
                columns = slice(first, first + segment.end - segment.start)
                self.shared.append(
                    _SharedKeys(slice(rows[0], rows[-1] + 1), slice(segment.start, segment.end), columns)
                )
        self.num_columns = max(s.columns.stop for s in self.shared)
        lengths = {leaf.prompt: leaf.depth + leaf.end - leaf.start for leaf in leaves}
        self.lengths = torch.tensor([lengths[p] for p in self.row_prompts], device=self.prefix_keys[0].device)

    def __call__(
        self, layer: int, query: Tensor, key: Tensor, value: Tensor, scale: float, scoring: Scoring | None = None
    ) -> Tensor:
        kv_heads, num_rows = key.shape[1], key.shape[2]
        own_keys, own_values = self.keys[layer], self.values[layer]
        own_keys[:, :, self.step] = key[0].transpose(0, 1)
        own_values[:, :, self.step] = value[0].transpose(0, 1)
        own = slice(0, self.step + 1)

        # (kv_heads, R, groups, head_dim): the query heads of a group and its rows fold into one matrix.
        q = (query[0] * scale).unflatten(0, (kv_heads, -1)).transpose(1, 2).contiguous()
        scores = q.new_full((*q.shape[:3], self.num_columns + self.step + 1), float("-inf"))
        prefix_keys, prefix_values = self.prefix_keys[layer], self.prefix_values[layer]
        for s in self.shared:
            scores[:, s.rows, :, s.columns] = _fold(q[:, s.rows], prefix_keys[:, s.keys].transpose(1, 2))
        scores[..., self.num_columns :] = (q.transpose(0, 1) @ own_keys[:, :, own].transpose(2, 3)).transpose(0, 1)

        weights = self._weights(scores, scoring)
        out = (weights[..., self.num_columns :].transpose(0, 1) @ own_values[:, :, own]).transpose(0, 1).contiguous()
        for s in self.shared:
            out[:, s.rows] += _fold(weights[:, s.rows, :, s.columns], prefix_values[:, s.keys])
        return out.transpose(1, 2).reshape(1, -1, num_rows, out.shape[-1])

    def _weights(self, scores: Tensor, scoring: Scoring | None) -> Tensor:
        """Of each row's columns, those of its prompt and then its own; where it has none the score is ``-inf``.

        Shape:
            - scores, output: ``(kv_heads, R, groups, columns)``
        """
        if scoring is None:
            return scores.softmax(dim=-1, dtype=torch.float32).to(scores.dtype)
        hidden = scores.isneginf()
        if scoring.window is not None:
            columns = torch.arange(scores.shape[-1], device=scores.device)
            own = columns >= self.num_columns
            first_own = self.lengths[:, None]
            positions = torch.where(own, first_own + columns - self.num_columns, columns)
            seen = positions > first_own + self.step - scoring.window
            hidden = hidden | ~seen[:, None]
        by_group = (x.transpose(1, 2) for x in (scores.masked_fill(hidden, 0.0), hidden))
        return scoring.weights(*by_group).transpose(1, 2)


def _fold(rows: Tensor, matrix: Tensor) -> Tensor:
    """``rows @ matrix`` with all rows and groups of a head as one product.

    Shape:
        - rows: ``(kv_heads, R, groups, n)``
        - matrix: ``(kv_heads, n, m)``
        - output: ``(kv_heads, R, groups, m)``
    """
    return (rows.flatten(1, 2) @ matrix).unflatten(1, rows.shape[1:3])
