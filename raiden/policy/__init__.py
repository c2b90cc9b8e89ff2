"""The policy: a causal language model, its tokenizer, its frozen reference and its export."""

from raiden.policy.adapters import LoraConfig
from raiden.policy.export import export_policy, num_export_bytes
from raiden.policy.finite import BrokenWeight, broken_weight, nonfinite_of, nonfinite_states, nonfinite_weights
from raiden.policy.frozen import frozen_digests, refuse_other_frozen
from raiden.policy.loading import Placement, Policy, load_policy, load_tokenizer
from raiden.policy.movement import SampledWeights, refuse_steps_that_round_away
from raiden.policy.options import PolicyConfig
from raiden.policy.saved_state import refuse_other_weights, restore_weights
from raiden.policy.sharding import gathered, reduce_over_replicas
from raiden.policy.sources import resolve_model
from raiden.policy.weights import full_tensor, local_tensor, num_bytes_of, stream_weights

__all__ = [
    "BrokenWeight",
    "LoraConfig",
    "Placement",
    "Policy",
    "PolicyConfig",
    "SampledWeights",
    "broken_weight",
    "export_policy",
    "frozen_digests",
    "full_tensor",
    "gathered",
    "load_policy",
    "load_tokenizer",
    "local_tensor",
    "nonfinite_of",
    "nonfinite_states",
    "nonfinite_weights",
    "num_bytes_of",
    "num_export_bytes",
    "reduce_over_replicas",
    "refuse_other_frozen",
    "refuse_other_weights",
    "refuse_steps_that_round_away",
    "resolve_model",
    "restore_weights",
    "stream_weights",
]
