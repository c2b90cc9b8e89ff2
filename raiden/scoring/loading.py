"""From entries of `model.rewards.extra` to the objects they name; what cannot work is said before the run begins."""

import importlib
import inspect
from typing import Any

from raiden.core.errors import ConfigError
from raiden.rewards.extra import ExtraReward
from raiden.scoring.base import GroupReward


def load_reward(entry: ExtraReward, place: str) -> Any:
    """The reward that an entry names: a CompletionReward or a GroupReward.

    Args:
        place: what messages call the entry.

    Raises:
        ConfigError: there is no such class, its `init_args` do not fit, or it is no reward.
    """
    reward = _make(_class_of(entry.class_path, place), entry, place)
    if not isinstance(getattr(reward, "units", None), str):
        raise ConfigError(f'`{place}`: {entry.class_path} must say what a score of 1 is: units = "words".')
    method = reward.score_group if isinstance(reward, GroupReward) else reward
    if not callable(method):
        raise ConfigError(
            f"`{place}`: {entry.class_path} is no reward; give it `__call__(self, sample, prompt, completion)`, or "
            "`score_group(self, sample, prompt, completions)`."
        )
    try:
        inspect.signature(method).bind(None, None, None)
    except TypeError as error:
        wanted = "completions" if isinstance(reward, GroupReward) else "completion"
        raise ConfigError(
            f"`{place}`: {entry.class_path} must take (sample, prompt, {wanted}), in this order ({error})."
        ) from error
    return reward


def _class_of(path: str, place: str) -> type:
    module, _, name = path.rpartition(".")
    remedy = "give `package.module.Class` of a package that is installed, or of a file in the folder you start from"
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(f"`{place}.class_path`: there is no {path} ({error}); {remedy}.") from error
    if not inspect.isclass(found):
        raise ConfigError(f"`{place}.class_path`: {path} is no class; {remedy}.")
    return found


def _make(kind: type, entry: ExtraReward, place: str) -> Any:
    from jsonargparse import ArgumentParser  # not there beside other trainers, where no reward is named

    parser = ArgumentParser(exit_on_error=False)
    parser.add_class_arguments(kind, "init_args", fail_untyped=False)
    try:
        if not entry.init_args:
            return kind()
        return kind(**parser.parse_object({"init_args": dict(entry.init_args)})["init_args"].as_dict())
    except ConfigError as error:
        raise ConfigError(f"`{place}.init_args`: {error}") from error
    except Exception as error:  # of the user's own class: whatever it is, it is told with its place
        raise ConfigError(f"`{place}.init_args`: {entry.class_path} cannot be made ({error}).") from error
