"""Tokens sampled a second, by this checkout beside another one: A B A B, each in a process of its own.

    git worktree add /tmp/before 81aecb0
    python -m tests.benchmarks.sampling --before /tmp/before [--trained FOLDER] [--rounds 3] [--cases chat long]

Prints one JSON line a case: tokens a second of wall time and of processor time on either side, the ratio of the
medians, and the peak memory. The cases: `untrained` and `trained`, 32 completions (the quickstart's first four
questions about one character, eight of each) with the model as it comes and as it leaves the quickstart; `long`, eight
completions behind a prompt of 1,024 tokens; `chat`, one of a prompt of 190. Prefill is part of all of them.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script: the tests' own helpers

from tests.benchmarks.harness import SMOLLM2
from tests.benchmarks.sides import HERE, alternate_sides, both_sides


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


def make_cases(model: str, trained: str, names: list[str]) -> dict[str, dict[str, Any]]:
    prompts = quickstart_prompts(model)
    seeds = [[1000 * p + i for i in range(8)] for p in range(4)]
    long = (prompts[0] * 10)[:1024]
    own = {"kind": "sample", "model": model, "temperature": 0.7, "to_the_limit": False}
    quickstart = {**own, "prompts": prompts, "seeds": seeds}
    cases = {
        "untrained 24": {**quickstart, "max_tokens": 24},
        "untrained 64": {**quickstart, "max_tokens": 64},
        "trained 24": {**quickstart, "max_tokens": 24, "model": trained},
        "trained 64": {**quickstart, "max_tokens": 64, "model": trained},
        "long": {**quickstart, "prompts": [long], "seeds": seeds[:1], "max_tokens": 64},
        "chat": {**quickstart, "prompts": prompts[:1], "seeds": [[7]], "max_tokens": 64},
    }
    for name in ("long", "chat"):
        cases[name]["to_the_limit"] = True
    return {name: case for name, case in cases.items() if name.startswith(tuple(names))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", type=Path, required=True, help="the checkout to compare with")
    parser.add_argument("--model", default=SMOLLM2)
    parser.add_argument("--trained", default="", help="an exported model; without it there are no such cases")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cases", nargs="+", default=["untrained", "trained", "long", "chat"])
    arguments = parser.parse_args()
    names = [name for name in arguments.cases if arguments.trained or name != "trained"]
    cases = make_cases(arguments.model, arguments.trained, names)
    sides = both_sides(arguments.before)
    for name, case in cases.items():
        report(name, alternate_sides(sides, case, arguments.rounds))


def report(name: str, rounds: dict[str, list[dict[str, Any]]]) -> None:
    import torch

    first = {side: outcomes[0]["outcome"] for side, outcomes in rounds.items()}
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
    main()
