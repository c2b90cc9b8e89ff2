"""Learning by the CPU-minute: raiden beside TRL, on the same model, data, reward, schedule and number of completions.

    python -m tests.benchmarks.learning_vs_trl [--steps 15 --every 3 --seeds 1 2 3] [--to_the_end]

Prints one JSON line: for each contestant and seed the curve of held-out figures by CPU-seconds of training, and by
contestant the median CPU-seconds to +20 and +40 points of held-out SBK (null where a run did not get there). A run
ends at the first look that finds it there, unless it is to go on to the last step of its schedule.

Each contestant trains the quickstart's model on the quickstart's questions, in the same order, with the same prompts
token by token and the same learning options; held-out replies are greedy, by raiden's engine for both. Loading the
model and answering the held-out questions is not counted. `trl` is TRL as shipped (GRPOConfig's defaults but for the
learning options); `trl-tuned` has gradient checkpointing off, which is what helps it most on a CPU.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor
from transformers import TrainerCallback
from trl import GRPOConfig, GRPOTrainer

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script: the tests' own helpers

from raiden.core.types import Prompt
from raiden.data.chat_template import ChatTemplate
from raiden.data.prompts import PromptSettings, build_messages, read_prompt_template
from raiden.data.samples import load_samples
from raiden.policy import Policy, PolicyConfig, load_policy
from raiden.rewards import RewardConfig
from raiden.rollout.engines import SamplingConfig, TransformersEngine
from raiden.rollout.rollouts import group_seeds, score_groups
from raiden.scoring import Scorer
from raiden.train.grpo import ObjectiveConfig, RolloutUpdate, UpdateConfig
from raiden.train.loaders import PromptLoader
from raiden.train.optimization import OptimizerConfig, make_optimizer
from raiden.train.trl.rewards import RewardFunctions
from raiden.train.trl.train import make_dataset
from tests.benchmarks.harness import SMOLLM2, load_plain_model

Curve = list[dict[str, float]]
Evaluate = Callable[[Mapping[str, Tensor]], dict[str, float]]

PROMPTS, GROUP, LR = 4, 8, 4e-5
SAMPLING = SamplingConfig(temperature=0.7, max_tokens=16)
GREEDY = SamplingConfig(temperature=0.0, max_tokens=16)
REWARDS = RewardConfig(first_person_weight=0.5, min_length=7, writing_weight=0.1)
OBJECTIVE = ObjectiveConfig(advantage_scale="none")
GAINS = (0.2, 0.4)


class Data:
    """The quickstart's questions as prompts, and who answers the held-out ones."""

    def __init__(self, model: str, held_out: int) -> None:
        self.path = model
        self.judge = load_policy(PolicyConfig(model))
        template = read_prompt_template("configs/prompts/short.jinja")
        self.settings = PromptSettings("plain", {}, "2026-11-29", None, "template", template)
        self.chat = ChatTemplate(self.judge.tokenizer, self.settings, model)
        self.train = self._prompts("train")
        found = self._prompts("validation")
        self.held_out = found[:: max(1, len(found) // held_out)][:held_out]
        self.engine = make_engine(self.judge)

    def _prompts(self, name: str) -> list[Prompt]:
        samples = load_samples(f"data/training/quickstart_{name}.json")
        ids = self.chat.encode([build_messages(sample, self.settings) for sample in samples])
        return [Prompt(sample, tokens) for sample, tokens in zip(samples, ids, strict=True)]

    def batches(self, seed: int, steps: int) -> list[list[Prompt]]:
        """The prompts of each step, as `raiden fit` orders them."""
        loader = PromptLoader(self.train, PROMPTS, PROMPTS, seed)
        return [loader.batch(step) for step in range(steps)]

    def evaluate(self, weights: Mapping[str, Tensor]) -> dict[str, float]:
        """Held-out figures of a policy: shares of right replies, the mean reward, the mean length in words."""
        self.judge.model.load_state_dict(dict(weights))
        seeds = group_seeds(self.held_out, 1, run_seed=0, step=0)
        with torch.no_grad():
            groups = self.engine.generate([prompt.token_ids for prompt in self.held_out], seeds, GREEDY)
        self.engine.sleep()
        rollouts = score_groups(Scorer(REWARDS), self.held_out, groups)
        right: dict[str, list[float]] = {"sbk": [], "cm": []}
        for rollout in rollouts:
            right[rollout.prompt.sample.focus].append(rollout.rewards[0].accuracy)
        figures = {focus: statistics.fmean(values) for focus, values in right.items() if values}
        figures["reward"] = statistics.fmean(total for rollout in rollouts for total in rollout.totals)
        figures["words"] = statistics.fmean(len(r.completions[0].text.split()) for r in rollouts)
        return {name: round(value, 4) for name, value in figures.items()}


def make_engine(policy: Policy) -> TransformersEngine:
    engine = TransformersEngine()
    engine.start(policy.model, policy.tokenizer, 2048, torch.float32, torch.device("cpu"))
    return engine


class Clock:
    """CPU-seconds of this process, without what is measured with it stopped; and the curve so far."""

    def __init__(self, evaluate: Evaluate, to_the_end: bool) -> None:
        self.evaluate = evaluate
        self.to_the_end = to_the_end
        self.curve: Curve = []
        self._spent, self._since = 0.0, time.process_time()

    def look(self, step: int, weights: Mapping[str, Tensor]) -> None:
        self._spent += time.process_time() - self._since
        self.curve.append({"step": step, "cpu_seconds": round(self._spent, 1), **self.evaluate(weights)})
        print(json.dumps(self.curve[-1]), file=sys.stderr, flush=True)
        self._since = time.process_time()

    @property
    def is_done(self) -> bool:
        """Whether the last look found the largest gain, and no more is asked."""
        return not self.to_the_end and seconds_to(self.curve, max(GAINS)) is not None


def run_raiden(data: Data, batches: Sequence[Sequence[Prompt]], seed: int, every: int, to_the_end: bool) -> Curve:
    """The step of `raiden fit`, hook by hook."""
    policy = load_policy(PolicyConfig(data.path))
    engine, scorer = make_engine(policy), Scorer(REWARDS)
    optimizer, schedule = make_optimizer(policy.model.parameters(), OptimizerConfig(lr=LR), len(batches))
    clock = Clock(data.evaluate, to_the_end)
    clock.look(0, policy.model.state_dict())
    for step, prompts in enumerate(batches):
        seeds = group_seeds(prompts, GROUP, seed, step)
        groups = engine.generate([prompt.token_ids for prompt in prompts], seeds, SAMPLING)
        engine.sleep()
        rollouts = score_groups(scorer, prompts, groups)
        update = RolloutUpdate(
            rollouts, OBJECTIVE, UpdateConfig(), SAMPLING.max_tokens, SAMPLING.temperature, policy.model.device
        )
        policy.model.train()
        for mini_batch in filter(update.has_work, update.mini_batches()):
            for loss in update.losses(policy.model, mini_batch):
                loss.backward()
            torch.nn.utils.clip_grad_norm_(policy.model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
        schedule.step()
        if not (step + 1) % every or step + 1 == len(batches):
            clock.look(step + 1, policy.model.state_dict())
            if clock.is_done:
                break
    return clock.curve


def run_trl(
    data: Data,
    batches: Sequence[Sequence[Prompt]],
    seed: int,
    every: int,
    to_the_end: bool,
    kind: Literal["trl", "trl-tuned"],
) -> Curve:
    """TRL's trainer on the same prompts; `RepeatSampler` takes them in the order of the data set."""
    rows = make_dataset([prompt for prompts in batches for prompt in prompts], data.settings, data.chat)
    tokenizer = data.judge.tokenizer
    ends = {tokenizer.eos_token_id}
    rewards = RewardFunctions(REWARDS, lambda ids: (data.chat.read(ids), ids[-1] not in ends), data.settings)
    functions: Any = rewards.functions
    tuned: dict[str, Any] = {"gradient_checkpointing": False} if kind == "trl-tuned" else {}
    trainer = GRPOTrainer(
        model=load_plain_model(data.path),
        reward_funcs=functions,
        args=GRPOConfig(
            output_dir=tempfile.mkdtemp(),
            use_cpu=True,
            bf16=False,
            report_to=[],
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=True,
            seed=seed,
            max_steps=len(batches),
            learning_rate=LR,
            lr_scheduler_type="cosine",
            temperature=SAMPLING.temperature,
            num_generations=GROUP,
            per_device_train_batch_size=PROMPTS * GROUP,
            gradient_accumulation_steps=1,
            max_completion_length=SAMPLING.max_tokens,
            scale_rewards=OBJECTIVE.advantage_scale,
            shuffle_dataset=False,
            reward_weights=rewards.weights,
            **tuned,
        ),
        train_dataset=rows,
        processing_class=tokenizer,
    )
    clock = Clock(data.evaluate, to_the_end)
    clock.look(0, trainer.model.state_dict())

    class Look(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
            if not state.global_step % every or state.global_step == len(batches):
                clock.look(state.global_step, trainer.model.state_dict())
                control.should_training_stop = clock.is_done

    trainer.add_callback(Look())
    trainer.train()
    return clock.curve


def seconds_to(curve: Curve, gain: float) -> float | None:
    """CPU-seconds to so many points above the start, a straight line between two looks; None: it never got there.

    >>> curve = [{"cpu_seconds": 0.0, "sbk": 0.1}, {"cpu_seconds": 60.0, "sbk": 0.5}]
    >>> seconds_to(curve, 0.2), seconds_to(curve, 0.6)
    (30.0, None)
    """
    goal = curve[0]["sbk"] + gain
    for before, after in pairwise(curve):
        if after["sbk"] >= goal:
            share = (goal - before["sbk"]) / (after["sbk"] - before["sbk"])
            return round(before["cpu_seconds"] + share * (after["cpu_seconds"] - before["cpu_seconds"]), 1)
    return None


def summary(curves: Mapping[str, Mapping[int, Curve]]) -> dict[str, dict[str, float | None]]:
    """By contestant, the median seconds to each gain over its seeds; None where one of them did not get there."""
    told: dict[str, dict[str, float | None]] = {}
    for name, by_seed in curves.items():
        told[name] = {}
        for gain in GAINS:
            found = [seconds_to(curve, gain) for curve in by_seed.values()]
            reached = [seconds for seconds in found if seconds is not None]
            told[name][f"+{gain:.0%}"] = statistics.median(reached) if len(reached) == len(found) else None
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=15, help="steps of the schedule, 32 completions each")
    parser.add_argument("--every", type=int, default=3, help="steps between two looks at the held-out questions")
    parser.add_argument("--held_out", type=int, default=80, help="held-out questions asked at each look")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--to_the_end", action="store_true", help="go on where the largest gain is reached")
    parser.add_argument("--contestants", nargs="+", default=["raiden", "trl", "trl-tuned"])
    parser.add_argument("--model", default=SMOLLM2)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    data = Data(arguments.model, arguments.held_out)
    curves: dict[str, dict[int, Curve]] = {name: {} for name in arguments.contestants}
    for seed in arguments.seeds:
        batches = data.batches(seed, arguments.steps)
        for name in arguments.contestants:
            gc.collect()
            print(f"{name}, seed {seed}", file=sys.stderr, flush=True)
            if name == "raiden":
                curves[name][seed] = run_raiden(data, batches, seed, arguments.every, arguments.to_the_end)
            else:
                curves[name][seed] = run_trl(data, batches, seed, arguments.every, arguments.to_the_end, name)
    options = {name: getattr(arguments, name) for name in ("model", "steps", "held_out", "seeds")}
    told = {
        "benchmark": "learning_vs_trl",
        **options,
        "cpu_seconds_to": summary(curves),
        "curves": curves,
        "load": round(os.getloadavg()[0], 2),
        "threads": torch.get_num_threads(),
        "versions": {name: version(name) for name in ("torch", "transformers", "trl")},
    }
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
