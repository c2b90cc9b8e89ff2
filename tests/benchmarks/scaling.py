"""How an update's time grows with prompt, completions, group, questions and model size; prints one JSON line.

    python -m tests.benchmarks.scaling [--rounds 3]

Each series varies one size and fits a line to the medians. Seconds a completion, at fixed prompt, are to be what its
own tokens cost and not the prompt's: `group_slope_ratio` is the fitted slope by the ideal one, which is the time of
that many completion tokens at the rate of the largest group's row.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path
from typing import Any

from transformers import AutoConfig, AutoModelForCausalLM

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script: the tests' own helpers

from raiden.packing import ATTENTION
from raiden.policy import resolve_model
from tests.benchmarks.harness import SMOLLM2, alternate, load_model, print_result
from tests.benchmarks.update_vs_trl import make_rollouts, run_update

BASE = {"prompt": 512, "completion": 64, "group": 8, "questions": 1}
SERIES = {
    "prompt": (128, 256, 512, 1024),
    "completion": (16, 32, 64, 128),
    "group": (2, 4, 8, 16),
    "questions": (1, 2, 4),
}
LAYERS = (5, 10, 20, 30)


def contestant(model: Any, sizes: dict[str, int]) -> Any:
    rollouts = make_rollouts(model.config.vocab_size, **sizes)
    budget = sizes["questions"] * (sizes["prompt"] + sizes["group"] * sizes["completion"])
    return lambda: run_update(model, rollouts, sizes["completion"], budget)


def slope(points: dict[int, float]) -> float:
    """Seconds for one more, by least squares."""
    return statistics.linear_regression(list(points), list(points.values())).slope


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--model", default=SMOLLM2)
    arguments = parser.parse_args()
    model = load_model(arguments.model)
    runs = {
        f"{name} {size}": contestant(model, {**BASE, name: size}) for name, sizes in SERIES.items() for size in sizes
    }
    for layers in LAYERS:
        config = AutoConfig.from_pretrained(resolve_model(arguments.model))
        config.num_hidden_layers = layers
        if getattr(config, "layer_types", None):
            config.layer_types = config.layer_types[:1] * layers
        smaller = AutoModelForCausalLM.from_config(config, attn_implementation=ATTENTION)
        runs[f"layers {layers}"] = contestant(smaller, BASE)
    seconds = alternate(runs, arguments.rounds)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    slopes = {
        name: slope({size: medians[f"{name} {size}"] for size in sizes})
        for name, sizes in {**SERIES, "layers": LAYERS}.items()
    }
    largest = max(SERIES["group"])
    per_token = medians[f"group {largest}"] / (BASE["prompt"] + largest * BASE["completion"])
    print_result(
        {"benchmark": "scaling", "model": arguments.model, **BASE},
        seconds,
        seconds_for_one_more={name: round(value, 5) for name, value in slopes.items()},
        group_slope_ratio=round(slopes["group"] / (per_token * BASE["completion"]), 3),
    )


if __name__ == "__main__":
    main()
