"""What every way of training the policy shares: setup, optimizer, held-out replies, checkpoints."""

import math
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import torch
from lightning import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor

from raiden.core.errors import ConfigError, TrainingError
from raiden.core.out_of_memory import explain_out_of_memory
from raiden.core.processes import Processes
from raiden.core.types import Prompt, Rollout
from raiden.policy import (
    Placement,
    Policy,
    PolicyConfig,
    SampledWeights,
    broken_weight,
    frozen_digests,
    full_tensor,
    load_policy,
    nonfinite_of,
    nonfinite_states,
    nonfinite_weights,
    reduce_over_replicas,
    refuse_other_frozen,
    refuse_other_weights,
    refuse_steps_that_round_away,
)
from raiden.rewards import RewardConfig
from raiden.rollout.canary import CanaryConfig
from raiden.rollout.engines import Engine, SamplingConfig, TransformersEngine
from raiden.rollout.rollouts import refuse_unscored
from raiden.rollout.sampler import Sampler
from raiden.scoring import Scorer
from raiden.train.checkpoints import generator_states, restore_generators
from raiden.train.guard import BrokenStep, StepGuard
from raiden.train.launcher import own_device
from raiden.train.metrics import RoleAwareness
from raiden.train.nonfinite import GRADIENT_NORM, LOSS, NonFinite, NonFiniteStep
from raiden.train.optimization import OptimizerConfig, make_optimizer, warn_of_other_warmup
from raiden.train.recording import record_step


class PolicyModule(LightningModule):
    """A policy in training, and an engine that answers held-out questions with its weights.

    A step is a rollout: a batch of prompts, however many optimizer steps it is worth, none included. Limits, schedule,
    logs and checkpoints count steps; a checkpoint is only taken between them.
    """

    def __init__(
        self,
        policy: PolicyConfig,
        engine: Engine | None,
        val_sampling: SamplingConfig,
        rewards: RewardConfig,
        optimizer: OptimizerConfig,
        canary: CanaryConfig,
        seed: int,
        max_skipped: int,
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.policy_config = policy
        self.engine = engine or TransformersEngine()
        self.val_sampling = val_sampling
        self.scorer = Scorer(rewards)
        self.optimizer_config = optimizer
        self.canary = canary
        self.seed = seed
        self.guard = StepGuard(max_skipped)
        self.num_steps_done = 0
        self.num_tokens = 0
        self.role_awareness = RoleAwareness()
        self.rollouts: list[Rollout] = []  # of the last batch, for callbacks
        self.step_metrics: dict[str, float] = {}  # of the last step, for callbacks
        self.shares: dict[str, float] = {}  # of the last evaluation; shares of right replies, 0 to 1
        self.processes = Processes()
        self.sampler: Sampler
        self._frozen: dict[str, str] = {}
        self._policy: list[Policy] = []  # in a list, so that the reference is no submodule and in no checkpoint

    @property
    def policy(self) -> Policy:
        """The loaded policy; there from `configure_model` on."""
        return self._policy[0]

    # What the ways of training differ in

    @property
    def needs_reference(self) -> bool:
        """Whether training looks at the policy as it was before."""
        return False

    @property
    def max_tokens(self) -> int:
        """Longest completion that is sampled, in tokens."""
        return self.val_sampling.max_tokens

    # Setting up

    def configure_model(self) -> None:
        if not self._policy:
            mesh = getattr(self.trainer.strategy, "shard_mesh", None)
            placement = Placement(self.trainer.strategy.root_device, mesh)
            self._policy.append(load_policy(self.policy_config, self.needs_reference, placement))
            self.model = self.policy.model
            self.strict_loading = self.policy_config.lora is None

    def configure_optimizers(self) -> OptimizerLRScheduler:
        num_steps = self.num_steps
        if num_steps is None and self.optimizer_config.schedule != "constant":
            raise ConfigError(
                f"`model.optimizer.schedule` is {self.optimizer_config.schedule}, which needs an end of the run: set "
                "`trainer.max_epochs` or `trainer.max_steps`, or take the constant schedule."
            )
        refuse_steps_that_round_away(self.model, self.optimizer_config.lr)
        optimizer, schedule = make_optimizer(self.model.parameters(), self.optimizer_config, num_steps or 1)
        return [optimizer], [schedule]

    @property
    def num_steps(self) -> int | None:
        """Steps of the whole run, which the schedule spans; None: it has no end."""
        trainer: Any = self.trainer
        limits: list[int] = []
        if trainer.max_epochs is not None and trainer.max_epochs >= 0:
            # Lightning's own estimate sets up the loader here, before its position is restored from a checkpoint.
            num_batches, limit = len(self._data.train_dataloader()), trainer.limit_train_batches
            per_epoch = min(limit, num_batches) if isinstance(limit, int) else int(limit * num_batches)
            limits.append(trainer.max_epochs * per_epoch)
        if trainer.max_steps >= 0:
            limits.append(trainer.max_steps)
        return min(limits, default=None)

    @explain_out_of_memory("loading the model")
    def setup(self, stage: str) -> None:
        self.configure_model()
        self.processes = Processes.current()
        self._frozen = frozen_digests(self.policy)
        compute_dtype = self.policy.compute_dtype or self.model.dtype
        max_length = self._data.max_prompt_tokens + self.max_tokens
        device = own_device(self.trainer.strategy, self.processes)
        self.engine.start(self.model, self.policy.tokenizer, max_length, compute_dtype, device)
        self.scorer.settings = self._data.settings
        self.sampler = Sampler(
            self.engine, self.policy, self.scorer, self.canary, self.processes, self.seed, device, self._data.chat
        )

    @property
    def _data(self) -> Any:
        """The trainer's data module, which Lightning's types do not know."""
        trainer: Any = self.trainer
        return trainer.datamodule

    def on_fit_start(self) -> None:
        self.policy.move_reference(self.device)

    def teardown(self, stage: str) -> None:
        self.engine.close()
        self.scorer.close()

    # The pieces of a step

    def backpropagate(self, losses: Iterable[Tensor], num_losses: int) -> NonFinite | None:
        """Leaves the gradients of the sum of all processes' losses, `num_losses` each; its own sum if that is none."""
        optimizer: Any = self.optimizers()
        optimizer.zero_grad()
        total = torch.zeros((), device=self.device)
        for number, loss in enumerate(losses, start=1):
            total += loss.detach()
            reduce_over_replicas(self.model, number == num_losses)
            # Gradients of sharded weights are averaged over processes; each has a part of the sum.
            self.manual_backward(loss * self.processes.num)
        return None if total.isfinite() else NonFinite(LOSS, total.item())

    def step_optimizer(self) -> dict[str, float]:
        """Takes an optimizer step with the gradients that are there; what it did, for the log.

        `grad_norm` is their norm before they were clipped, `update/changed_share` the share of the trained weights
        that are other numbers now.

        Raises:
            NonFiniteStep: the norm is no finite number; nothing has changed.
            BrokenStep: the step has made weights that are none.
        """
        optimizer: Any = self.optimizers()
        norm = self.clip_gradients_to_limit()
        if not math.isfinite(norm):
            raise NonFiniteStep(NonFinite(GRADIENT_NORM, norm))
        sampled = SampledWeights(self.model)
        optimizer.step()
        self.guard.in_a_row = []
        if broken := nonfinite_of((n, p) for n, p in self.model.named_parameters() if p.requires_grad):
            raise BrokenStep(len(broken), broken_weight(self.model, optimizer))
        return {"grad_norm": norm, "update/changed_share": sampled.changed_share()}

    def clip_gradients_to_limit(self) -> float:
        """Clips to `max_grad_norm`; the norm before."""
        optimizer: Any = self.optimizers()
        parameters = [p for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        norm = torch.nn.utils.clip_grad_norm_(parameters, self.optimizer_config.max_grad_norm or math.inf)
        return full_tensor(norm).item()

    def record_step(self, record: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> str:
        """Writes a skipped step into the run's folder; says how to compute it again. All processes have to call it."""
        return record_step(self.trainer, record, tensors, self.policy, self.policy_config, self.processes)

    def end_step(self, metrics: Mapping[str, float], num_tokens: int, shown: Collection[str]) -> None:
        """Counts a step that is done or skipped, and logs it.

        Args:
            num_tokens: that it read and wrote.
            shown: names of the metrics that stand in the progress bar too.
        """
        self.num_steps_done += 1
        self.num_tokens += num_tokens
        # Lightning counts calls of the optimizer, and holds its limits to them; a step may have none, or several.
        counted = self.trainer.fit_loop.epoch_loop.manual_optimization.optim_step_progress.total
        counted.ready = counted.completed = self.num_steps_done
        metrics = {**metrics, "num_tokens": float(self.num_tokens), "update/skipped": float(self.guard.num_skipped)}
        self.step_metrics = metrics
        self.log_by_step({name: value for name, value in metrics.items() if name not in shown})
        self.log_dict({name: value for name, value in metrics.items() if name in shown}, prog_bar=True)

    def log_by_step(self, metrics: Mapping[str, float]) -> None:
        """Logs metrics over the steps done; by itself Lightning logs over those done before."""
        self.log_dict({**metrics, "step": float(self.num_steps_done)})

    # Evaluation

    @explain_out_of_memory("validation")
    def validation_step(self, prompts: list[Prompt], batch_idx: int) -> None:
        all_prompts = range(len(prompts))
        self.rollouts = self.sampler.sample_groups(prompts, [all_prompts], self.val_sampling, 1, self.num_steps_done)
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
        self.shares = self.take_evaluation()
        self.log_by_step({f"{stage}/{name}": share for name, share in self.shares.items()})

    def take_evaluation(self) -> dict[str, float]:
        """The figures of the evaluation that has ended; the next one starts from nothing."""
        shares = {name: share.item() for name, share in self.role_awareness.compute().items()}
        self.role_awareness.reset()
        if shares and "reward" not in shares:
            refuse_unscored(self.rollouts)
        return shares

    def predict_step(self, prompts: list[Prompt], batch_idx: int) -> list[str]:
        self.rollouts = self.sampler.sample_groups(
            prompts, [range(len(prompts))], self.val_sampling, 1, self.num_steps_done
        )
        self.sampler.check(self.rollouts, self.val_sampling)
        return [rollout.completions[0].text for rollout in self.rollouts]

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        optimizers: Any = self.optimizers(use_pl_optimizer=False)
        if broken := [*nonfinite_weights(self.model), *nonfinite_states(self.model, optimizers)]:
            raise TrainingError(
                f"{len(broken)} weights and optimizer states hold a NaN or an infinity after step "
                f"{self.num_steps_done}, the first: {broken[0]}; no checkpoint of them was written. Go on from the "
                "last one with a lower `model.optimizer.lr` or `model.optimizer.max_grad_norm`."
            )
        if self.policy_config.lora is not None:
            trained = {name for name, p in self.named_parameters() if p.requires_grad}
            checkpoint["state_dict"] = {k: v for k, v in checkpoint["state_dict"].items() if k in trained}
        checkpoint["raiden"] = {
            "num_steps_done": self.num_steps_done,
            "num_tokens": self.num_tokens,
            "num_skipped": self.guard.num_skipped,
            "frozen": self._frozen,
            "rng": generator_states(),
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        refuse_other_weights(self.state_dict(), checkpoint.get("state_dict", {}))  # shards: where they are read
        state = checkpoint["raiden"]
        refuse_other_frozen(self._frozen, state.get("frozen", {}), "the run")
        self.num_steps_done, self.num_tokens = state["num_steps_done"], state["num_tokens"]
        self.guard.num_skipped = state.get("num_skipped", 0)
        warn_of_other_warmup(checkpoint.get("lr_schedulers", ()), self.num_steps_done, self.optimizer_config)
        restore_generators(state["rng"])
