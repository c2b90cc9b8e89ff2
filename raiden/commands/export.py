"""`raiden export CHECKPOINT`: a checkpoint as an ordinary Hugging Face folder."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from jsonargparse import ArgumentParser

from raiden.complaints import as_config_error, refuse_no_checkpoint
from raiden.errors import ConfigError
from raiden.policy import PolicyConfig, export_policy, load_policy, restore_weights


def main(argv: Sequence[str]) -> int:
    """Writes the folder and says where it is.

    Raises:
        ConfigError: the checkpoint or its configuration cannot be used, or the folder is there already.
    """
    arguments = _parser().parse_args(argv)
    checkpoint, output = Path(arguments.checkpoint), Path(arguments.output)
    refuse_no_checkpoint(str(checkpoint), "CHECKPOINT")
    if output.exists():
        raise ConfigError(f"`--output`: {output} is there already; choose another folder.")
    config = _policy_config(arguments.config or checkpoint.parent.parent / "config.yaml")
    print(f"reading {config.path} and {checkpoint}", flush=True)
    policy = load_policy(config, with_reference=False)
    restore_weights(policy, checkpoint)
    print(f"writing {output}", flush=True)
    export_policy(policy, output, arguments.dtype)
    print(f"export: {output}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="raiden export",
        description="Make a Hugging Face folder of a checkpoint: shards gathered, LoRA merged. Needs no GPU.",
    )
    parser.add_argument("checkpoint", help="a .ckpt file, or the .ckpt folder of a sharded run")
    parser.add_argument("--output", required=True, help="the folder to write; it must not be there yet")
    parser.add_argument("--config", help="the run's configuration (default: config.yaml in the run's log folder)")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), help="of the weights (default: as trained)")
    return parser


def _policy_config(path: str | Path) -> PolicyConfig:
    """The `model.policy` of a run's configuration."""
    try:
        config: Any = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        policy = config["model"]["policy"]
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{path} is no configuration of a run ({error}); give it with `--config`: config.yaml in its log folder."
        ) from error
    parser = ArgumentParser(exit_on_error=False)
    parser.add_class_arguments(PolicyConfig, "policy")
    with as_config_error(prefix=f"{path}: "):
        return parser.instantiate_classes(parser.parse_object({"policy": policy})).policy
