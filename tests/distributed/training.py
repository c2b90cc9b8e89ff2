"""A real trainer for a step or two, on one process or as one of several: what it computed, for comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from lightning import Callback, Trainer
from torch import Tensor

from raiden.core.types import Reward, Sample
from raiden.policy import PolicyConfig, full_tensor
from raiden.rollout.canary import CanaryConfig
from raiden.rollout.engines import SamplingConfig
from raiden.train.datamodule import RoleplayDataModule
from raiden.train.grpo.module import GRPOModule
from raiden.train.optimization import OptimizerConfig
from raiden.train.strategy import FSDP2Strategy
from tests.engines.copied import CopyEngine


@dataclass(frozen=True)
class Case:
    """Options of a run, and which of its prompts teach nothing."""

    prompts: int = 4
    """In each step."""
    steps: int = 1
    flat: Sequence[int] = ()
    """Places in the step of prompts whose completions all earn the same."""
    replicas: int = 1
    policy: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    """Of GRPOModule."""


@dataclass(frozen=True)
class Trained:
    """What a run did: whole tensors, of all processes together."""

    metrics: Mapping[str, float]
    gradients: Sequence[Mapping[str, Tensor]]
    """Of each optimizer step, by parameter."""
    weights: Mapping[str, Tensor]
    sampled: Sequence[Sequence[int]]
    """The completions of the last step."""
    num_reduced: int
    """How often replicas added up gradients."""
    calls: Sequence[str]
    """What the engine was asked for."""
    optimizer_step_at: Sequence[int]
    """How many calls the engine had had before each optimizer step."""


class _Gradients(Callback):
    def __init__(self) -> None:
        self.steps: list[dict[str, Tensor]] = []
        self.calls_before: list[int] = []

    def on_before_optimizer_step(self, trainer: Any, pl_module: Any, optimizer: Any) -> None:
        gradients = {n: p.grad for n, p in pl_module.model.named_parameters() if p.grad is not None}
        self.steps.append({name: full_tensor(gradient).clone() for name, gradient in gradients.items()})
        self.calls_before.append(len(pl_module.engine.calls))


class _Reductions:
    """Counts the all-reduces of backward passes."""

    def __init__(self, module: Any) -> None:
        self.num = 0
        backpropagate, all_reduce = module.backpropagate, torch.distributed.all_reduce

        def reduce(*arguments: Any, **options: Any) -> Any:
            self.num += 1
            return all_reduce(*arguments, **options)

        def counted(*arguments: Any) -> Any:
            with patch.object(torch.distributed, "all_reduce", reduce):
                return backpropagate(*arguments)

        module.backpropagate = counted


class _UnequalRewards:
    """A reward that depends on the text alone, and is the same for every text of the flat prompts.

    Half of the texts it leaves open, for a verifier, if there is one.
    """

    def __init__(self, flat: set[str]) -> None:
        self.flat = flat

    def __call__(self, sample: Sample, text: str, truncated: bool = False) -> Reward:
        digest = blake2b(f"{sample.id} {text}".encode(), digest_size=2).digest()
        value = 0.5 if sample.id in self.flat else int.from_bytes(digest) / 2**16
        components = {"accuracy": float(value > 0.5), "format": 1.0}
        return Reward(value, components, (), "made up", is_open=digest[0] % 2 == 0)


@cache
def _prompts(samples: str, model: str) -> tuple[Any, Any]:
    """Those of all cases, and the chat template that made them: it starts a process of its own."""
    data = RoleplayDataModule(samples, tokenizer=model)
    data.setup("fit")
    return data._prompts, data.chat


def train(model: Path, samples: Path, folder: Path, case: Case, num: int = 1) -> Trained:
    """Trains as one of `num` processes; with one, without any sharding."""
    module = GRPOModule(
        PolicyConfig(str(model), **case.policy),
        **{
            "engine": CopyEngine(),
            "sampling": SamplingConfig(max_tokens=6),
            "optimizer": OptimizerConfig(lr=1e-4, schedule="constant", max_grad_norm=None),
            "canary": CanaryConfig(1e-3),
            "num_generations": 3,
            "seed": 9,
            **case.options,
        },
    )
    data = RoleplayDataModule(str(samples), batch_size=case.prompts, tokenizer=str(model), seed=7)
    data._prompts, data.chat = _prompts(str(samples), str(model))
    module.scorer.vrar = _UnequalRewards({data.train_dataloader().batch(0)[place].sample.id for place in case.flat})
    gradients = _Gradients()
    trainer = make_trainer(
        folder, num, case.replicas, max_epochs=1, limit_train_batches=case.steps, callbacks=[gradients]
    )
    torch.manual_seed(3)
    counts = _Reductions(module)
    trainer.fit(module, data)
    return Trained(
        {name: float(value) for name, value in trainer.callback_metrics.items()},
        gradients.steps,
        {name: full_tensor(p).clone() for name, p in module.model.named_parameters()},
        [c.token_ids for r in module.rollouts for c in r.completions],
        counts.num,
        module.engine.calls,
        gradients.calls_before,
    )


def make_trainer(folder: Path, num: int, replicas: int = 1, **options: Any) -> Trainer:
    """A quiet one; with several processes each of them calls this."""
    strategy: Any = FSDP2Strategy(replicas, timeout_minutes=1) if num > 1 else "auto"
    quiet = {"limit_val_batches": 0, "logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    return Trainer(
        accelerator="cpu", devices=num, strategy=strategy, default_root_dir=folder,
        enable_model_summary=False, **{**quiet, **options},
    )  # fmt: skip


def train_all(model: Path, samples: Path, folder: Path, cases: Mapping[str, Case], num: int) -> dict[str, Trained]:
    """Each case in turn; one start of the processes serves all."""
    return {name: train(model, samples, folder, case, num) for name, case in cases.items()}
