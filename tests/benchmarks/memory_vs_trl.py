"""Peak memory of one update, raiden beside TRL, at a vocabulary of 152,000.

    python -m tests.benchmarks.memory_vs_trl [--prompt 1024 --completion 96 --group 8]

Prints one JSON line; `ratio` is ours by TRL's as shipped, both with gradient checkpointing;
`ratio_no_checkpointing` is that of both without. Each update runs in a process of its own; what is counted is its peak
resident memory above what it had with the model loaded and its gradients there.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script: the tests' own helpers

from raiden.policy import resolve_model
from raiden.train.grpo import ObjectiveConfig
from tests.benchmarks.harness import SMOLLM2, load_model, load_plain_model, print_result
from tests.benchmarks.update_vs_trl import LOSS, make_rollouts, make_trl, run_padded, run_trl, run_update
from tests.grpo.records import make_update

CONTESTANTS = ("raiden", "raiden_no_checkpointing", "trl", "trl_no_checkpointing", "padded_no_checkpointing")


def make_folder(folder: Path, vocabulary: int) -> None:
    """SmolLM2's shape with random weights and a larger vocabulary."""
    source = resolve_model(SMOLLM2)
    config = AutoConfig.from_pretrained(source)
    config.vocab_size = vocabulary
    AutoModelForCausalLM.from_config(config, dtype=torch.float32).save_pretrained(folder)
    AutoTokenizer.from_pretrained(source).save_pretrained(folder)


def resident() -> int:
    """Bytes that this process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def measure(contestant: str, folder: str, arguments: argparse.Namespace) -> None:
    warnings.filterwarnings("ignore")
    completion, group = arguments.completion, arguments.group
    checkpointing = not contestant.endswith("_no_checkpointing")
    model = load_model(folder) if contestant.startswith("raiden") else load_plain_model(folder)
    rollouts = make_rollouts(model.config.vocab_size, arguments.prompt, completion, group, 1)
    trainer = make_trl(model, folder, completion, group) if contestant.startswith("trl") else None
    advantages = make_update(rollouts, ObjectiveConfig(loss=LOSS)).batch.advantages
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)  # written to, so that it is resident
    before = resident()
    if contestant.startswith("raiden"):
        if checkpointing:
            model.gradient_checkpointing_enable({"use_reentrant": False})
        run_update(model, rollouts, completion, arguments.prompt + completion * group)
    elif trainer is None:
        run_padded(model, rollouts, completion)
    else:
        run_trl(trainer, rollouts, advantages, checkpointing)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"before": before, "peak": peak}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompt", type=int, default=1024)
    parser.add_argument("--completion", type=int, default=96)
    parser.add_argument("--group", type=int, default=8)
    parser.add_argument("--vocabulary", type=int, default=152_000)
    parser.add_argument("--contestants", nargs="+", choices=CONTESTANTS, default=CONTESTANTS, help="default: all")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measure(*arguments.measure, arguments)
        return
    peaks: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        make_folder(Path(folder), arguments.vocabulary)
        for contestant in arguments.contestants:
            command = [sys.executable, __file__, *sys.argv[1:], "--measure", contestant, folder]
            output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            result = json.loads(output.splitlines()[-1])
            peaks[contestant] = round((result["peak"] - result["before"]) / 2**20, 1)
    options = {name: getattr(arguments, name) for name in ("prompt", "completion", "group", "vocabulary")}
    pairs = {
        "ratio": ("raiden", "trl"),
        "ratio_no_checkpointing": ("raiden_no_checkpointing", "trl_no_checkpointing"),
        "ratio_padded": ("raiden_no_checkpointing", "padded_no_checkpointing"),
    }
    ratios = {
        name: round(peaks[ours] / peaks[theirs], 3)
        for name, (ours, theirs) in pairs.items()
        if ours in peaks and theirs in peaks
    }
    print_result({"benchmark": "memory_vs_trl", **options}, {}, peak_mib=peaks, **ratios)


if __name__ == "__main__":
    main()
