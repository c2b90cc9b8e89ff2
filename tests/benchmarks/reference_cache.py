"""What a frozen reference saves by knowing the profile already: its pass, and the update that the pass belongs to.

    python -m tests.benchmarks.reference_cache [--prompt 512 --completion 32 --group 4 --questions 1]

Prints one JSON line; `ratio` is the time without by the time with the cache, of the reference's pass over questions
about a known profile, and of the whole update (that pass, and the policy's forward and backward). All
log-probabilities are checked to agree. `gib` is what one profile takes.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script: the tests' own helpers

from raiden.core.types import Rollout
from raiden.train.grpo import ReferenceCache, UpdateConfig
from tests.benchmarks.harness import SMOLLM2, alternate, load_model, print_result, ratio
from tests.benchmarks.update_vs_trl import make_rollouts, run_update
from tests.grpo.records import make_update

BUDGET = 2**20
MAX_BYTES = 2**30


def reference_pass(model: Any, rollouts: list[Rollout], cache: ReferenceCache | None) -> None:
    make_update(rollouts, config=UpdateConfig(micro_batch_tokens=BUDGET)).compute_ref_logps(model, cache)


def largest_difference(model: Any, rollouts: list[Rollout], cache: ReferenceCache) -> float:
    """Nats a token, between the log-probabilities with and without what is known."""
    with_cache, without = (make_update(rollouts, config=UpdateConfig(micro_batch_tokens=BUDGET)) for _ in range(2))
    with_cache.compute_ref_logps(model, cache)
    without.compute_ref_logps(model)
    return (with_cache.batch.ref_logps - without.batch.ref_logps).abs().max().item()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompt", type=int, default=512)
    parser.add_argument("--completion", type=int, default=32)
    parser.add_argument("--group", type=int, default=4)
    parser.add_argument("--questions", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--model", default=SMOLLM2)
    arguments = parser.parse_args()
    model = load_model(arguments.model)
    # One question more, so that the profile is known from another than those that are measured.
    first, *rollouts = make_rollouts(
        model.config.vocab_size, arguments.prompt, arguments.completion, arguments.group, arguments.questions + 1
    )
    cache = ReferenceCache(MAX_BYTES)
    reference_pass(model, [first], cache)
    difference = largest_difference(model, rollouts, cache)
    assert difference < 1e-4, f"log-probabilities differ by {difference:.1e}"

    seconds = alternate(
        {
            "reference": lambda: reference_pass(model, rollouts, None),
            "reference cached": lambda: reference_pass(model, rollouts, cache),
            "policy": lambda: run_update(model, rollouts, arguments.completion, BUDGET),
        },
        arguments.rounds,
    )
    whole, cached = (
        [reference + policy for reference, policy in zip(seconds[name], seconds["policy"], strict=True)]
        for name in ("reference", "reference cached")
    )
    update = {"update": whole, "update cached": cached}
    options = {name: getattr(arguments, name) for name in ("model", "prompt", "completion", "group", "questions")}
    print_result(
        {"benchmark": "reference_cache", **options},
        seconds,
        ratio={what: ratio({**seconds, **update}, what, f"{what} cached") for what in ("reference", "update")},
        gib=round(cache.num_bytes / 2**30, 4),
        largest_difference=difference,
    )


if __name__ == "__main__":
    main()
