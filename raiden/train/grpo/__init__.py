"""GRPO: the module, and its pure tensor functions.

module         one step: prompts -> rollouts -> update; sampled: the groups of a step
batch          rollouts -> one flat record of tensors
advantages     rewards of a group -> advantages
objective      log-probabilities and advantages -> the loss; correction: for engines that are not exactly the policy
update         the optimizer steps of a rollout; recorded: a skipped one, kept for `raiden replay`
"""

from raiden.train.grpo.advantages import group_advantages
from raiden.train.grpo.correction import SamplingCorrection, sampling_ratios
from raiden.train.grpo.objective import ObjectiveConfig, TokenTerms, token_terms, token_weights, with_correction
from raiden.train.grpo.recorded import record_update, restore_update
from raiden.train.grpo.reference_cache import ReferenceCache
from raiden.train.grpo.update import RolloutUpdate, UpdateConfig
