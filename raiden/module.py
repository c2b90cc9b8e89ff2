"""The GRPO loop as LightningModule hooks."""

from __future__ import annotations

import math
import time
from typing import Any

import torch
from lightning import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRScheduler

from raiden.canary import CanaryConfig
from raiden.engines import Engine, SamplingConfig, TransformersEngine
from raiden.errors import ConfigError
from raiden.generators import generator_states, restore_generators
from raiden.grpo import ObjectiveConfig, RolloutUpdate, UpdateConfig, with_correction
from raiden.metrics import RoleAwareness
from raiden.optimization import OptimizerConfig, make_optimizer
from raiden.policy import Placement, Policy, PolicyConfig, load_policy, whole
from raiden.processes import Processes
from raiden.rewards import VRAR, RewardConfig
from raiden.rollouts import rollout_metrics
from raiden.sampler import Sampler
from raiden.types import Prompt, Rollout


class GRPOModule(LightningModule):
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
        val_sampling: SamplingConfig | None = None,
        rewards: RewardConfig = RewardConfig(),
        objective: ObjectiveConfig = ObjectiveConfig(),
        update: UpdateConfig = UpdateConfig(),
        optimizer: OptimizerConfig = OptimizerConfig(),
        canary: CanaryConfig = CanaryConfig(),
        num_generations: int = 8,
        seed: int = 0,
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
            seed: of the completions; linked from seed_everything.
        """
        super().__init__()
        if num_generations < 2:
            raise ConfigError(
                f"`model.num_generations` must be at least 2 (a group of one has no spread), got {num_generations}."
            )
        if sampling.temperature == 0:
            raise ConfigError(
                "`model.sampling.temperature` must be above 0: greedy completions of a group are all the same and "
                "teach nothing; set it in `model.val_sampling` for greedy replies in validation."
            )
        self.automatic_optimization = False
        self.policy_config = policy
        self.engine = engine or TransformersEngine()
        self.sampling = sampling
        self.val_sampling = val_sampling or SamplingConfig(temperature=0.0, max_tokens=self.sampling.max_tokens)
        self.vrar = VRAR(rewards)
        self.objective = with_correction(objective, self.engine.shares_weights)
        self.canary = canary
        self.update = update
        self.optimizer_config = optimizer
        self.num_generations = num_generations
        self.seed = seed
        self.num_steps_done = 0
        self.num_tokens = 0
        self.role_awareness = RoleAwareness()
        self.rollouts: list[Rollout] = []  # of the last batch, for callbacks
        self.shares: dict[str, float] = {}  # of the last evaluation; shares of right replies, 0 to 1
        self.processes = Processes()
        self.sampler: Sampler
        self._policy: list[Policy] = []  # in a list, so that the reference is no submodule and in no checkpoint

    @property
    def policy(self) -> Policy:
        """The loaded policy; there from `configure_model` on."""
        return self._policy[0]

    # Setting up

    def configure_model(self) -> None:
        if not self._policy:
            mesh = getattr(self.trainer.strategy, "shard_mesh", None)
            placement = Placement(mesh, self.trainer.strategy.root_device) if mesh is not None else None
            policy = load_policy(self.policy_config, self.objective.beta > 0, placement)
            self._policy.append(policy)
            self.model = policy.model
            self.strict_loading = self.policy_config.lora is None

    def configure_optimizers(self) -> OptimizerLRScheduler:
        optimizer, schedule = make_optimizer(self.model.parameters(), self.optimizer_config, self._num_steps())
        return [optimizer], [schedule]

    def _num_steps(self) -> int:
        """Steps of the whole run, which the schedule spans."""
        trainer: Any = self.trainer
        limits = []
        if trainer.max_epochs and trainer.max_epochs > 0:
            # Lightning's own estimate sets up the loader here, before its position is restored from a checkpoint.
            num_batches, limit = len(trainer.datamodule.train_dataloader()), trainer.limit_train_batches
            per_epoch = min(limit, num_batches) if isinstance(limit, int) else int(limit * num_batches)
            limits.append(trainer.max_epochs * per_epoch)
        if trainer.max_steps > 0:
            updates = len(self.update.parts(trainer.datamodule.batch_size)) * self.update.num_iterations
            limits.append(trainer.max_steps / updates)
        if not limits and self.optimizer_config.schedule != "constant":
            raise ConfigError(
                f"`model.optimizer.schedule` is {self.optimizer_config.schedule}, which needs an end of the run: set "
                "`trainer.max_epochs` or `trainer.max_steps`, or take the constant schedule."
            )
        return math.ceil(min(limits, default=1))

    def setup(self, stage: str) -> None:
        self.configure_model()
        self.processes = Processes.current()
        compute_dtype = self.policy.compute_dtype or self.model.dtype
        self.engine.start(self.model, self.policy.tokenizer, self._max_length(), compute_dtype)
        self.sampler = Sampler(
            self.engine,
            self.policy,
            self.vrar,
            self.canary,
            self.processes,
            self.seed,
            self.trainer.strategy.root_device,
        )

    def _max_length(self) -> int:
        """Longest prompt with its completion, in tokens."""
        trainer: Any = self.trainer
        return int(trainer.datamodule.max_prompt_tokens) + max(self.sampling.max_tokens, self.val_sampling.max_tokens)

    def on_fit_start(self) -> None:
        self.policy.move_reference(self.device)

    def teardown(self, stage: str) -> None:
        self.engine.close()

    # Training

    def training_step(self, prompts: list[Prompt], batch_idx: int) -> None:
        started = time.perf_counter()
        rollouts = self.sampler.collect(
            prompts, self.update.parts(len(prompts)), self.sampling, self.num_generations, self.num_steps_done
        )
        sampled = time.perf_counter()
        self.sampler.give_way()
        learned = self._learn(rollouts)
        self.num_steps_done += 1
        num_tokens = sum(len(c.token_ids) for r in rollouts for c in r.completions)
        self.num_tokens += num_tokens + sum(len(r.prompt.token_ids) for r in rollouts) * self.num_generations
        now = time.perf_counter()
        timing = {
            "step_time": now - started,
            "time/sampling": sampled - started,
            "time/update": now - sampled,
            "tokens_per_second": num_tokens / (sampled - started),
        }
        metrics = rollout_metrics(rollouts)
        self._log({**metrics, **learned, **timing, **self.sampler.metrics, "num_tokens": float(self.num_tokens)})
        self.rollouts = rollouts

    def _learn(self, rollouts: list[Rollout]) -> dict[str, float]:
        """The optimizer steps of one rollout; what they did, for the log."""
        optimizer: Any = self.optimizers()
        schedule: Any = self.lr_schedulers()
        update = RolloutUpdate(
            rollouts,
            self.objective,
            self.update,
            self.sampling.max_tokens,
            self.sampling.temperature,
            self.device,
            self.processes,
        )
        self.model.train()
        learned: dict[str, float] = {"lr": schedule.get_last_lr()[0]}
        if update.has_work(range(len(rollouts))):
            if self.objective.beta > 0:
                with self.policy.reference() as reference:
                    update.remember_ref_logps(reference)
            update.remember_old_logps(self.model)
        for part in update.parts():
            if not update.has_work(part):
                continue
            optimizer.zero_grad()
            for loss in update.losses(self.model, part):
                # Gradients of sharded weights are averaged over processes; each has a part of the sum.
                self.manual_backward(loss * self.processes.num)
            # Before the weights change: a wrong engine shall not have taught anything.
            self.sampler.check(rollouts, self.sampling, update.sampling_difference())
            learned["grad_norm"] = self._clip_gradients(optimizer)
            optimizer.step()
        self.sampler.check(rollouts, self.sampling)
        optimizer.zero_grad()
        schedule.step()
        return {**learned, **update.metrics()}

    def _clip_gradients(self, optimizer: Any) -> float:
        """Clips to `max_grad_norm`; the norm before."""
        parameters = [p for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        limit = self.optimizer_config.max_grad_norm
        norm = torch.nn.utils.clip_grad_norm_(parameters, math.inf if limit is None else limit)
        return whole(norm).item()

    def _log(self, metrics: dict[str, float]) -> None:
        shown = {"reward", "train/sbk", "tokens_per_second"}
        self.log_dict({name: value for name, value in metrics.items() if name not in shown})
        self.log_dict({name: value for name, value in metrics.items() if name in shown}, prog_bar=True)

    # Evaluation

    def validation_step(self, prompts: list[Prompt], batch_idx: int) -> None:
        all_prompts = range(len(prompts))
        self.rollouts = self.sampler.collect(prompts, [all_prompts], self.val_sampling, 1, self.num_steps_done)
        self.sampler.check(self.rollouts, self.val_sampling)
        for i in self.processes.share(all_prompts):  # the metric adds up the shares of all processes
            self.role_awareness.update(self.rollouts[i].prompt.sample, self.rollouts[i].rewards[0])

    def on_validation_epoch_end(self) -> None:
        self._log_shares("val")

    def test_step(self, prompts: list[Prompt], batch_idx: int) -> None:
        self.validation_step(prompts, batch_idx)

    def on_test_epoch_end(self) -> None:
        self._log_shares("test")

    def _log_shares(self, stage: str) -> None:
        self.shares = {name: share.item() for name, share in self.role_awareness.compute().items()}
        self.role_awareness.reset()
        self.log_dict({f"{stage}/{name}": share for name, share in self.shares.items()})

    def predict_step(self, prompts: list[Prompt], batch_idx: int) -> list[str]:
        self.rollouts = self.sampler.collect(prompts, [range(len(prompts))], self.val_sampling, 1, self.num_steps_done)
        self.sampler.check(self.rollouts, self.val_sampling)
        return [rollout.completions[0].text for rollout in self.rollouts]

    # Checkpoints

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        if self.policy_config.lora is not None:
            trained = {name for name, p in self.named_parameters() if p.requires_grad}
            checkpoint["state_dict"] = {k: v for k, v in checkpoint["state_dict"].items() if k in trained}
        checkpoint["raiden"] = {
            "num_steps_done": self.num_steps_done,
            "num_tokens": self.num_tokens,
            "rng": generator_states(),
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self._refuse_other_model(checkpoint.get("state_dict", {}))  # shards are checked where they are read
        state = checkpoint["raiden"]
        self.num_steps_done, self.num_tokens = state["num_steps_done"], state["num_tokens"]
        restore_generators(state["rng"])

    def _refuse_other_model(self, weights: dict[str, torch.Tensor]) -> None:
        own = self.state_dict()
        wrong = [name for name, w in weights.items() if name not in own or own[name].shape != w.shape]
        if wrong:
            raise ConfigError(
                f"`ckpt_path`: the checkpoint is of another model than `model.policy.path` and its `lora` give "
                f"({len(wrong)} weights differ, the first: {wrong[0]}); give the options of the run that wrote it."
            )
