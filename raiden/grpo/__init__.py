"""GRPO as pure tensor functions: advantages, micro-batches over the prefix tree, log-probabilities, the loss."""

from raiden.grpo.advantages import group_advantages
from raiden.grpo.batching import Group, MicroBatch, filler_batches, micro_batches
from raiden.grpo.correction import SamplingCorrection, sampling_ratios
from raiden.grpo.logps import scored_logits, token_logps
from raiden.grpo.objective import ObjectiveConfig, TokenTerms, token_terms, token_weights, with_correction
from raiden.grpo.recorded import recall_update, record_update
from raiden.grpo.reference_cache import ReferenceCache
from raiden.grpo.update import RolloutUpdate, UpdateConfig

__all__ = [
    "Group",
    "MicroBatch",
    "ObjectiveConfig",
    "ReferenceCache",
    "RolloutUpdate",
    "SamplingCorrection",
    "TokenTerms",
    "UpdateConfig",
    "filler_batches",
    "group_advantages",
    "micro_batches",
    "recall_update",
    "record_update",
    "sampling_ratios",
    "scored_logits",
    "token_logps",
    "token_terms",
    "token_weights",
    "with_correction",
]
