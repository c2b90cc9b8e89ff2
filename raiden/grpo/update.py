"""From scored rollouts to the losses of one or more optimizer steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import PreTrainedModel

from raiden.errors import ConfigError
from raiden.grpo.advantages import group_advantages
from raiden.grpo.batching import Group, MicroBatch, micro_batches
from raiden.grpo.correction import sampling_ratios
from raiden.grpo.logps import token_logps
from raiden.grpo.objective import ObjectiveConfig, token_terms, token_weights
from raiden.grpo.statistics import UpdateStatistics
from raiden.processes import ALONE, Processes
from raiden.types import Rollout


@dataclass(frozen=True)
class UpdateConfig:
    """How rollouts become optimizer steps."""

    micro_batch_tokens: int = 4096
    """Tokens of one forward and backward pass, shared ones counted once; bounds the memory. Gradients add up over
    micro-batches until all prompts of an update are through."""
    prompts_per_update: int | None = None
    """Prompts behind each optimizer step; None takes all prompts of the rollout for one step."""
    num_iterations: int = 1
    """How often the rollout is gone through."""

    def __post_init__(self) -> None:
        for name in ("micro_batch_tokens", "prompts_per_update", "num_iterations"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ConfigError(f"`model.update.{name}` must be at least 1, got {value}.")

    def parts(self, num_prompts: int) -> list[range]:
        """Which prompts stand behind each optimizer step of one iteration."""
        size = self.prompts_per_update or num_prompts
        return [range(start, min(start + size, num_prompts)) for start in range(0, num_prompts, size)]


class RolloutUpdate:
    """The update that one rollout asks for: advantages, old and reference log-probabilities, losses, statistics."""

    def __init__(
        self,
        rollouts: Sequence[Rollout],
        objective: ObjectiveConfig,
        config: UpdateConfig,
        max_tokens: int,
        temperature: float,
        device: torch.device,
        processes: Processes = ALONE,
    ) -> None:
        """
        Args:
            rollouts: those of all processes, in the same order on each.
            max_tokens: longest completion allowed, in tokens.
            temperature: the one that sampled.
            processes: each computes its share; weights and advantages are those of the whole.
        """
        self.rollouts = rollouts
        self.objective = objective
        self.config = config
        self.max_tokens = max_tokens
        self.temperature = temperature
        self.device = device
        self.processes = processes
        self.num_generations = len(rollouts[0].completions)
        completions = [c for r in rollouts for c in r.completions]
        rewards = torch.tensor([w.total for r in rollouts for w in r.rewards], dtype=torch.float64)
        advantages = group_advantages(rewards, self.num_generations, objective.advantage_scale)
        self.advantages = advantages.float().to(device)
        self.sampling_logps = [torch.tensor(c.sampling_logps, device=device) for c in completions]
        self.num_tokens = torch.tensor([objective.trained_tokens(c) for c in completions])
        self._old_logps: dict[int, Tensor] = {}
        self._ref_logps: dict[int, Tensor] = {}
        self._statistics = UpdateStatistics()

    def parts(self) -> list[range]:
        """The prompts behind each optimizer step, in the order of the steps."""
        return self.config.parts(len(self.rollouts)) * self.config.num_iterations

    def has_work(self, part: range) -> bool:
        """Whether any group of these prompts is trained on."""
        return bool(self._groups(part))

    def remember_old_logps(self, model: PreTrainedModel) -> None:
        """Keeps the policy's log-probabilities before the first step; with a single step the step's own serve."""
        if len(self.parts()) > 1:
            self._old_logps = self._logps_by_row(model)

    def remember_ref_logps(self, reference: PreTrainedModel) -> None:
        """Keeps the reference's log-probabilities."""
        self._ref_logps = self._logps_by_row(reference)

    @torch.no_grad()
    def _logps_by_row(self, model: PreTrainedModel) -> dict[int, Tensor]:
        by_row: dict[int, Tensor] = {}
        for part in self.config.parts(len(self.rollouts)):
            for batch in [*self._micro_batches(part), *self._fillers(part)]:
                logps, _ = token_logps(model, batch, self.temperature)
                by_row.update(zip(batch.rows.tolist(), logps.split(batch.lengths.tolist()), strict=True))
        return by_row

    def losses(self, model: PreTrainedModel, part: range) -> Iterator[Tensor]:
        """The loss of each micro-batch of an optimizer step; their sum over all processes is the loss of the step."""
        size = self.num_generations
        rows = slice(part.start * size, part.stop * size)
        weights = torch.zeros(len(self.num_tokens), device=self.device)
        weights[rows] = token_weights(
            self.num_tokens[rows],
            self.objective.loss,
            self.max_tokens,
            rollout_tokens=int(self.num_tokens.sum()),
            updates_per_rollout=len(self.config.parts(len(self.rollouts))),
        ).to(self.device)
        entropy_weight = self.objective.entropy_coef / max(int(self.num_tokens[rows].sum()), 1)
        for batch in self._micro_batches(part):
            yield self._loss(model, batch, weights[batch.rows][batch.sequence], entropy_weight)
        for batch in self._fillers(part):
            logps, _ = token_logps(model, batch, self.temperature)
            yield logps.sum() * 0.0

    def _loss(self, model: PreTrainedModel, batch: MicroBatch, weights: Tensor, entropy_weight: float) -> Tensor:
        logps, entropy = token_logps(model, batch, self.temperature, entropy_gradient=entropy_weight > 0)
        rows = batch.rows.tolist()
        old_logps = torch.cat([self._old_logps[r] for r in rows]) if self._old_logps else logps.detach()
        ref_logps = torch.cat([self._ref_logps[r] for r in rows]) if self._ref_logps else None
        sampling_logps = torch.cat([self.sampling_logps[r] for r in rows])
        correction = sampling_ratios(old_logps, sampling_logps, batch.sequence, self.objective.sampling_correction)
        terms = token_terms(
            logps,
            old_logps,
            self.advantages[batch.rows][batch.sequence],
            batch.sequence,
            self.objective,
            ref_logps,
            correction,
        )
        loss = (terms.loss * weights).sum() - entropy_weight * entropy.sum()
        self._statistics.add(
            loss=loss.item(),
            kl=terms.kl,
            entropy=entropy.detach(),
            clipped_low=terms.clipped_low,
            clipped_high=terms.clipped_high,
            difference=(old_logps - sampling_logps).abs(),
            ratio=correction,
        )
        return loss

    def _micro_batches(self, part: range, rank: int | None = None) -> Iterator[MicroBatch]:
        """A process's passes over its share, this one's by default."""
        return micro_batches(
            self._groups(self.processes.share(part, rank)), self.config.micro_batch_tokens, self.device
        )

    def _fillers(self, part: range) -> Iterator[MicroBatch]:
        """As many small passes as this process lacks beside the busiest: gathering shards needs everyone."""
        if self.processes.num == 1:
            return
        counts = [sum(1 for _ in self._micro_batches(part, rank)) for rank in range(self.processes.num)]
        for _ in range(max(counts) - counts[self.processes.rank]):
            group = self._groups(part)[0]
            yield from micro_batches([Group(group.prompt, group.completions[:1], group.rows[:1])], 1, self.device)

    def _groups(self, part: range) -> list[Group]:
        """What is worth a pass: neither a group that teaches nothing nor a masked completion."""
        size = self.num_generations
        groups = []
        for p in part:
            first = p * size
            rows = [r for r in range(first, first + size) if self.num_tokens[r] > 0]
            if self.objective.teaches(self.rollouts[p]):
                completions = [self.rollouts[p].completions[r - first].token_ids for r in rows]
                groups.append(Group(self.rollouts[p].prompt.token_ids, completions, rows))
        return groups

    def sampling_difference(self) -> float | None:
        """Mean distance so far between the policy's log-probabilities and the engine's, in nats; None before any."""
        return self._statistics.mean("difference") if self._statistics.tokens else None

    def metrics(self) -> dict[str, float]:
        """Means over the tokens that were trained on, and the loss; empty where there was no work."""
        corrects = self.objective.sampling_correction.mode not in ("auto", "off")
        return self._statistics.metrics(
            len(self.parts()), bool(self._ref_logps), corrects, self.processes, self.device
        )
