"""Whole GRPO steps, sampling and scoring and update: raiden beside TRL, both with transformers as their engine.

    python -m tests.benchmarks.step_vs_trl [--prompt 1024 --completion 64 --group 8]

Prints one JSON line; `ratio` is TRL's median time by ours. Same model, prompt, number of tokens, optimizer and
scoring; completions are all as long as they may be. As TRL ships it, its gradient checkpointing is on.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from transformers import AutoTokenizer
from trl import GRPOConfig, GRPOTrainer

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script: the tests' own helpers

from raiden.core.languages import word_list
from raiden.core.types import Prompt
from raiden.policy import resolve_model
from raiden.rewards import VRAR
from raiden.rollout.engines import SamplingConfig, TransformersEngine
from raiden.rollout.rollouts import group_seeds, score_groups
from raiden.scoring import Scorer
from raiden.train.grpo import ObjectiveConfig, UpdateConfig
from raiden.train.optimization import OptimizerConfig, make_optimizer
from tests.benchmarks.harness import SMOLLM2, alternate, load_model, load_plain_model, print_result, ratio
from tests.grpo.records import SAMPLE, make_update

LR = 1e-6


def make_prompt(tokenizer: Any, num_tokens: int) -> str:
    """Plain words of exactly so many tokens."""
    words = word_list("the keeper of the lighthouse was born in the north by the sea and has a cat called Biscuit")
    text = ""
    for number in range(10 * num_tokens):
        text += " " + words[number % len(words)]
        if len(tokenizer.encode(text)) >= num_tokens:
            break
    while len(tokenizer.encode(text)) > num_tokens:
        text = text[:-1]
    return text


class Raiden:
    def __init__(self, path: str, prompt: str, arguments: argparse.Namespace) -> None:
        self.model = load_model(path)
        tokenizer = AutoTokenizer.from_pretrained(resolve_model(path))
        self.prompts = [Prompt(SAMPLE, tuple(tokenizer.encode(prompt)))]
        self.sampling = SamplingConfig(max_tokens=arguments.completion)
        self.group = arguments.group
        self.engine = TransformersEngine()
        length = arguments.prompt + arguments.completion
        self.engine.start(self.model, tokenizer, length, torch.float32, self.model.device)
        self.engine.stop_ids = []
        self.optimizer, _ = make_optimizer(self.model.parameters(), OptimizerConfig(LR, "constant"), 1)
        self.num_steps = 0

    def step(self) -> None:
        self.num_steps += 1
        seeds = group_seeds(self.prompts, self.group, run_seed=0, step=self.num_steps)
        groups = self.engine.generate([prompt.token_ids for prompt in self.prompts], seeds, self.sampling)
        rollouts = score_groups(Scorer(), self.prompts, groups)
        # The same rewards as TRL gets, so that both have an update to do.
        rewards = tuple(replace(reward, total=float(i % 2)) for i, reward in enumerate(rollouts[0].rewards))
        update = make_update(
            [replace(rollouts[0], rewards=rewards)],
            ObjectiveConfig(),
            UpdateConfig(micro_batch_tokens=2**20),
            self.sampling.max_tokens,
        )
        self.optimizer.zero_grad()
        for loss in update.losses(self.model, range(1)):
            loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()


class Trl:
    def __init__(self, path: str, prompt: str, arguments: argparse.Namespace) -> None:
        vrar = VRAR()

        def reward(completions: list[str], **columns: Any) -> list[float]:
            for completion in completions:
                vrar(SAMPLE, completion)
            return [float(i % 2) for i in range(len(completions))]

        self.trainer = GRPOTrainer(
            model=load_plain_model(path),
            reward_funcs=reward,
            args=GRPOConfig(
                output_dir=tempfile.mkdtemp(),
                use_cpu=True,
                bf16=False,
                report_to=[],
                learning_rate=LR,
                num_generations=arguments.group,
                per_device_train_batch_size=arguments.group,
                gradient_accumulation_steps=1,
                max_completion_length=arguments.completion,
                generation_kwargs={"min_new_tokens": arguments.completion},
            ),
            train_dataset=Dataset.from_list([{"prompt": prompt}]),
            processing_class=AutoTokenizer.from_pretrained(resolve_model(path)),
        )
        self.trainer.model.gradient_checkpointing_enable(self.trainer.args.gradient_checkpointing_kwargs)
        self.trainer.current_gradient_accumulation_steps = 1
        self.optimizer = self.trainer.create_optimizer()
        self.batch = [{"prompt": prompt}] * arguments.group

    def step(self) -> None:
        self.trainer.model.train()
        self.optimizer.zero_grad()
        self.trainer.training_step(self.trainer.model, self.batch, None)
        torch.nn.utils.clip_grad_norm_(self.trainer.model.parameters(), 1.0)
        self.optimizer.step()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompt", type=int, default=1024)
    parser.add_argument("--completion", type=int, default=64)
    parser.add_argument("--group", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--model", default=SMOLLM2)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    prompt = make_prompt(AutoTokenizer.from_pretrained(resolve_model(arguments.model)), arguments.prompt)
    raiden, trl = Raiden(arguments.model, prompt, arguments), Trl(arguments.model, prompt, arguments)
    seconds = alternate({"raiden": raiden.step, "trl": trl.step}, arguments.rounds)
    lengths = trl.trainer._metrics["train"]["completions/mean_length"]
    assert set(lengths) == {float(arguments.completion)}, f"TRL's completions have other lengths: {lengths}"
    options = {name: getattr(arguments, name) for name in ("model", "prompt", "completion", "group")}
    print_result({"benchmark": "step_vs_trl", **options}, seconds, ratio=ratio(seconds, "trl", "raiden"))


if __name__ == "__main__":
    main()
