"""The libraries under `raiden fit`: how they are set, and what they raise about options, as errors of raiden's own."""

import logging
import re
import threading
import warnings
from argparse import ArgumentError
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

from jsonargparse import ArgumentParser, get_loader, set_loader, set_parsing_settings
from lightning.fabric.utilities.exceptions import MisconfigurationException

from raiden.commands.option_parser import TYPES, no_option
from raiden.core.errors import ConfigError, RaidenError, led_to
from raiden.core.yaml_text import load_yaml, refuse_unfolding
from raiden.policy.saved_state import REMEDY, load_rest, stored_shapes


@contextmanager
def as_config_error(*kinds: type[Exception], prefix: str = "") -> Iterator[None]:
    """Errors about options become ConfigErrors; one that a library made of raiden's own is unwrapped.

    Args:
        kinds: which, besides jsonargparse's and Lightning's own.
        prefix: the option that they are about, where the library does not say it.

    Raises:
        RaidenError: the message names the option.
    """
    about_options: tuple[type[Exception], ...] = (ArgumentError, MisconfigurationException, *kinds)
    try:
        yield
    except RaidenError:
        raise
    except about_options as error:
        raise _own_error(error) or ConfigError(f"{prefix}{error}") from error


_OF_A_KEY = re.compile(r'Parser key "([\w.]+)":\s*(.*)', re.DOTALL)
_OF_A_TYPE = re.compile(r"Expected an? (.*?)\.? Got value: (.*)", re.DOTALL)


@contextmanager
def in_plain_words(command: str, words: Sequence[str], parser: ArgumentParser) -> Iterator[None]:
    """What jsonargparse says of a run's options, with the option's name first and the next step last.

    Args:
        command: `fit`, say.
        words: of the command line.
        parser: of its options.

    Raises:
        ConfigError: in place of its ArgumentError.
    """
    try:
        yield
    except ArgumentError as error:
        raise _own_error(error) or ConfigError(_plainly(str(error), command, words, parser)) from error


def _plainly(message: str, command: str, words: Sequence[str], parser: ArgumentParser) -> str:
    if message.startswith("unrecognized arguments: "):
        return _unknown(message.removeprefix("unrecognized arguments: ").split(), command, parser)
    found = _OF_A_KEY.fullmatch(message)
    if found is None:
        return message
    key, fault = found.groups()
    if key == "config" and "not exist" in fault:
        return f"`--config`: {fault}; give a YAML file that is there, or one that `raiden configs` lists."
    told = _OF_A_TYPE.fullmatch(fault)
    if told is None:
        return f"`{key}`: {fault}"
    kind, value = told.groups()
    if value == "None":
        return f"`{key}` is not set; {_what_lacks(key, command, words)}"
    name = kind.removeprefix("<class '").removesuffix("'>")
    return f"`{key}` must be {TYPES.get(name, kind)}, got {value}."


def _unknown(arguments: Sequence[str], command: str, parser: ArgumentParser) -> str:
    first = arguments[0]
    if not first.startswith("-"):
        remedy = f"; a configuration is given as `--config {first}`" if first.endswith((".yaml", ".yml")) else ""
        return f"`{first}` stands alone{remedy or '; an option begins with --'}."
    name = first.lstrip("-").partition("=")[0]
    options = vars(parser.get_defaults(skip_validation=True).as_flat())
    return f"{no_option(name, options)} `raiden {command} --help_all` tells all."


def _what_lacks(key: str, command: str, words: Sequence[str]) -> str:
    """What to do where an option that every run needs is set nowhere."""
    files = [after for word, after in pairwise(words) if word in ("-c", "--config")]
    files += [word.partition("=")[2] for word in words if word.startswith("--config=")]
    if not files:
        example = "sft" if command == "sft" else "quickstart"
        return f"give a configuration, `raiden {command} --config {example}`, or the option `--{key}`."
    config: Any = load_yaml(Path(files[-1]).read_text(encoding="utf-8"))
    if isinstance(config, dict) and "model_name_or_path" in config:
        return f"{files[-1]} has the options of `raiden trl`: run `raiden trl --config {files[-1]}`."
    *above, last = key.split(".")
    for name in above:
        config = config.get(name) if isinstance(config, dict) else None
    there = f", where there are {', '.join(map(str, config))}" if isinstance(config, dict) and config else ""
    return f"add `{last}` to {files[-1]} under `{'.'.join(above)}`{there}; or give the option `--{key}`."


def _own_error(error: BaseException) -> RaidenError | None:
    """The error of raiden's own from which a library raised another, if there is one."""
    return next((one for one in led_to(error) if isinstance(one, RaidenError)), None)


def refuse_no_checkpoint(path: str, option: str = "ckpt_path", or_else: Sequence[Path] = ()) -> None:
    """Looks into a checkpoint, a file or a folder of shards, without reading its tensors.

    Args:
        option: what the message calls it.
        or_else: the run's checkpoints before it.

    Raises:
        ConfigError: there is none, it is not one of raiden's, or it holds objects that are more than data.
    """
    try:
        checkpoint = load_rest(path)
        if Path(path).is_dir():
            stored_shapes(path)
    except ConfigError as error:
        older = f" The one before is {or_else[-1]}." if or_else else ""
        raise ConfigError(f"`{option}`: {error}{older}") from error
    if not isinstance(checkpoint, dict) or "raiden" not in checkpoint:
        raise ConfigError(f"`{option}`: {path} is not a checkpoint of raiden's; {REMEDY}.")


_LOAD: Any = get_loader("yaml")


def configure_jsonargparse() -> None:
    """Strings beneath a config's fields become its help; YAML is read within bounds."""
    from yaml import YAMLError

    set_parsing_settings(docstring_parse_attribute_docstrings=True)
    set_loader("yaml", _load, exceptions=(YAMLError,))


def _load(text: str) -> Any:
    refuse_unfolding(text)
    return _LOAD(text)


def hide_warnings() -> None:
    """What speaks neither of the data nor of the options of the user is not shown."""
    warnings.filterwarnings("ignore", message=".*isinstance.treespec, LeafSpec.*")
    warnings.filterwarnings("ignore", message=".*LightningCLI's args parameter.*")
    # Lightning counts raiden's loaders as slow because they have no worker processes; they need none.
    warnings.filterwarnings("ignore", message=".*does not have many workers.*")
    # The metric puts the processes' shares together before they are logged.
    warnings.filterwarnings("ignore", message=".*sync_dist=True.*")
    # Those of a run that goes on have been given other names.
    warnings.filterwarnings("ignore", message=".*Previous log files in this directory will be deleted.*")
    # What ends TensorBoard's thread is raised again by its next write.
    threading.excepthook = lambda args: None if isinstance(args.exc_value, OSError) else threading.__excepthook__(args)
    logging.getLogger("lightning.pytorch.utilities.rank_zero").addFilter(
        lambda record: not record.getMessage().startswith("💡 Tip")
    )
