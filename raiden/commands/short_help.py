"""The options of a run that matter first, told at once; `--help_all` tells all of them, Lightning's included."""

from collections.abc import Mapping, Sequence
from typing import Any

_WIDTH = 38
_ALL: dict[str, dict[str, tuple[Any, str]]] = {
    "to begin": {
        "config": ("", "YAML file with any of these options; later files and options win"),
        "model.policy.path": ("", "the model to train: a folder, a hub id, a .gguf file"),
        "data.train_file": ("", "samples to train on, a JSON list or JSONL"),
        "data.val_file": (None, "held-out samples; null: a share of the characters of train_file"),
        "seed_everything": (0, "another seed is another run"),
        "ckpt_path": (None, "go on from this checkpoint; `last`: from the newest one of the newest run"),
    },
    "what is rewarded": {
        "model.rewards.accuracy_weight": (0.7, "for saying what the rule asks for"),
        "model.rewards.format_weight": (0.3, "for the asked form of reply"),
        "model.rewards.response_format": ("plain", "plain, or think: one <think> block before the reply"),
        "model.rewards.writing_weight": (0.2, "taken off for language that nobody writes"),
        "model.rewards.extra": ([], "rewards of your own, each with a `class_path`"),
    },
    "sampling": {
        "data.batch_size": (4, "prompts a step"),
        "model.num_generations": (8, "completions of a prompt (a group)"),
        "model.sampling.max_tokens": (256, "longest completion, in tokens"),
        "model.sampling.temperature": (1.0, "of the completions"),
        "model.max_resamples": (0, "further tries of a group whose rewards are all the same"),
        "model.engine": (None, "what generates; null: transformers, or raiden.rollout.engines.VLLMEngine"),
    },
    "learning": {
        "model.optimizer.lr": (1e-6, "learning rate at its highest"),
        "model.optimizer.schedule": ("cosine", "of the learning rate"),
        "model.objective.beta": (0.0, "weight of the KL divergence to the model as it was"),
        "model.objective.loss": ("dapo", "grpo, bnpo, dr_grpo or dapo"),
        "model.update.micro_batch_tokens": (4096, "tokens in one pass: lower it where memory runs out"),
        "model.policy.lora": (None, "train an adapter: --model.policy.lora.rank=16"),
        "model.policy.gradient_checkpointing": (False, "less memory, more time"),
    },
    "the run": {
        "trainer.max_epochs": (None, "times through the samples; null: once"),
        "trainer.max_steps": (-1, "steps at most; -1: no limit"),
        "trainer.devices": (1, "processes on this machine, with --trainer.strategy=fsdp2 for more than one"),
        "trainer.accelerator": ("auto", "cpu, gpu or auto"),
        "trainer.logger.init_args.save_dir": ("logs", "where runs are kept"),
        "checkpoint.every_n_steps": (10, "steps between checkpoints"),
        "output_file": (None, "the last evaluation as JSON, for `raiden compare` and `raiden report`"),
    },
}
ESSENTIALS: Mapping[str, Any] = {name: default for group in _ALL.values() for name, (default, _) in group.items()}
"""Option -> default; "" where it has none. A test holds them against the options of `raiden fit`."""
SHORTENED: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "fit": ("Train by GRPO; `raiden fit --config quickstart` runs on a laptop.", {}),
    "sft": (
        "Train on the samples' reference answers; `raiden fit --model.policy.path EXPORT` goes on from its end.",
        {},
    ),
    "validate": (
        "Score the replies of a run's model to the held-out samples. Any other model, without the trainer's options:\n"
        "see `raiden validate --model_path M --help`.",
        {},
    ),
    "test": ("As `raiden validate`, on the samples of `data.test_file`.", {}),
    "predict": ("Replies to the held-out samples, without a score.", {}),
    "plan": (
        "Say what `raiden fit` with the same options will do and how much memory each process will need.\n"
        "Exit code: 0 where it fits, 1 where it does not, 2 for bad options.",
        {
            "gpu_memory": "memory of a GPU, in GiB (80)",
            "json": "the plan as JSON",
            "model_config": "a config.json in place of the model's own, where that cannot be had",
        },
    ),
    "prompt": (
        "Print the prompt that `raiden fit` with the same options makes of a sample, and where each part comes from.",
        {"sample": "which one of those that are trained on: its number, or its id (1)"},
    ),
}
"""Command -> what it does, and the options that it has beside those of a run."""
_TRAINS = ("fit", "sft", "plan", "prompt")
_NOT_OF_SFT = ("model.num_generations", "model.sampling.", "model.max_resamples", "model.engine", "model.objective.")


def short_help(arguments: Sequence[str]) -> str | None:
    """What `--help` prints for a command that has the options of a run; None: it was not asked for, or is no such one.

    Args:
        arguments: behind `raiden`.
    """
    command = arguments[0]
    if command not in SHORTENED or not {"-h", "--help"}.intersection(arguments):
        return None
    description, own = SHORTENED[command]
    lines = [f"usage: raiden {command} --config FILE [--OPTION VALUE ...]", "", description]
    if own:
        lines += ["", f"of `{command}` alone:", *(_line(name, meaning) for name, meaning in own.items())]
    for group, options in _ALL.items():
        shown = {n: o for n, o in options.items() if command != "sft" or not n.startswith(_NOT_OF_SFT)}
        if shown and (command in _TRAINS or group != "learning"):
            lines += ["", f"{group}:", *(_line(n, meaning + _told(value)) for n, (value, meaning) in shown.items())]
    return "\n".join([*lines, "", f"all options, Lightning's included: raiden {command} --help_all"])


def _line(name: str, meaning: str) -> str:
    option = f"  --{name}"
    return f"{option:<{_WIDTH}} {meaning}" if len(option) < _WIDTH else f"{option}\n{'':<{_WIDTH}} {meaning}"


def _told(default: Any) -> str:
    return "" if default in ("", None, []) else f" (default: {str(default).lower() if default is False else default})"
