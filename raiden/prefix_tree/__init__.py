"""The packed prefix tree: tokens that several sequences share are computed once.

Role-play prompts share long beginnings (the instructions, then one character's profile) and each prompt is
answered by a group of completions. Packed into one row, every shared token stands there once.
"""

from raiden.prefix_tree.attention import ATTENTION, Attention, TreeAttention
from raiden.prefix_tree.flex import FLEX_ATTENTION
from raiden.prefix_tree.layout import Layout, Segment, pack

__all__ = ["ATTENTION", "FLEX_ATTENTION", "Attention", "Layout", "Segment", "TreeAttention", "pack"]
