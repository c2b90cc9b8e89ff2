"""A run's checkpoint -> its policy, by the configuration that the run left in its log folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from jsonargparse import ArgumentParser

from raiden.complaints import as_config_error, refuse_no_checkpoint
from raiden.errors import ConfigError
from raiden.policy import Policy, PolicyConfig, load_policy, restore_weights


def load_checkpoint(checkpoint: Path, option: str, config: str | Path | None = None) -> Policy:
    """The policy of a run at a checkpoint, a file or a folder of shards, LoRA included; no reference.

    Args:
        option: what messages call the checkpoint.
        config: the run's configuration; None: `config.yaml` in the run's log folder.

    Raises:
        ConfigError: the checkpoint or the configuration cannot be used.
    """
    refuse_no_checkpoint(str(checkpoint), option)
    policy_config = _policy_config(config or checkpoint.parent.parent / "config.yaml")
    print(f"reading {policy_config.path} and {checkpoint}", flush=True)
    policy = load_policy(policy_config, with_reference=False)
    restore_weights(policy, checkpoint)
    return policy


def _policy_config(path: str | Path) -> PolicyConfig:
    """The `model.policy` of a run's configuration."""
    try:
        config: Any = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        policy = config["model"]["policy"]
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{path} is no configuration of a run ({error}); a checkpoint needs the config.yaml of its log folder "
            "(`raiden export` takes another by `--config`)."
        ) from error
    parser = ArgumentParser(exit_on_error=False)
    parser.add_class_arguments(PolicyConfig, "policy")
    with as_config_error(prefix=f"{path}: "):
        return parser.instantiate_classes(parser.parse_object({"policy": policy})).policy
