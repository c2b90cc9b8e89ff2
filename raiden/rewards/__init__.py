"""The verifiable reward: what a reply says, how well-formed it is, and why it got what it got.

reply -> answer            reasoning taken out (reply), folded and cut into sentences (answer)
rules                      a sample's record becomes its match rule, or is refused
finding                    where a keyword stands: english, chinese, japanese, korean, numbers, dates, clock, measures
phrases                    by another name, or as a phrase with its words apart
reading/                   question and reply read clause by clause: whose fact, of when, in which relation
affirmation, idioms/       whether it is meant there: denied, asked, hedged, imagined, others' belief
mechanisms                 all that may speak against a word, by name
commitment, recital        whether the reply answers, or lists everything it can think of
penalties, voice           repetition, length, speaking as the character
matching -> vrar           the verdict on the rule, and the reward
"""

from raiden.rewards.finding import load_dictionaries
from raiden.rewards.rules import rule_from_record
from raiden.rewards.vrar import VRAR, RewardConfig

__all__ = ["VRAR", "RewardConfig", "load_dictionaries", "rule_from_record"]
