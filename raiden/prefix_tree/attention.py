"""Attention over a packed prefix tree, for any transformers model that takes an attention function.

The model is loaded with ``attn_implementation=ATTENTION``. Each forward pass then says how tokens see one
another: ``model(input_ids, position_ids=..., tree=TreeAttention(layout, device))``. Without ``tree`` the model
computes plain causal attention, as ``sdpa`` does. Attention dropout is never applied.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn.attention.flex_attention import BlockMask
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from raiden.errors import ConfigError
from raiden.prefix_tree.layout import Layout, Segment
from raiden.prefix_tree.masks import segment_mask, tree_block_mask

ATTENTION = "raiden_prefix_tree"
"""The name under which transformers knows this attention."""

_NOT_COMPUTED = {
    "sliding_window": "a sliding window",
    "softcap": "capped scores",
    "s_aux": "attention sinks",
    "position_bias": "a bias of the scores",
}
"""What a layer may ask of its attention function, by argument, that a tree does not do."""


class Attention(Protocol):
    """How the tokens of one forward pass see one another."""

    def __call__(self, layer: int, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        """Attention output of one layer.

        Shape:
            - query: ``(1, heads, T, head_dim)``
            - key, value: ``(1, kv_heads, T, head_dim)``
            - output: ``(1, heads, T, head_dim)``
        """
        ...


class TreeAttention:
    """A token sees its ancestors in the tree and itself; a completion never sees its neighbours.

    Segment by segment, each against its own ancestors only: no score is computed between two prompts.
    Grouped-query heads are folded into the query axis, so that keys and values are never repeated.
    """

    def __init__(self, layout: Layout, device: torch.device) -> None:
        self.layout = layout
        self.device = device

    @cached_property
    def blocks(self) -> list[_Block]:
        """One for each segment, in the order of the row."""
        return [_Block(segment, self.device) for segment in self.layout.segments]

    @cached_property
    def block_mask(self) -> BlockMask:
        """The same for flex attention, which takes the whole row at once."""
        return tree_block_mask(self.layout, self.device)

    def __call__(self, layer: int, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        return torch.cat([block(query, key, value, scale) for block in self.blocks], dim=2)


class _Block:
    """The queries of one segment, against its ancestors and itself."""

    def __init__(self, segment: Segment, device: torch.device) -> None:
        self.queries = slice(segment.start, segment.stop)
        self.keys = [slice(*span) for span in segment.ancestors] + [self.queries]
        num_before = sum(end - start for start, end in segment.ancestors)
        self.mask = segment_mask(segment, num_before, device)

    def __call__(self, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        kv_heads, groups = key.shape[1], query.shape[1] // key.shape[1]
        q = query[:, :, self.queries]
        length, head_dim = q.shape[2:]
        out = scaled_dot_product_attention(
            q.reshape(1, kv_heads, groups * length, head_dim),
            torch.cat([key[:, :, s] for s in self.keys], dim=2) if len(self.keys) > 1 else key[:, :, self.keys[0]],
            torch.cat([value[:, :, s] for s in self.keys], dim=2) if len(self.keys) > 1 else value[:, :, self.keys[0]],
            attn_mask=self.mask.repeat(groups, 1),
            scale=scale,
        )
        return out.reshape(1, kv_heads * groups, length, head_dim)


def refuse_what_is_not_computed(module: Any, asked: dict[str, Any]) -> None:
    """The last guard behind the check of the config: what a layer asks for is never left out in silence.

    Raises:
        ConfigError: the layer's scores are not those of plain attention.
    """
    found = [words for name, words in _NOT_COMPUTED.items() if asked.get(name) is not None]
    if found:
        raise ConfigError(
            f"`model.policy.path`: {type(module).__name__} asks for {' and '.join(found)}, which the prefix tree does "
            "not compute; take another model."
        )


def tree_attention_forward(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    tree: Attention | None = None,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """The function that transformers calls in each layer."""
    if tree is None:
        return sdpa_attention_forward(module, query, key, value, attention_mask, scaling=scaling, **kwargs)
    refuse_what_is_not_computed(module, kwargs)
    scale = scaling if scaling is not None else query.shape[-1] ** -0.5
    out = tree(module.layer_idx, query, key, value, scale)
    return out.transpose(1, 2).contiguous(), None


AttentionInterface.register(ATTENTION, tree_attention_forward)
