"""The cold start: supervised training on reference answers, before GRPO."""

from raiden.sft.cross_entropy import CrossEntropy
from raiden.sft.module import SFTModule, SFTUpdateConfig
from raiden.sft.reasoning import own_reasoning, quoting_reasoning
from raiden.sft.targets import end_of_turn, target_text, target_token_ids

__all__ = [
    "CrossEntropy",
    "SFTModule",
    "SFTUpdateConfig",
    "end_of_turn",
    "own_reasoning",
    "quoting_reasoning",
    "target_text",
    "target_token_ids",
]
