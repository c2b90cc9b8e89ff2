"""Attention over a packed prefix tree, for any transformers model that takes an attention function.

The model is loaded with ``attn_implementation=ATTENTION``. Each forward pass then says how tokens see one
another: ``model(input_ids, position_ids=..., tree=TreeAttention(layout, device))``. Without ``tree`` the model
computes plain causal attention, as ``sdpa`` does. Attention dropout is never applied.
"""

from functools import cached_property
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn.attention.flex_attention import BlockMask
from transformers import AttentionInterface
from transformers.integrations.flex_attention import flex_attention_forward
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from raiden.core.errors import ConfigError
from raiden.core.private import attention_name
from raiden.packing.cascade import cascade_attention
from raiden.packing.layout import Layout, Run
from raiden.packing.masks import tree_block_mask
from raiden.packing.scoring import RunByRun, ScoredRuns, Scoring, scoring_of

ATTENTION = "raiden_prefix_tree"
"""The name under which transformers knows this attention."""
FLEX_ATTENTION = "raiden_prefix_tree_flex"
"""The same through PyTorch's flex attention: one fused kernel over the whole row, for GPUs."""

_NOT_COMPUTED = {"position_bias": "a bias of the scores"}
"""What a layer may ask of its attention function, by argument, that a tree does not do."""


class Attention(Protocol):
    """How the tokens of one forward pass see one another."""

    def __call__(
        self, layer: int, query: Tensor, key: Tensor, value: Tensor, scale: float, scoring: Scoring | None = None
    ) -> Tensor:
        """Attention output of one layer.

        Args:
            scoring: what is done to the scores; None: nothing but scaling.

        Shape:
            - query, key: ``(1, heads or kv_heads, T, head_dim)``
            - value: ``(1, kv_heads, T, value_dim)``
            - output: ``(1, heads, T, value_dim)``
        """


class TreeAttention:
    """A token sees its ancestors in the tree and itself; a completion never sees its neighbours."""

    def __init__(self, layout: Layout, device: torch.device) -> None:
        self.layout = layout
        self.device = device
        self.runs = layout.runs()

    @cached_property
    def run_by_run(self) -> RunByRun:
        """For the devices that `cascade_attention` is not for."""
        return RunByRun(self.runs, self.device)

    @cached_property
    def scored_runs(self) -> ScoredRuns:
        """For scores that are not plain, on any device."""
        return ScoredRuns(self.runs, self.device)

    @cached_property
    def block_mask(self) -> BlockMask:
        """The same for flex attention, which takes the whole row at once."""
        return tree_block_mask(self.layout, self.device)

    def __call__(
        self, layer: int, query: Tensor, key: Tensor, value: Tensor, scale: float, scoring: Scoring | None = None
    ) -> Tensor:
        if scoring is not None and not self.scored_runs.is_plain(scoring):
            return self.scored_runs(query, key, value, scale, scoring)
        # PyTorch's flash attention on CPUs wants values as wide as keys.
        if self.device.type == "cpu" and key.shape[-1] == value.shape[-1]:
            return cascade_attention(self.runs, query, key, value, scale)
        return self.run_by_run(query, key, value, scale)


def refuse_what_is_not_computed(module: Any, asked: dict[str, Any]) -> None:
    """The last guard behind the trial of `raiden.policy.sharing`: what a layer asks for is never left out in silence.

    Raises:
        ConfigError: the layer's scores are not those of plain attention.
    """
    found = [words for name, words in _NOT_COMPUTED.items() if asked.get(name) is not None]
    if found:
        raise ConfigError(
            f"{type(module).__name__} asks for {' and '.join(found)}, which the prefix tree does not compute"
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
    scoring = scoring_of(kwargs)
    if tree is None and scoring is not None and attention_mask is None and query.shape[2] == key.shape[2]:
        tree = _EachRow(query)
    if tree is None:
        return sdpa_attention_forward(module, query, key, value, attention_mask, scaling=scaling, **kwargs)
    refuse_what_is_not_computed(module, kwargs)
    scale = scaling if scaling is not None else query.shape[-1] ** -0.5
    out = tree(module.layer_idx, query, key, value, scale, scoring)
    return out.transpose(1, 2).contiguous(), None


class _EachRow:
    """Plain rows of one length, one after another: PyTorch's function leaves out what a layer does to its scores."""

    def __init__(self, query: Tensor) -> None:
        length = query.shape[2]
        self.runs = ScoredRuns([Run(0, length, length, ())], query.device)

    def __call__(
        self, layer: int, query: Tensor, key: Tensor, value: Tensor, scale: float, scoring: Scoring | None = None
    ) -> Tensor:
        rows = zip(query.split(1), key.split(1), value.split(1), strict=True)
        return torch.cat([self.runs(*row, scale, scoring or Scoring()) for row in rows])


def shares_prefixes(model: Any) -> bool:
    """Whether the model was loaded with the attention of the prefix tree, as a kernel or as PyTorch's functions."""
    return attention_name(model).startswith(ATTENTION)


def _flex_attention_forward(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    tree: Attention | None = None,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """The function that transformers calls in each layer; passes without packed rows (sampling) go the usual way.

    On CPUs PyTorch compiles the forward pass only: run by hand, it agrees. The tests compare the eager formulas behind
    it, forward and backward, with the segments' attention. No kernel for GPUs has been run.
    """
    scoring = scoring_of(kwargs)
    if not isinstance(tree, TreeAttention) or (scoring is not None and not tree.scored_runs.is_plain(scoring)):
        return tree_attention_forward(module, query, key, value, attention_mask, scaling, tree, **kwargs)
    refuse_what_is_not_computed(module, kwargs)
    if query.device.type == "cpu" and query.requires_grad:
        raise ConfigError(
            "`model.policy.attention`: flex attention has no backward pass on CPUs; train on a GPU, or set it to sdpa."
        )
    out, _ = flex_attention_forward(module, query, key, value, tree.block_mask, scaling=scaling)
    return out, None


AttentionInterface.register(ATTENTION, tree_attention_forward)
AttentionInterface.register(FLEX_ATTENTION, _flex_attention_forward)
