"""From scored rollouts to the losses of one or more optimizer steps."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from transformers import PreTrainedModel

from raiden.core.errors import require_at_least
from raiden.core.processes import ALONE, Processes
from raiden.core.types import Rollout
from raiden.packing.batching import Group, MicroBatch, Packing
from raiden.packing.logps import token_logps
from raiden.packing.passes import Passes
from raiden.train.grpo.batch import make_batch
from raiden.train.grpo.correction import sampling_ratios
from raiden.train.grpo.objective import ObjectiveConfig, token_terms, token_weights
from raiden.train.grpo.reference_cache import ReferenceCache
from raiden.train.grpo.statistics import UpdateStatistics
from raiden.train.nonfinite import NonFinite, NonFiniteWatch, first_nonfinite


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
    reference_cache_gib: float = 0.0
    """GiB for keys and values of the profiles that the frozen reference has seen, which it then does not compute again
    (where beta is above 0); 0 keeps none. A resumed run then equals one never stopped only up to rounding."""

    def __post_init__(self) -> None:
        require_at_least("model.update.reference_cache_gib", self.reference_cache_gib, 0)
        for name in ("micro_batch_tokens", "prompts_per_update", "num_iterations"):
            value = getattr(self, name)
            require_at_least(f"model.update.{name}", value, 1)

    def mini_batches(self, num_prompts: int) -> list[range]:
        """Which prompts stand behind each optimizer step of one iteration."""
        size = self.prompts_per_update or num_prompts
        return [range(start, min(start + size, num_prompts)) for start in range(0, num_prompts, size)]


@dataclass(eq=False)
class RolloutUpdate:
    """The update that one rollout asks for: advantages, old and reference log-probabilities, losses, statistics."""

    rollouts: Sequence[Rollout]
    """Those of all processes, in the same order on each."""
    objective: ObjectiveConfig
    config: UpdateConfig
    max_tokens: int
    """Of the longest completion allowed."""
    temperature: float
    """The one that sampled."""
    device: torch.device
    processes: Processes = ALONE
    """Each computes its share; weights and advantages are those of the whole."""
    packing: Packing = Packing.SHARED
    """Of the model."""

    def __post_init__(self) -> None:
        self.num_generations = len(self.rollouts[0].completions)
        self.batch = make_batch(self.rollouts, self.objective, self.device)
        self._watch = NonFiniteWatch(self._nonfinite_rollouts())
        self.mini_batch = range(len(self.rollouts))
        """The prompts behind the optimizer step whose losses were asked for last."""
        self._statistics = UpdateStatistics()

    @property
    def nonfinite(self) -> NonFinite | None:
        """The first value of this process's that is no finite number."""
        return self._watch.first

    def _nonfinite_rollouts(self) -> NonFinite | None:
        """Among the rewards, and the engine's log-probabilities."""
        for row, reward in enumerate(reward for rollout in self.rollouts for reward in rollout.rewards):
            if reward.total is not None and not math.isfinite(reward.total):
                return NonFinite("reward", reward.total, row)
        lengths = self.batch.lengths
        reported = {"log-probability that the engine reported": self.batch.sampling_logps}
        return first_nonfinite(reported, torch.arange(len(lengths)), lengths)

    def mini_batches(self) -> list[range]:
        """The prompts behind each optimizer step, in the order of the steps."""
        return self.config.mini_batches(len(self.rollouts)) * self.config.num_iterations

    def has_work(self, mini_batch: range) -> bool:
        """Whether any group of these prompts is trained on."""
        return bool(self._groups(mini_batch))

    def compute_old_logps(self, model: PreTrainedModel) -> None:
        """Keeps the policy's log-probabilities before the first step; with a single step the step's own serve."""
        if len(self.mini_batches()) > 1:
            self.batch.old_logps = self._logps(model)

    def compute_ref_logps(self, reference: PreTrainedModel, cache: ReferenceCache | None = None) -> None:
        """Keeps the reference's log-probabilities.

        Args:
            cache: what the reference knows of the characters already; each has passes of its own then.
        """
        self.batch.ref_logps = self._logps(reference, cache)

    def kept_logps(self) -> dict[str, dict[int, Tensor]]:
        """The log-probabilities that are kept, of all processes, on the CPU: `old` and `ref`, by row."""
        shares = (self.processes.share(mini_batch) for mini_batch in self.config.mini_batches(len(self.rollouts)))
        own = [row for share in shares for row in self.rows(share)]
        kept = {"old": self.batch.split(self.batch.old_logps), "ref": self.batch.split(self.batch.ref_logps)}
        return {
            name: self.processes.gather_rows({row: by_row[row] for row in own if by_row}, self.device)
            for name, by_row in kept.items()
        }

    def restore_logps(self, kept: Mapping[str, dict[int, Tensor]]) -> None:
        """Takes over what `kept_logps` gave."""
        self.batch.old_logps, self.batch.ref_logps = self.batch.join(kept["old"]), self.batch.join(kept["ref"])

    def rows(self, mini_batch: range) -> list[int]:
        """The completions that an optimizer step trains on, in the order of their passes."""
        return [row for group in self._groups(mini_batch) for row in group.rows]

    def alone(self) -> RolloutUpdate:
        """The same update, each completion in a pass of its own and all of them on each process.

        All processes have to ask together.
        """
        update = replace(self, config=replace(self.config, micro_batch_tokens=1), processes=ALONE)
        update.mini_batch = self.mini_batch
        update.restore_logps(self.kept_logps())
        return update

    @torch.no_grad()
    def _logps(self, model: PreTrainedModel, cache: ReferenceCache | None = None) -> Tensor:
        """Log-probabilities of this process's share, ``(T,)``; zero elsewhere."""
        everyones = torch.zeros_like(self.batch.sampling_logps)
        for mini_batch in self.config.mini_batches(len(self.rollouts)):
            for batch in self.passes(mini_batch, by_character=cache is not None):
                if cache is None:
                    logps, _ = token_logps(model, batch, self.temperature)
                else:
                    logps = cache.token_logps(model, batch, self.temperature)
                everyones[self.batch.places(batch)] = logps
        return everyones

    def losses(self, model: PreTrainedModel, mini_batch: range) -> Iterator[Tensor]:
        """The loss of each micro-batch of an optimizer step; their sum over all processes is the loss of the step."""
        self.mini_batch = mini_batch
        size = self.num_generations
        rows = torch.arange(mini_batch.start * size, mini_batch.stop * size)
        rows = rows[self.batch.scored[rows]]
        num_tokens = self.batch.num_tokens
        weights = torch.zeros(len(num_tokens), device=self.device)
        weights[rows] = token_weights(
            num_tokens[rows],
            self.objective.loss,
            self.max_tokens,
            rollout_tokens=int(num_tokens.sum()),
            updates_per_rollout=len(self.config.mini_batches(len(self.rollouts))),
        ).to(self.device)
        entropy_weight = self.objective.entropy_coef / max(int(num_tokens[rows].sum()), 1)
        for batch in self.passes(mini_batch):
            if batch.is_filler:
                logps, _ = token_logps(model, batch, self.temperature)
                yield logps.sum() * 0.0
            else:
                yield self._loss(model, batch, weights[batch.rows][batch.sequence], entropy_weight)

    def _loss(self, model: PreTrainedModel, batch: MicroBatch, weights: Tensor, entropy_weight: float) -> Tensor:
        logps, entropy = token_logps(model, batch, self.temperature, entropy_gradient=entropy_weight > 0)
        places = self.batch.places(batch)
        old_logps = logps.detach() if self.batch.old_logps is None else self.batch.old_logps[places]
        ref_logps = None if self.batch.ref_logps is None else self.batch.ref_logps[places]
        sampling_logps = self.batch.sampling_logps[places]
        correction = sampling_ratios(old_logps, sampling_logps, batch.sequence, self.objective.sampling_correction)
        terms = token_terms(
            logps,
            old_logps,
            self.batch.advantages[batch.rows][batch.sequence],
            batch.sequence,
            self.objective,
            ref_logps,
            correction,
        )
        by_token = {
            "log-probability": logps,
            "log-probability before the update": old_logps,
            **({} if ref_logps is None else {"log-probability under the reference": ref_logps}),
            "entropy": entropy,
            "loss": terms.loss,
        }
        self._watch.show(by_token, batch.rows, batch.lengths)
        loss = (terms.loss * weights).sum() - entropy_weight * entropy.sum()
        self._statistics.add(
            len(batch.targets),
            loss=loss,
            kl=terms.kl,
            entropy=entropy.detach(),
            clipped_low=terms.clipped_low,
            clipped_high=terms.clipped_high,
            difference=(old_logps - sampling_logps).abs(),
            ratio=correction,
        )
        return loss

    def passes(self, mini_batch: range, by_character: bool = False) -> Passes:
        """Those of an optimizer step, one for each of its losses.

        Args:
            by_character: each character has passes of its own.
        """
        groups = self.batch.groups[mini_batch.start : mini_batch.stop]
        if not by_character:
            groups = [None if group is None else replace(group, family=None) for group in groups]
        return Passes(groups, self.config.micro_batch_tokens, self.device, self.processes, self.packing)

    def _groups(self, mini_batch: range) -> list[Group]:
        """What is worth a pass of these prompts."""
        return [group for p in mini_batch if (group := self.batch.groups[p]) is not None]

    def sampling_difference(self) -> float | None:
        """Mean distance so far between the policy's log-probabilities and the engine's, in nats; None before any."""
        return self._statistics.mean("difference") if self._statistics.tokens else None

    def metrics(self) -> dict[str, float]:
        """Means over the tokens that were trained on, and the loss; empty where there was no work."""
        corrects = self.objective.sampling_correction.mode not in ("auto", "off")
        return self._statistics.metrics(
            len(self.mini_batches()), self.batch.ref_logps is not None, corrects, self.processes, self.device
        )
