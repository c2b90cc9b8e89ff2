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
