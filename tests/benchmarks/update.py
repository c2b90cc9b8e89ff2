"""Forward and backward of one group, by this checkout beside another one: A B A B, each in a process of its own.

    git worktree add /tmp/before 81aecb0
    python -m tests.benchmarks.update --before /tmp/before [--shared 0.33] [--group 8]

Prints one JSON line: seconds of wall time and of processor time on either side, the ratio of the medians, and the peak
memory. Completions are random tokens; the first `--shared` of them are the same in all of the group. Both sides'
gradients have to have the same norm.
"""

import argparse
import json
import os
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script: the tests' own helpers

from tests.benchmarks.harness import SMOLLM2
from tests.benchmarks.sides import alternate_sides, both_sides
from tests.benchmarks.update_vs_trl import make_rollouts

VOCABULARY = 49152
"""Tokens of SmolLM2."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", type=Path, required=True, help="the checkout to compare with")
    parser.add_argument("--prompt", type=int, default=1024, help="tokens of the prompt")
    parser.add_argument("--completion", type=int, default=96, help="tokens of a completion")
    parser.add_argument("--group", type=int, default=8, help="completions of the prompt")
    parser.add_argument("--shared", type=float, default=0.0, help="share of a completion that its group has in common")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    sizes = (arguments.prompt, arguments.completion, arguments.group, 1)
    (rollout,) = make_rollouts(VOCABULARY, *sizes, round(arguments.completion * arguments.shared))
    completions = [list(completion.token_ids) for completion in rollout.completions]
    prompt = list(rollout.prompt.token_ids)
    case = {"kind": "update", "model": SMOLLM2, "prompt": prompt, "completions": completions}
    rounds = alternate_sides(both_sides(arguments.before), case, arguments.rounds)
    norms = [outcome["outcome"] for outcomes in rounds.values() for outcome in outcomes]
    assert max(norms) - min(norms) < 1e-3 * max(norms), f"they do not agree: {norms}"
    result = {"benchmark": "update", **{k: v for k, v in vars(arguments).items() if k != "before"}}
    for clock in ("wall", "cpu"):
        seconds = {side: statistics.median(o[clock] for o in outcomes) for side, outcomes in rounds.items()}
        result[clock] = {side: round(median, 2) for side, median in seconds.items()}
        result[f"ratio_{clock}"] = round(seconds["before"] / seconds["after"], 2)
    result["peak_mib"] = {side: round(outcomes[-1]["peak_mib"]) for side, outcomes in rounds.items()}
    print(json.dumps({**result, "load": round(os.getloadavg()[0], 2)}), flush=True)


if __name__ == "__main__":
    main()
