"""A rollout as one flat record of tensors, made once; micro-batches take from it what they need."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from raiden.core.types import Rollout
from raiden.packing.batching import Group, MicroBatch
from raiden.train.grpo.advantages import group_advantages
from raiden.train.grpo.objective import ObjectiveConfig


@dataclass
class RolloutBatch:
    """``C`` completions one after another, those of a prompt as neighbours, with ``T`` tokens in all."""

    scored: Tensor
    """``(C,)``: which completions have a reward: the update is that of a rollout that never had the others."""
    advantages: Tensor
    """``(C,)``: zero in groups without a signal."""
    num_tokens: Tensor
    """``(C,)``: tokens of each completion that are trained on, 0 where it is masked."""
    lengths: Tensor
    """``(C,)``: tokens of each completion."""
    sampling_logps: Tensor
    """``(T,)``: as the engine reported them, in nats."""
    groups: Sequence[Group | None]
    """What is worth a pass, for each prompt: neither a group that is not trained on nor a masked completion."""
    old_logps: Tensor | None = None
    """``(T,)``: of the policy before the update, of what this process has computed; None: the first pass has them."""
    ref_logps: Tensor | None = None
    """``(T,)``: of the frozen reference, likewise; None: there is none."""

    def places(self, batch: MicroBatch) -> Tensor:
        """Where among the ``T`` tokens each token of a micro-batch stands, ``(N,)``."""
        first = self.lengths.cumsum(0) - self.lengths
        first_here = batch.lengths.cumsum(0) - batch.lengths
        sequence = batch.sequence
        return (first[batch.rows] - first_here)[sequence] + torch.arange(len(sequence), device=sequence.device)

    def split(self, logps: Tensor | None) -> dict[int, Tensor]:
        """Values of tokens by the row of their completion; empty where there are none."""
        return {} if logps is None else dict(enumerate(logps.split(self.lengths.tolist())))

    def join(self, by_row: dict[int, Tensor]) -> Tensor | None:
        """What `split` gave, rows left out being zero; None where there are none."""
        if not by_row:
            return None
        zeros = self.split(torch.zeros_like(self.sampling_logps))
        return torch.cat([by_row.get(row, zero).to(zero.device) for row, zero in zeros.items()])


def make_batch(rollouts: Sequence[Rollout], objective: ObjectiveConfig, device: torch.device) -> RolloutBatch:
    """The record of a rollout, its advantages made from its rewards.

    Args:
        rollouts: groups of the same size.
        device: where the values of tokens and the advantages are.
    """
    size = len(rollouts[0].completions)
    completions = [c for rollout in rollouts for c in rollout.completions]
    totals = [reward.total for rollout in rollouts for reward in rollout.rewards]
    scored = torch.tensor([total is not None for total in totals])
    rewards = torch.tensor([total or 0.0 for total in totals], dtype=torch.float64)
    advantages = group_advantages(rewards, size, objective.advantage_scale, scored=scored)
    has_signal = torch.tensor(list(map(objective.has_signal, rollouts))).repeat_interleave(size)
    num_tokens = torch.tensor([objective.trained_tokens(c) for c in completions]) * scored
    return RolloutBatch(
        scored=scored,
        advantages=torch.where(has_signal, advantages, 0.0).float().to(device),
        num_tokens=num_tokens,
        lengths=torch.tensor([len(c.token_ids) for c in completions], device=device),
        sampling_logps=torch.tensor([logp for c in completions for logp in c.sampling_logps], device=device),
        groups=[
            _group(rollout, index * size, num_tokens) if objective.trains_on(rollout) else None
            for index, rollout in enumerate(rollouts)
        ],
    )


def _group(rollout: Rollout, first: int, num_tokens: Tensor) -> Group | None:
    """The completions of a prompt that are trained on; `first` is the row of the first of all."""
    own = [i for i in range(len(rollout.completions)) if num_tokens[first + i] > 0]
    if not own:
        return None
    completions = [rollout.completions[i].token_ids for i in own]
    rows = [first + i for i in own]
    return Group(rollout.prompt.token_ids, completions, rows, rollout.prompt.sample.character_name)
