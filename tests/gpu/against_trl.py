"""The update of raiden and that of TRL: the same loss and gradients, and how much faster."""

from __future__ import annotations

import importlib.util
import time
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import torch

from raiden.core.types import Rollout
from raiden.train.grpo import ObjectiveConfig, RolloutUpdate, UpdateConfig
from tests.gpu.tokenizer import word_tokenizer
from tests.grpo.records import make_rollout

if TYPE_CHECKING:
    from tests.gpu.checks import Setting


def update_against_trl(setting: Setting) -> dict[str, Any]:
    """A step over both prompts, in the compute type; TRL takes a group after the other, as shipped."""
    from tests.gpu.checks import Skipped, flex_on_cpus

    if importlib.util.find_spec("trl") is None:
        raise Skipped("TRL is not installed")
    length = len(setting.groups()[0].completions[-1])
    # TRL's rows are rectangles; what it pads costs it more, which is not compared here.
    rollouts = [
        make_rollout(group.prompt, [c[:length] for c in group.completions], [0.0, 1.0, 0.0, 1.0])
        for group in setting.groups()
    ]
    update = RolloutUpdate(rollouts, ObjectiveConfig(), UpdateConfig(10**9), length, 1.0, setting.device)
    ours, theirs = setting.model(), setting.model(attention="sdpa")

    def packed() -> float:
        ours.zero_grad()
        with flex_on_cpus(setting):
            loss = sum(update.losses(ours, range(len(rollouts))))
            loss.backward()
        return float(loss)

    with TemporaryDirectory() as folder:
        trainer = _trainer(theirs, setting, folder, length)

        def rows() -> float:
            theirs.zero_grad()
            total = 0.0
            for inputs in _inputs(rollouts, update, setting):
                loss = trainer._compute_loss(theirs, inputs)
                loss.backward()
                total += float(loss)
            return total

        found: dict[str, Any] = {}
        for name, run in (("raiden", packed), ("trl", rows)):
            run()  # compiles
            setting.synchronize()
            started = time.perf_counter()
            found[f"{name}_loss"] = run()
            setting.synchronize()
            found[f"{name}_seconds"] = time.perf_counter() - started
    ours_norm, their_norm = (
        torch.nn.utils.get_total_norm([p.grad.float() for p in model.parameters()]).item() for model in (ours, theirs)
    )
    found |= {"ratio": found["trl_seconds"] / found["raiden_seconds"], "norms": [ours_norm, their_norm]}
    close = 2e-2 if setting.on_gpu else 1e-4
    assert abs(found["raiden_loss"] - found["trl_loss"]) < close, found
    assert abs(ours_norm - their_norm) < close * their_norm, found
    return found


def _trainer(model: Any, setting: Setting, folder: str, length: int) -> Any:
    from datasets import Dataset
    from trl import GRPOConfig, GRPOTrainer

    arguments = GRPOConfig(
        output_dir=folder, use_cpu=not setting.on_gpu, bf16=setting.on_gpu, report_to=[], loss_type="dapo",
        num_generations=4, per_device_train_batch_size=4, max_completion_length=length,
        gradient_checkpointing=False,
    )  # fmt: skip
    trainer = GRPOTrainer(
        model=model,
        reward_funcs=lambda completions, **columns: [0.0] * len(completions),
        args=arguments,
        train_dataset=Dataset.from_list([{"prompt": "a"}]),
        processing_class=word_tokenizer(setting.config.vocab_size),
    )
    trainer.current_gradient_accumulation_steps = 1
    model.train()
    return trainer


def _inputs(rollouts: list[Rollout], update: RolloutUpdate, setting: Setting) -> list[dict[str, Any]]:
    num_tokens = torch.tensor(sum(len(c.token_ids) for r in rollouts for c in r.completions), device=setting.device)
    made = []
    for rollout, advantages in zip(rollouts, update.batch.advantages.split(4), strict=True):
        prompts = torch.tensor([rollout.prompt.token_ids] * 4, device=setting.device)
        completions = torch.tensor([c.token_ids for c in rollout.completions], device=setting.device)
        made.append(
            {
                "prompt_ids": prompts,
                "prompt_mask": torch.ones_like(prompts),
                "completion_ids": completions,
                "completion_mask": torch.ones_like(completions),
                "advantages": advantages,
                "num_items_in_batch": num_tokens,
            }
        )
    return made
