"""The options of `raiden trl`: those of TRL and Open-R1 under their own names, raiden's data and raiden's reward."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn

import yaml
from docstring_parser import parse_from_object
from trl import GRPOConfig, ModelConfig, TrlParser

from raiden.core.errors import ConfigError, RaidenError, SampleError
from raiden.rewards import RewardConfig
from raiden.rewards.extra import COMPONENTS

_DESCRIPTION = """Train with TRL's GRPOTrainer, the library that Open-R1 runs on: the samples, prompts and rewards of
`raiden fit`, under the options of TRL and Open-R1. `--config FILE` reads options from YAML; the command line wins.
A step (`--max_steps`, `--save_steps`) is what TRL counts, an optimizer step: a rollout has `--num_iterations` times
`--steps_per_generation` / `--gradient_accumulation_steps` of them, one by default."""
_RENAMED = {
    "`model.policy.path`": "`--model_name_or_path`",
    "`model.rewards.": "`--",
    "`data.train_file`": "`--train_data_path`",
    "`data.val_file`": "`--eval_data_path`",
    "`data.": "`--",
}
"""Options of `raiden fit` that messages name, and what they are called here."""


@dataclass
class DataArguments:
    """Which samples are trained on."""

    train_data_path: str
    """samples to train on, a JSON list or JSONL"""
    eval_data_path: str | None = None
    """held-out samples; unset, a share of the characters of train_data_path is held out"""
    val_ratio: float = 0.2
    """share of the characters that is held out where there is no eval_data_path"""
    languages: list[str] | None = None
    """keep samples in these languages (zh, ja, en, ko); unset keeps all"""
    max_prompt_tokens: int = 2048
    """longer prompts are dropped, and counted in the log, in tokens"""
    date: str | None = None
    """what a chat template that writes the day into prompts takes for today, as YYYY-MM-DD; unset: today"""
    opening_turn: str | None = None
    """what the user says before a greeting, where the chat template wants the user to begin"""
    prompt_template: str | None = None
    """a Jinja file that says who the model is to be; unset: raiden/data/prompt_templates/default.jinja"""
    profiles: str | None = None
    """profiles whose own texts, as they stand in their file, are the prompts in place of a template"""


@dataclass(frozen=True)
class Options:
    """All options of a run, checked."""

    data: DataArguments
    rewards: RewardConfig
    training: GRPOConfig
    model: ModelConfig


def parse_options(argv: Sequence[str]) -> Options:
    """Options from the command line and the YAML file that it names.

    Raises:
        ConfigError: an option is unknown, missing, or has a value that cannot work.
    """
    with in_options_of_trl():
        try:
            data, rewards, training, model = _parser().parse_args_and_config(_split_config(argv))
        except (OSError, yaml.YAMLError) as error:
            raise ConfigError(f"`--config`: cannot be read ({error}); give a YAML file of options.") from error
        except RaidenError:
            raise
        except (ValueError, TypeError) as error:
            # TRL and transformers check values with these; the message names the option.
            raise ConfigError(str(error)) from error
        options = Options(data, rewards, training, model)
        _check(options)
    return options


@contextmanager
def in_options_of_trl() -> Iterator[None]:
    """Messages about options of `raiden fit` name the options of this command instead."""
    try:
        yield
    except (ConfigError, SampleError) as error:
        message = str(error)
        for name, own_name in _RENAMED.items():
            message = message.replace(name, own_name)
        raise type(error)(message) from error


class _Parser(TrlParser):
    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{message}; see `raiden trl --help`.")


def _parser() -> _Parser:
    types: Any = (DataArguments, RewardConfig, GRPOConfig, ModelConfig)
    parser = _Parser(types, prog="raiden trl", description=_DESCRIPTION, allow_abbrev=False)
    told = {p.arg_name: p.description for own in types[:2] for p in parse_from_object(own).params}
    for action in parser._actions:
        if action.dest in told:
            action.help = (told[action.dest] or "").replace("%", "%%")
    return parser


def _split_config(argv: Sequence[str]) -> list[str]:
    """`--config=FILE` as two words, which is how TRL looks for it."""
    words: list[str] = []
    for word in argv:
        words += word.split("=", 1) if word.startswith("--config=") else [word]
    if words and words[-1] == "--config":
        raise ConfigError("`--config` needs the path of a YAML file.")
    return words


def _check(options: Options) -> None:
    if options.model.model_name_or_path is None:
        raise ConfigError("`--model_name_or_path` is not set; give the model to train.")
    if options.training.reward_weights is not None:
        raise ConfigError(
            "`--reward_weights` goes by position; name the weights instead: "
            f"{', '.join(f'--{name}_weight' for name in COMPONENTS)}, and `weight` of each of `extra`."
        )
