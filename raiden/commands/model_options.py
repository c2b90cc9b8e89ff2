"""The options that say which model replies."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from raiden.commands.option_parser import SWITCH
from raiden.commands.reward_file import read_reward_file
from raiden.core.errors import ConfigError
from raiden.data.prompts import ResponseFormat
from raiden.rewards import RewardConfig

API_KEY_VARIABLE = "OPENAI_API_KEY"
_SOURCES = ("model_path", "base_url", "model_id")


@dataclass(frozen=True)
class ModelOptions:
    """Which model replies: exactly one of `model_path`, `base_url` and `model_id` is set."""

    model_path: str | None = None
    """A checkpoint of a run, a model folder, a hub id, a `.gguf` file, or `package://PACKAGE/FILE.gguf`."""
    dtype: str | None = None
    """Of a local model's weights; None: float32, or as the run of a checkpoint has it."""
    base_url: str | None = None
    model_name: str | None = None
    """On the server; None: the one that it serves."""
    api_key_env: str | None = None
    """None: OPENAI_API_KEY, if it is set; "": none is sent."""
    model_id: str | None = None
    region: str | None = None
    timeout: float = 120.0
    """Seconds."""
    concurrency: int = 32
    max_retries: int = 6
    enable_thinking: bool | None = None
    """None leaves it to the model's chat template, as training does."""
    prefix: str = ""
    """Stands before the names of the options."""

    @property
    def key_variable(self) -> str:
        """The environment variable whose key is sent to `base_url`; "" for none."""
        return API_KEY_VARIABLE if self.api_key_env is None else self.api_key_env


def add_model_options(
    parser: argparse.ArgumentParser,
    prefix: str = "",
    who: str = "the model",
    thinking: str = "as its chat template has it",
) -> None:
    """Adds the group of options to a command.

    Args:
        prefix: of their names: `judge_` makes `--judge_base_url`.
        who: how the help calls whom they are about.
        thinking: what the help says of the model's reasoning where the option is left out.
    """
    group = parser.add_argument_group(f"{who}: one of --{', --'.join(prefix + source for source in _SOURCES)}")

    def add(name: str, **settings: Any) -> None:
        group.add_argument(f"--{prefix}{name}", default=getattr(ModelOptions, name), **settings)

    add("model_path", help="here: a run's checkpoint, a folder, a hub id, a .gguf file or package://PACKAGE/FILE.gguf")
    add(
        "dtype",
        choices=("float32", "bfloat16"),
        help="of the weights of --model_path (default: float32, or as the checkpoint's run)",
    )
    add("base_url", metavar="URL", help="on a server that speaks OpenAI's protocol, such as http://localhost:30000/v1")
    add("model_name", help="its name on that server (default: the only one there)")
    add(
        "api_key_env",
        metavar="NAME",
        help=f"environment variable with the key of --{prefix}base_url (default: {API_KEY_VARIABLE}, if it is set; "
        "none where two servers on different hosts are asked: whose key it is has to be said)",
    )
    add("model_id", help="on Amazon Bedrock: a model or inference profile")
    add("region", help="AWS region (default: that of the usual AWS configuration)")
    add("timeout", type=float, help="seconds that one try of a request to a server may take (default: %(default)s)")
    add("concurrency", type=int, help="requests in flight, or replies decoded side by side (default: %(default)s)")
    add("max_retries", type=int, help="tries after the first of a request that failed (default: %(default)s)")
    add(
        "enable_thinking",
        **SWITCH,
        help=f"switch the model's reasoning (default: {thinking})",
    )


def read_model_options(arguments: argparse.Namespace, prefix: str = "") -> ModelOptions:
    """The group's options, checked.

    Raises:
        ConfigError: there is not exactly one model, or an option has no effect on it.
    """
    names = [name for name in ModelOptions.__dataclass_fields__ if name != "prefix"]
    options = ModelOptions(**{name: getattr(arguments, prefix + name) for name in names}, prefix=prefix)
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
