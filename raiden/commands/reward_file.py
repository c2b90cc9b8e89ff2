"""The reward's settings from a file: a run's configuration, or its `rewards` alone."""

from dataclasses import fields
from typing import Any

from raiden.core.errors import ConfigError
from raiden.core.yaml_text import read_yaml_options
from raiden.rewards import RewardConfig


def read_reward_file(path: str) -> RewardConfig:
    """The settings under `model.rewards` of a run's configuration, or those of a file that has nothing else.

    Raises:
        ConfigError: the file cannot be read, or an option in it is unknown or cannot work.
    """
    found: Any = read_yaml_options(path, "rewards")
    for key in ("model", "rewards"):
        found = found.get(key, found) if isinstance(found, dict) else found
    if not isinstance(found, dict):
        raise ConfigError(f"`rewards`: {path} holds no options of the reward; write `accuracy_weight: 0.7` and so on.")
    known = [field.name for field in fields(RewardConfig)]
    for name in found:
        if name not in known:
            raise ConfigError(f"`rewards`: {path}: `{name}` is no option of the reward; there are {', '.join(known)}.")
    try:
        return RewardConfig(**found)
    except TypeError as error:
        raise ConfigError(f"`rewards`: {path}: {error}.") from error
