"""Supervised fine-tuning as LightningModule hooks."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from lightning.pytorch.utilities import rank_zero_info

from raiden.core.errors import require_at_least
from raiden.core.out_of_memory import explain_out_of_memory
from raiden.core.types import Prompt
from raiden.packing import Group, Passes
from raiden.policy import PolicyConfig
from raiden.policy.sharing import warn_if_unshared
from raiden.rewards import RewardConfig
from raiden.rollout.canary import CanaryConfig
from raiden.rollout.engines import Engine, SamplingConfig, stop_token_ids
from raiden.train.guard import StepCompletion
from raiden.train.module import PolicyModule
from raiden.train.nonfinite import NonFinite, largest_alone
from raiden.train.optimization import OptimizerConfig
from raiden.train.sft.cross_entropy import CrossEntropy
from raiden.train.sft.reasoning import own_reasoning
from raiden.train.sft.targets import end_of_turn, target_text, target_token_ids

_IN_PROGRESS_BAR = ("loss", "tokens_per_second")


@dataclass(frozen=True)
class SFTUpdateConfig:
    """How a batch becomes an optimizer step."""

    micro_batch_tokens: int = 4096
    """Tokens of one forward and backward pass, shared ones counted once; bounds the memory. Gradients add up over
    micro-batches until all prompts of a step are through."""

    def __post_init__(self) -> None:
        require_at_least("model.update.micro_batch_tokens", self.micro_batch_tokens, 1)


class SFTModule(PolicyModule):
    """Learns the reference answers, so that GRPO starts from a policy that knows the format.

    The loss of a step is the mean cross-entropy of its target tokens (reasoning, answer and end of turn; the prompt
    is only read), each token counted the same. Held-out questions are answered and scored as in GRPO.
    """

    def __init__(
        self,
        policy: PolicyConfig,
        engine: Engine | None = None,
        val_sampling: SamplingConfig = SamplingConfig(temperature=0.0),
        rewards: RewardConfig = RewardConfig(),
        update: SFTUpdateConfig = SFTUpdateConfig(),
        optimizer: OptimizerConfig = OptimizerConfig(),
        canary: CanaryConfig = CanaryConfig(),
        seed: int = 0,
        max_skipped: int = 3,
    ) -> None:
        """
        Args:
            policy: the model that is trained.
            engine: what generates the held-out replies.
            val_sampling: how held-out replies are drawn.
            rewards: weights and limits of the reward that scores them; its `response_format` is also the targets'.
            update: how a batch becomes an optimizer step.
            optimizer: learning rate and schedule.
            canary: watches that the engine samples with the policy's weights.
            seed: of the held-out replies; linked from seed_everything.
            max_skipped: skipped steps in a row that end the run; linked from watch.max_skipped.
        """
        super().__init__(policy, engine, val_sampling, rewards, optimizer, canary, seed, max_skipped)
        self.update = update
        self.response_format = rewards.response_format
        self.targets: dict[str, tuple[int, ...]] = {}  # by sample id
        self._val_nats = self._val_tokens = 0.0

    def setup(self, stage: str) -> None:
        super().setup(stage)
        tokenizer = self.policy.tokenizer
        end = end_of_turn(tokenizer, stop_token_ids(self.model, tokenizer))
        prompts = [*self._data.train_dataloader().prompts, *self._data.val_dataloader().prompts]
        # All of them now: what is wrong with a sample is said before training begins.
        for prompt in prompts:
            text = target_text(prompt.sample, self.response_format)
            self.targets[prompt.sample.id] = target_token_ids(self._data.chat, text, end)
        if stage == "fit":
            longest = max(map(len, self.targets.values()))
            warn_if_unshared(self.policy.sharing, self._data.train_dataloader().batch(0), 1, longest)
        if self.response_format == "think" and (made := sum(not own_reasoning(p.sample) for p in prompts)):
            rank_zero_info(
                f"{made} of {len(prompts)} samples have no `reasoning`: their think blocks quote what the answer "
                "rests on."
            )

    @explain_out_of_memory("the update")
    def training_step(self, prompts: list[Prompt], batch_idx: int) -> None:
        started = time.perf_counter()
        schedule: Any = self.lr_schedulers()
        self.rollouts = []
        self.sampler.sleep()
        self.model.train()
        cross_entropy = self._cross_entropy(prompts)
        learned: dict[str, float] = {"lr": schedule.get_last_lr()[0]}
        with self.guard.step(
            self.num_steps_done + 1,
            lambda found: self._trace(found, cross_entropy.alone()),
            lambda row: self._told(prompts[row]),
            lambda *found: self._record(prompts, cross_entropy, *found),
        ):
            loss = self.backpropagate(cross_entropy.losses(self.model), len(cross_entropy.passes))
            self.guard.raise_on(cross_entropy.nonfinite or loss, self.processes, self.device)
            learned |= self.step_optimizer()
        self.zero_grad()
        schedule.step()
        num_tokens = cross_entropy.num_tokens + sum(len(prompt.token_ids) for prompt in prompts)
        seconds = time.perf_counter() - started
        timing = {"step_time": seconds, "tokens_per_second": num_tokens / seconds}
        self.end_step({**cross_entropy.metrics(), **learned, **timing}, num_tokens, _IN_PROGRESS_BAR)

    def _trace(self, found: NonFinite, alone: CrossEntropy) -> NonFinite:
        rows = range(len(alone.groups))
        return largest_alone(found, rows, alone.losses(self.model), self.model.parameters())

    def _told(self, prompt: Prompt) -> StepCompletion:
        return StepCompletion(prompt.sample.question, target_text(prompt.sample, self.response_format), 0)

    def _record(
        self, prompts: Sequence[Prompt], cross_entropy: CrossEntropy, step: int, found: str, shown: Mapping[str, Any]
    ) -> str:
        told = [self._told(prompt) for prompt in prompts]
        groups = [
            {"question": t.question, "text": t.text, "prompt": group.prompt, "token_ids": group.completions[0]}
            for t, group in zip(told, cross_entropy.groups, strict=True)
        ]
        return self.record_step({"kind": "sft", "step": step, "found": found, **shown, "groups": groups}, {})

    def _cross_entropy(self, prompts: Sequence[Prompt]) -> CrossEntropy:
        groups = [Group(p.token_ids, [self.targets[p.sample.id]], [row]) for row, p in enumerate(prompts)]
        tokens = self.update.micro_batch_tokens
        return CrossEntropy(Passes(groups, tokens, self.device, self.processes, self.policy.packing))

    # Evaluation

    @explain_out_of_memory("validation")
    def validation_step(self, prompts: list[Prompt], batch_idx: int) -> None:
        super().validation_step(prompts, batch_idx)
        cross_entropy = self._cross_entropy(prompts)
        with torch.no_grad():
            for _ in cross_entropy.losses(self.model):
                pass
        self._val_nats += cross_entropy.metrics()["loss"] * cross_entropy.num_tokens
        self._val_tokens += cross_entropy.num_tokens

    def take_evaluation(self) -> dict[str, float]:
        """Also `loss`: mean cross-entropy of the held-out reference answers, in nats a token."""
        loss = self._val_nats / self._val_tokens
        self._val_nats = self._val_tokens = 0.0
        return {**super().take_evaluation(), "loss": loss}
