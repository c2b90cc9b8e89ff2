"""GRPO as pure tensor functions: advantages, micro-batches over the prefix tree, log-probabilities, the loss."""

from raiden.grpo.advantages import group_advantages
from raiden.grpo.batching import Group, MicroBatch, micro_batches
from raiden.grpo.logps import token_logps
from raiden.grpo.objective import ObjectiveConfig, TokenTerms, token_terms, token_weights
from raiden.grpo.update import RolloutUpdate, UpdateConfig

__all__ = [
    "Group",
    "MicroBatch",
    "ObjectiveConfig",
    "RolloutUpdate",
    "TokenTerms",
    "UpdateConfig",
    "group_advantages",
    "micro_batches",
    "token_logps",
    "token_terms",
    "token_weights",
]
