"""The options that say which model replies."""

import argparse
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from raiden.commands.option_parser import NO_OPTION, OptionParser, take
from raiden.core.errors import ConfigError
from raiden.core.yaml_text import read_yaml_options
from raiden.data.prompts import ResponseFormat
from raiden.rewards import RewardConfig

API_KEY_VARIABLE = "OPENAI_API_KEY"
_SOURCES = ("model_path", "base_url", "model_id")


@dataclass(frozen=True)
class ModelOptions:
    """Which model replies: exactly one of `model_path`, `base_url` and `model_id` is set."""

    model_path: str | None = None
    """here: a run's checkpoint, a folder, a hub id, a .gguf file or package://PACKAGE/FILE.gguf"""
    dtype: Literal["float32", "bfloat16"] | None = None
    """of the weights of model_path (default: float32, or as the checkpoint's run)"""
    base_url: str | None = None
    """on a server that speaks OpenAI's protocol, such as http://localhost:30000/v1"""
    model_name: str | None = None
    """its name on that server (default: the only one there)"""
    api_key_env: str | None = None
    """environment variable with the key of base_url (default: OPENAI_API_KEY, if it is set; none where two servers on
    different hosts are asked: whose key it is has to be said)"""
    model_id: str | None = None
    """on Amazon Bedrock: a model or inference profile"""
    region: str | None = None
    """AWS region (default: that of the usual AWS configuration)"""
    timeout: float = 120.0
    """seconds that one try of a request to a server may take"""
    concurrency: int = 32
    """requests in flight, or replies decoded side by side"""
    max_retries: int = 6
    """tries after the first of a request that failed"""
    enable_thinking: bool | None = None
    """switch the model's reasoning (default: as its chat template has it; off for a judge)"""
    prefix: str = field(default="", metadata=NO_OPTION)
    """Stands before the names of the options."""

    @property
    def key_variable(self) -> str:
        """The environment variable whose key is sent to `base_url`; "" for none."""
        return API_KEY_VARIABLE if self.api_key_env is None else self.api_key_env


def add_model_options(parser: OptionParser, prefix: str = "", who: str = "the model") -> None:
    """Adds the group of options to a command.

    Args:
        prefix: of their names: `judge_` makes `--judge_base_url`.
        who: how the help calls whom they are about.
    """
    sources = ", ".join(f"--{prefix}{source}" for source in _SOURCES)
    parser.add_fields(ModelOptions, f"{who}: one of {sources}", prefix)


def read_model_options(arguments: argparse.Namespace, prefix: str = "") -> ModelOptions:
    """The group's options, checked.

    Raises:
        ConfigError: there is not exactly one model, or an option has no effect on it.
    """
    options = replace(take(ModelOptions, arguments, prefix), prefix=prefix)
    given = [source for source in _SOURCES if getattr(options, source) is not None]
    if len(given) != 1:
        choices = ", ".join(f"`{prefix}{source}`" for source in _SOURCES)
        found = "none" if not given else " and ".join(f"`{prefix}{source}`" for source in given)
        raise ConfigError(f"{choices}: exactly one says which model replies, got {found}.")
    _refuse_idle(options, given[0])
    return options


def is_checkpoint(options: ModelOptions) -> bool:
    """Whether the model is a checkpoint of a run, which has settings of its own."""
    return (options.model_path or "").rstrip("/").endswith(".ckpt")


def rewards_of(options: ModelOptions, response_format: ResponseFormat, file: str | None = None) -> RewardConfig:
    """What the model's replies are scored by: as a checkpoint's run has it, else as usual.

    Args:
        response_format: what they look like.
        file: of settings, see `read_reward_file`; wins over those of a checkpoint.

    Raises:
        ConfigError: the checkpoint or the run's configuration cannot be used.
    """
    rewards = RewardConfig() if file is None else read_reward_file(file)
    if file is None and is_checkpoint(options):
        from raiden.commands.checkpoint import load_rewards

        rewards = load_rewards(Path(options.model_path or ""), f"{options.prefix}model_path")
    return replace(rewards, response_format=response_format)


def keep_keys_apart(one: ModelOptions, other: ModelOptions) -> tuple[ModelOptions, ModelOptions]:
    """The same models; nobody said for which of two hosts OPENAI_API_KEY is, so neither gets it unless named."""
    hosts = [urlsplit(options.base_url).hostname for options in (one, other) if options.base_url is not None]
    if len(set(hosts)) < 2:
        return one, other
    first, second = (replace(o, api_key_env=o.api_key_env or "") for o in (one, other))
    return first, second


def _refuse_idle(options: ModelOptions, source: str) -> None:
    """Refuses options of another source than the one in use."""
    owners = {"dtype": "model_path", "model_name": "base_url", "api_key_env": "base_url", "region": "model_id"}
    for name, owner in owners.items():
        if owner != source and getattr(options, name) != getattr(ModelOptions, name):
            raise ConfigError(f"`{options.prefix}{name}` does nothing without `{options.prefix}{owner}`; drop it.")
    if source == "model_path" and options.timeout != ModelOptions.timeout:
        raise ConfigError(f"`{options.prefix}timeout` does nothing for a model of this machine; drop it.")
    if source == "model_id" and options.enable_thinking is not None:
        raise ConfigError(f"`{options.prefix}enable_thinking` does nothing on Bedrock; drop it.")


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
