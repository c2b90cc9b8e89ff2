"""The verifiable reward: what a reply says, how well-formed it is, and why it got what it got."""

from raiden.rewards.rules import rule_from_record
from raiden.rewards.vrar import VRAR, RewardConfig

__all__ = ["VRAR", "RewardConfig", "rule_from_record"]
