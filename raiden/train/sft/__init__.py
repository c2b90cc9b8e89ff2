"""The cold start: supervised training on reference answers, before GRPO."""

from raiden.train.sft.cross_entropy import CrossEntropy
from raiden.train.sft.module import SFTModule, SFTUpdateConfig
from raiden.train.sft.reasoning import own_reasoning, quoting_reasoning
from raiden.train.sft.targets import end_of_turn, target_text, target_token_ids
