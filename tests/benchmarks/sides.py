"""This checkout beside an earlier one, each in a process of its own, which runs this file with its packages.

git worktree add /tmp/before 81aecb0
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parents[2]


class Side:
    """A process that runs cases by the packages of one checkout."""

    def __init__(self, checkout: Path) -> None:
        command = [sys.executable, str(Path(__file__).resolve()), str(checkout.resolve())]
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


def alternate_sides(sides: dict[str, Side], case: dict[str, Any], rounds: int) -> dict[str, list[dict[str, Any]]]:
    """What each side answers, A B A B; the first round is to warm up and is not counted."""
    outcomes: dict[str, list[dict[str, Any]]] = {name: [] for name in sides}
    for number in range(rounds + 1):
        for name, side in sides.items():
            outcome = side.run(case)
            if number:
                outcomes[name].append(outcome)
    return outcomes


def both_sides(before: Path) -> dict[str, Side]:
    return {"before": Side(before), "after": Side(HERE)}


def serve(checkout: Path) -> None:
    """Answers each case, a JSON line, with its seconds, by raiden under its names of then and now."""

    def module(*names: str) -> Any:
        # Those that the checkout lacks are not to be found in an installed raiden.
        return import_module(next(name for name in names if (checkout / name.replace(".", "/")).is_dir()))

    policy, engines = module("raiden.policy"), module("raiden.rollout.engines", "raiden.engines")

    @cache
    def model_of(path: str) -> Any:
        return policy.load_policy(policy.PolicyConfig(path), with_reference=False)

    @cache
    def engine_of(path: str) -> Any:
        engine, loaded = engines.TransformersEngine(), model_of(path)
        options = {"max_length": 4096, "dtype": loaded.model.dtype, "device": loaded.model.device}
        taken = signature(engine.start).parameters
        engine.start(loaded.model, loaded.tokenizer, **{k: v for k, v in options.items() if k in taken})
        return engine

    def sample(case: dict[str, Any]) -> Any:
        engine = engine_of(case["model"])
        own = engine.stop_ids
        if case["to_the_limit"]:
            engine.stop_ids = []
        engine.sleep()  # as after an update
        sampling = engines.SamplingConfig(case["temperature"], max_tokens=case["max_tokens"])
        yield
        groups = engine.generate(case["prompts"], case["seeds"], sampling)
        yield
        engine.stop_ids = own
        yield [list(one.token_ids) for group in groups for one in group]

    def update(case: dict[str, Any]) -> Any:
        model = model_of(case["model"]).model
        run_update = import_module("tests.benchmarks.update_vs_trl").run_update
        completions = case["completions"]
        rewards = [float(number % 2) for number in range(len(completions))]
        rollouts = [import_module("tests.grpo.records").make_rollout(case["prompt"], completions, rewards)]
        yield
        run_update(model, rollouts, max(map(len, completions)), 2**20)
        yield
        yield sum(p.grad.double().square().sum().item() for p in model.parameters()) ** 0.5

    kinds: dict[str, Callable[[dict[str, Any]], Any]] = {"sample": sample, "update": update}
    for line in sys.stdin:
        case = json.loads(line)
        run = kinds[case["kind"]](case)
        next(run)  # prepared
        wall, cpu = time.perf_counter(), time.process_time()
        next(run)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"wall": wall, "cpu": cpu, "outcome": next(run), "peak_mib": peak}), flush=True)


if __name__ == "__main__":
    sys.path[0] = sys.argv[1]
    serve(Path(sys.argv[1]))
