"""The GRPO loop as LightningModule hooks."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from torch import Tensor

from raiden.core.errors import ConfigError, require_at_least
from raiden.core.out_of_memory import explain_out_of_memory
from raiden.core.types import Prompt, Rollout
from raiden.packing import Packing
from raiden.policy import PolicyConfig
from raiden.policy.sharing import warn_if_unshared
from raiden.rewards import RewardConfig
from raiden.rollout.canary import CanaryConfig
from raiden.rollout.engines import Engine, HeldOutSampling, SamplingConfig
from raiden.rollout.likelihood import NUM_ANSWERS, band, nats_a_token, reference_logps, with_likelihood
from raiden.rollout.rollouts import refuse_unscored, rollout_metrics
from raiden.train.grpo import (
    ObjectiveConfig,
    ReferenceCache,
    RolloutUpdate,
    UpdateConfig,
    record_update,
    with_correction,
)
from raiden.train.grpo.sampled import SampledGroups
from raiden.train.guard import StepCompletion
from raiden.train.module import PolicyModule
from raiden.train.nonfinite import NonFinite, largest_alone
from raiden.train.optimization import OptimizerConfig

_IN_PROGRESS_BAR = ("reward", "train/sbk", "tokens_per_second")


class GRPOModule(PolicyModule):
    """Group relative policy optimization (arXiv:2402.03300) with the verifiable role-awareness reward.

    Each step samples groups of completions, scores them and takes one or more optimizer steps. A checkpoint is
    only taken between steps, and all that a step draws is a function of its number: a resumed run goes on as if
    it had never stopped.
    """

    def __init__(
        self,
        policy: PolicyConfig,
        engine: Engine | None = None,
        sampling: SamplingConfig = SamplingConfig(),
        val_sampling: HeldOutSampling | None = None,
        rewards: RewardConfig = RewardConfig(),
        objective: ObjectiveConfig = ObjectiveConfig(),
        update: UpdateConfig = UpdateConfig(),
        optimizer: OptimizerConfig = OptimizerConfig(),
        canary: CanaryConfig = CanaryConfig(),
        num_generations: int = 8,
        max_resamples: int = 0,
        seed: int = 0,
        max_skipped: int = 3,
    ) -> None:
        """
        Args:
            policy: the model that is trained.
            engine: what generates the completions.
            sampling: how training completions are drawn.
            val_sampling: how held-out replies are drawn; null: greedily, as long as in training.
            rewards: weights and limits of the reward.
            objective: what is maximised.
            update: how rollouts become optimizer steps.
            optimizer: learning rate and schedule.
            canary: watches that the engine samples with the policy's weights.
            num_generations: completions in a group, at least 2.
            max_resamples: how often, at most, a step samples another group where the last one has no signal, all its
                completions earning the same (dynamic sampling, arXiv:2503.14476); 0 never does.
            seed: of the completions; linked from seed_everything.
            max_skipped: skipped steps in a row that end the run; linked from watch.max_skipped.
        """
        if num_generations < 2:
            raise ConfigError(
                f"`model.num_generations` must be at least 2 (a group of one has no spread), got {num_generations}."
            )
        if sampling.temperature == 0:
            raise ConfigError(
                "`model.sampling.temperature` must be above 0: greedy completions of a group are all the same and "
                "teach nothing; set it in `model.val_sampling` for greedy replies in validation."
            )
        require_at_least("model.max_resamples", max_resamples, 0)
        super().__init__(
            policy,
            engine,
            (val_sampling or HeldOutSampling()).beside(sampling),
            rewards,
            optimizer,
            canary,
            seed,
            max_skipped,
        )
        self.sampling = sampling
        self.objective = with_correction(objective, self.engine.shares_weights)
        self.update = update
        self.num_generations = num_generations
        self.max_resamples = max_resamples
        cache_bytes = int(update.reference_cache_gib * 2**30) if self.needs_reference else 0
        self.reference_cache = ReferenceCache(cache_bytes) if cache_bytes else None
        self.unlikely_limit = rewards.unlikely_limit
        # Of this step's completions, by identity: the update's KL takes them as they are.
        self._ref_logps: dict[int, Tensor] = {}

    @property
    def needs_reference(self) -> bool:
        return self.objective.beta > 0 or self.scorer.asks_reference or self.scorer.config.unlikely_weight > 0

    @property
    def max_tokens(self) -> int:
        return max(self.sampling.max_tokens, self.val_sampling.max_tokens)

    def training_step(self, prompts: list[Prompt], batch_idx: int) -> None:
        """Samples and scores a group of completions for each prompt, and takes the optimizer steps they ask for."""
        started = time.perf_counter()
        sampled = self._sample(prompts)
        refuse_unscored(sampled.rollouts)
        sampling_done = time.perf_counter()
        self.sampler.sleep()
        learned = self._update_policy(sampled.rollouts)
        done = time.perf_counter()
        num_read = sum(len(r.prompt.token_ids) for r in sampled.all) * self.num_generations
        timing = {
            "step_time": done - started,
            "time/sampling": sampling_done - started,
            "time/update": done - sampling_done,
            "tokens_per_second": sampled.num_tokens / (sampling_done - started),
        }
        metrics = {**rollout_metrics(sampled.first, self.scorer.names), **sampled.metrics(self.objective), **learned}
        metrics |= {**timing, **self.sampler.metrics}
        self.end_step(metrics, sampled.num_tokens + num_read, _IN_PROGRESS_BAR)
        self.rollouts = sampled.rollouts

    def on_fit_start(self) -> None:
        """Measures how likely the reference answers are, where replies are held to that; tells what is not shared."""
        super().on_fit_start()
        first = self._data.train_dataloader().batch(0)
        warn_if_unshared(self.policy.sharing, first, self.num_generations, self.sampling.max_tokens)
        if self.scorer.config.unlikely_weight > 0 and self.unlikely_limit is None:
            prompts = self._data.train_dataloader().prompts[:NUM_ANSWERS]
            encode, end = self.policy.tokenizer.encode, [self.policy.tokenizer.eos_token_id]
            answers = [[(*encode(p.sample.answer, add_special_tokens=False), *end)] for p in prompts]
            logps = self._reference_logps(prompts, answers)
            self.unlikely_limit = band([nats_a_token(answer) for (answer,) in logps])

    def _reference_logps(self, prompts: Sequence[Prompt], completions: Sequence[Any]) -> list[list[Tensor]]:
        return reference_logps(
            self.policy,
            prompts,
            completions,
            self.sampling.temperature,
            self.update.micro_batch_tokens,
            self.processes,
            self.device,
        )

    def _weigh_likelihood(self, rollouts: list[Rollout]) -> list[Rollout]:
        """The rollouts with the component `unlikely`, where it has a weight."""
        weight, limit = self.scorer.config.unlikely_weight, self.unlikely_limit
        if not weight or limit is None:
            return rollouts
        started = time.perf_counter()
        tokens = [[completion.token_ids for completion in rollout.completions] for rollout in rollouts]
        logps = self._reference_logps([rollout.prompt for rollout in rollouts], tokens)
        weighed = []
        for rollout, own in zip(rollouts, logps, strict=True):
            self._ref_logps |= {id(c): found for c, found in zip(rollout.completions, own, strict=True)}
            pairs = zip(rollout.rewards, own, strict=True)
            rewards = tuple(with_likelihood(reward, nats_a_token(one), limit, weight) for reward, one in pairs)
            weighed.append(replace(rollout, rewards=rewards))
        self.sampler.metrics["time/likelihood"] = time.perf_counter() - started
        return weighed

    @explain_out_of_memory("sampling")
    def _sample(self, prompts: list[Prompt]) -> SampledGroups:
        """A group for each prompt; then again, with new seeds, for those whose group has no signal.

        Dynamic sampling, DAPO, arXiv:2503.14476, within a bound. The same question is asked again, not another in its
        place: the order of the data stays what it is, and with it the epoch, the schedule and what a resumed run does.
        A prompt whose last group has no signal either stays in the step, as it would without resampling.
        """
        rounds = [self._sample_round(prompts, attempt=0)]
        rollouts = list(rounds[0])
        for attempt in range(1, self.max_resamples + 1):
            # The same on all processes, since each has the groups of all.
            flat = [i for i, rollout in enumerate(rollouts) if not self.objective.has_signal(rollout)]
            if not flat:
                break
            rounds.append(self._sample_round([prompts[i] for i in flat], attempt))
            for i, rollout in zip(flat, rounds[-1], strict=True):
                rollouts[i] = rollout
        return SampledGroups(rounds, rollouts)

    def _sample_round(self, prompts: list[Prompt], attempt: int) -> list[Rollout]:
        mini_batches = self.update.mini_batches(len(prompts))
        rollouts = self.sampler.sample_groups(
            prompts, mini_batches, self.sampling, self.num_generations, self.num_steps_done, attempt
        )
        if not attempt:
            self._ref_logps.clear()
        return self._weigh_likelihood(rollouts)

    @explain_out_of_memory("the update")
    def _update_policy(self, rollouts: list[Rollout]) -> dict[str, float]:
        """The optimizer steps of one rollout; what they did, for the log."""
        schedule: Any = self.lr_schedulers()
        update = RolloutUpdate(
            rollouts,
            self.objective,
            self.update,
            self.sampling.max_tokens,
            self.sampling.temperature,
            self.device,
            self.processes,
            self.policy.packing,
        )
        self.model.train()
        learned: dict[str, float] = {"lr": schedule.get_last_lr()[0]}
        with self.guard.step(
            self.num_steps_done + 1,
            lambda found: self._trace(found, update.alone()),
            lambda row: _told(rollouts, row),
            lambda *found: self._record(update, *found),
        ):
            self.guard.raise_on(update.nonfinite, self.processes, self.device)
            self._compute_logps(update)
            for mini_batch in filter(update.has_work, update.mini_batches()):
                loss = self.backpropagate(update.losses(self.model, mini_batch), len(update.passes(mini_batch)))
                self.guard.raise_on(update.nonfinite or loss, self.processes, self.device)
                # Before the weights change: nothing is learned from a wrong engine.
                self.sampler.check(rollouts, self.sampling, update.sampling_difference())
                learned |= self.step_optimizer()
        self.sampler.check(rollouts, self.sampling)
        self.zero_grad()
        schedule.step()
        return {**learned, **update.metrics()}

    def _compute_logps(self, update: RolloutUpdate) -> None:
        """Log-probabilities under the reference, where KL is asked for, and under the policy before its first step."""
        if not update.has_work(range(len(update.rollouts))):
            return
        if self.objective.beta > 0 and self._ref_logps:
            completions = [c for rollout in update.rollouts for c in rollout.completions]
            update.restore_logps(
                {"old": {}, "ref": {row: self._ref_logps[id(c)] for row, c in enumerate(completions)}}
            )
        elif self.objective.beta > 0:
            with self.policy.reference() as reference:
                update.compute_ref_logps(
                    reference, self.reference_cache if self.policy.packing is Packing.SHARED else None
                )
        update.compute_old_logps(self.model)

    def _trace(self, found: NonFinite, alone: RolloutUpdate) -> NonFinite:
        losses = alone.losses(self.model, alone.mini_batch)
        return largest_alone(found, alone.rows(alone.mini_batch), losses, self.model.parameters())

    def _record(self, update: RolloutUpdate, step: int, found: str, shown: Mapping[str, Any]) -> str:
        record, tensors = record_update(update)
        return self.record_step({"kind": "grpo", "step": step, "found": found, **shown, **record}, tensors)


def _told(rollouts: Sequence[Rollout], row: int) -> StepCompletion:
    prompt, index = divmod(row, len(rollouts[0].completions))
    return StepCompletion(rollouts[prompt].prompt.sample.question, rollouts[prompt].completions[index].text, index)
