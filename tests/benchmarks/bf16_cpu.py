"""Update and sampling computed in bfloat16 with float32 weights, beside all in float32, on this CPU.

    python -m tests.benchmarks.bf16_cpu [--prompt 64 --completion 8 --group 2]

Prints one JSON line; `ratio` is float32's median time by bfloat16's, of the update and of sampling: below 1 bfloat16
loses. `instructions` are those of the processor that could make it win. `logp_difference` is the mean distance of
log-probabilities in nats a token, `gradient_difference` that of the gradients as share of their norm.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script: the tests' own helpers

from raiden.core.types import Rollout
from raiden.packing import Group, micro_batches, token_logps
from raiden.policy import Policy, PolicyConfig, load_policy
from raiden.rollout.engines import SamplingConfig, TransformersEngine
from tests.benchmarks.harness import SMOLLM2, alternate, print_result, ratio
from tests.benchmarks.update_vs_trl import make_rollouts, run_update

BUDGET = 2**20
INSTRUCTIONS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "bf16", "sve")


class Contestant:
    """The policy as `raiden fit` loads it, with an engine on its own modules."""

    def __init__(self, path: str, compute_dtype: Literal["bfloat16"] | None, arguments: argparse.Namespace) -> None:
        self.policy: Policy = load_policy(PolicyConfig(path, compute_dtype=compute_dtype), with_reference=False)
        self.engine = TransformersEngine()
        length = arguments.prompt + arguments.completion
        self.engine.start(self.policy.model, self.policy.tokenizer, length, torch.float32, torch.device("cpu"))
        self.engine.stop_ids = []  # every completion is as long as it may be

    def sample(self, rollout: Rollout, completion: int) -> None:
        seeds = [list(range(len(rollout.completions)))]
        self.engine.generate([rollout.prompt.token_ids], seeds, SamplingConfig(max_tokens=completion))

    def gradient(self) -> Tensor:
        return torch.cat([p.grad.flatten() for p in self.policy.model.parameters() if p.grad is not None])

    @torch.no_grad()
    def logps(self, rollout: Rollout) -> Tensor:
        completions = [c.token_ids for c in rollout.completions]
        group = Group(rollout.prompt.token_ids, completions, range(len(completions)))
        (batch,) = micro_batches([group], BUDGET, torch.device("cpu"))
        return token_logps(self.policy.model, batch)[0]


def instructions() -> list[str]:
    """What /proc says of the processor, where there is one."""
    path = Path("/proc/cpuinfo")
    flags = set(path.read_text().split()) if path.exists() else set()
    return [name for name in INSTRUCTIONS if name in flags]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompt", type=int, default=64)
    parser.add_argument("--completion", type=int, default=8)
    parser.add_argument("--group", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--model", default=SMOLLM2)
    arguments = parser.parse_args()
    full = Contestant(arguments.model, None, arguments)
    half = Contestant(arguments.model, "bfloat16", arguments)
    completion = arguments.completion
    vocabulary = full.policy.model.config.vocab_size
    rollouts = make_rollouts(vocabulary, arguments.prompt, completion, arguments.group, 1)

    def update(contestant: Contestant) -> Any:
        return lambda: run_update(contestant.policy.model, rollouts, completion, BUDGET)

    def sample(contestant: Contestant) -> Any:
        return lambda: contestant.sample(rollouts[0], completion)

    seconds = alternate({"update float32": update(full), "update bfloat16": update(half)}, arguments.rounds)
    seconds |= alternate({"sampling float32": sample(full), "sampling bfloat16": sample(half)}, arguments.rounds)
    difference = (full.gradient() - half.gradient()).norm() / full.gradient().norm()
    options = {name: getattr(arguments, name) for name in ("model", "prompt", "completion", "group")}
    print_result(
        {"benchmark": "bf16_cpu", **options},
        seconds,
        ratio={what: ratio(seconds, f"{what} float32", f"{what} bfloat16") for what in ("update", "sampling")},
        logp_difference=(full.logps(rollouts[0]) - half.logps(rollouts[0])).abs().mean().item(),
        gradient_difference=difference.item(),
        instructions=instructions(),
    )


if __name__ == "__main__":
    main()
