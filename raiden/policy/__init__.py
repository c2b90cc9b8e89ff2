"""The policy: a causal language model, its tokenizer, its frozen reference and its export."""

from raiden.policy.export import export_policy
from raiden.policy.loading import LoraConfig, Policy, PolicyConfig, load_policy, load_tokenizer
from raiden.policy.sources import resolve_model

__all__ = [
    "LoraConfig",
    "Policy",
    "PolicyConfig",
    "export_policy",
    "load_policy",
    "load_tokenizer",
    "resolve_model",
]
