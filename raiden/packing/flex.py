"""The packed tree through PyTorch's flex attention: one fused kernel over the whole row, for GPUs.

The model is loaded with ``attn_implementation=FLEX_ATTENTION``; the passes that are no packed rows of completions
(sampling) go the usual way. On CPUs PyTorch compiles the forward pass only: run by hand, it agrees. The tests compare
the eager formulas behind it, forward and backward, with the segments' attention. No kernel for GPUs has been run.
"""

from typing import Any

from torch import Tensor
from transformers import AttentionInterface
from transformers.integrations.flex_attention import flex_attention_forward

from raiden.core.errors import ConfigError
from raiden.packing.attention import Attention, TreeAttention, refuse_what_is_not_computed, tree_attention_forward
from raiden.packing.scoring import scoring_of

FLEX_ATTENTION = "raiden_prefix_tree_flex"
"""The name under which transformers knows this attention."""


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
    """The function that transformers calls in each layer."""
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


AttentionInterface.register(FLEX_ATTENTION, _flex_attention_forward)
