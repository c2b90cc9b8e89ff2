"""A run's checkpoint -> its policy and its reward, by the configuration that the run left in its log folder.

`option` is what messages call the checkpoint. Where it or the run's configuration cannot be used, each function raises
ConfigError.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from jsonargparse import ArgumentParser

from raiden.commands.option_errors import as_config_error, refuse_no_checkpoint
from raiden.core.errors import ConfigError
from raiden.core.limits import MAX_CONFIG_BYTES, refuse_larger
from raiden.core.yaml_text import load_yaml
from raiden.data.prompts import PromptSettings
from raiden.policy import Policy, PolicyConfig, load_policy, restore_weights
from raiden.policy.saved_state import load_rest
from raiden.rewards import RewardConfig
from raiden.rollout.engines import SamplingConfig


def load_checkpoint(checkpoint: Path, option: str, config: str | Path | None = None) -> Policy:
    """The policy of a run at a checkpoint, a file or a folder of shards, LoRA included; no reference.

    Args:
        config: the run's configuration; None: `config.yaml` in the run's log folder.
    """
    refuse_no_checkpoint(str(checkpoint), option)
    path = config or _config_of(checkpoint)
    # Flex attention is for updates, and for GPUs; nothing is learnt here.
    policy_config = replace(_settings(path, "policy", PolicyConfig), attention="sdpa")
    print(f"reading {policy_config.path} and {checkpoint}", flush=True)
    policy = load_policy(policy_config, with_reference=False)
    restore_weights(policy, checkpoint)
    return policy


def load_rewards(checkpoint: Path, option: str) -> RewardConfig:
    """The reward that the run of a checkpoint learnt by, the format of its replies included."""
    refuse_no_checkpoint(str(checkpoint), option)
    rewards: RewardConfig = _settings(_config_of(checkpoint), "rewards", RewardConfig)
    return rewards


def load_settings(checkpoint: Path, option: str) -> PromptSettings:
    """How the run of a checkpoint made its prompts."""
    settings = saved_settings(checkpoint, option) or PromptSettings()  # of an earlier version
    return replace(settings, response_format=load_rewards(checkpoint, option).response_format)


def saved_settings(checkpoint: str | Path, option: str = "ckpt_path") -> PromptSettings | None:
    """Those that stand in a checkpoint itself."""
    refuse_no_checkpoint(str(checkpoint), option)
    record = load_rest(checkpoint).get("RoleplayDataModule", {}).get("prompts")
    return None if record is None else PromptSettings.from_record(record)


def load_sampling(config: Path) -> SamplingConfig:
    """How a run drew its completions."""
    sampling: SamplingConfig = _settings(config, "sampling", SamplingConfig)
    return sampling


def _config_of(checkpoint: Path) -> Path:
    return checkpoint.parent.parent / "config.yaml"


def _settings(path: str | Path, name: str, kind: type) -> Any:
    """A group of `model` in a run's configuration."""
    refuse_larger(path, MAX_CONFIG_BYTES, ConfigError, "give the config.yaml of a run")
    try:
        config: Any = load_yaml(Path(path).read_text(encoding="utf-8"))
        settings = config["model"][name]
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{path} is no configuration of a run ({error}); a checkpoint needs the config.yaml of its log folder "
            "(`raiden export` takes another by `--config`)."
        ) from error
    parser = ArgumentParser(exit_on_error=False)
    parser.add_class_arguments(kind, name)
    with as_config_error(prefix=f"{path}: "):
        return parser.instantiate_classes(parser.parse_object({name: settings}))[name]
