"""The entries of `model.rewards.extra`: rewards of the user's own, named by their classes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from raiden.core.errors import ConfigError

COMPONENTS = ("accuracy", "format", "repetition", "length", "first_person", "writing")
"""Of the verifiable reward, each with an option `{name}_weight`."""


@dataclass(frozen=True)
class ExtraReward:
    """One entry."""

    class_path: str
    """Of the class, `package.module.Class`; `raiden.scoring` says what it must have."""
    init_args: Mapping[str, Any] = field(default_factory=dict)
    """What it is made with."""
    weight: float = 1.0
    """Reward units for each unit of the score, at least 0; 0 measures and logs it, and pays nothing."""
    name: str = ""
    """In curves and tables; left out, the name of the class: `LengthTarget` is length_target."""
    max_in_flight: int = 16
    """Calls of an async reward that wait at the same time, at most."""


@dataclass(frozen=True)
class Verifier:
    """A model that is asked whether a reply is right."""

    class_path: str
    """Of its class, or `reference`: the run's own frozen reference."""
    init_args: Mapping[str, Any] = field(default_factory=dict)
    when: Literal["unsure", "all"] = "unsure"
    """Of which completions it is asked: those that the rule leaves open, or all."""
    max_in_flight: int = 16

    @property
    def is_reference(self) -> bool:
        return self.class_path == "reference"


def read_verifier(entry: Any, option: str) -> Verifier | None:
    """The verifier, checked; None where there is none.

    Raises:
        ConfigError: a key is unknown or missing, or its value out of range.
    """
    if entry is None:
        return None
    rest = {key: value for key, value in entry.items() if key != "when"} if isinstance(entry, Mapping) else entry
    read = _read(rest, option)
    for key in ("weight", "name"):
        if key in rest:
            raise ConfigError(f"`{option}.{key}` is no option of the verifier: it decides the accuracy.")
    if (when := entry.get("when", "unsure")) not in ("unsure", "all"):
        raise ConfigError(f"`{option}.when` must be unsure or all, got {when!r}.")
    return Verifier(read.class_path, read.init_args, when, read.max_in_flight)


def read_extra_rewards(entries: Sequence[Any], option: str) -> list[ExtraReward]:
    """The entries, checked.

    Args:
        option: what messages call the list.

    Raises:
        ConfigError: an entry has an unknown or missing key, a value out of its range, or another's name.
    """
    if not isinstance(entries, Sequence) or isinstance(entries, str):
        raise ConfigError(f"`{option}` must be a list of rewards, each with a `class_path`, got {entries!r}.")
    read: list[ExtraReward] = []
    for index, entry in enumerate(entries):
        place = f"{option}[{index}]"
        one = _read(entry, place)
        if one.name in (*COMPONENTS, *(other.name for other in read)):
            raise ConfigError(f"`{place}.name`: there is a reward called {one.name} already; give another `name`.")
        read.append(one)
    return read


def _read(entry: Any, place: str) -> ExtraReward:
    known = [f.name for f in fields(ExtraReward)]
    if not isinstance(entry, Mapping) or not isinstance(entry.get("class_path"), str):
        raise ConfigError(f"`{place}` must have a `class_path`, such as my_rewards.Politeness, got {entry!r}.")
    for key in entry:
        if key not in known:
            raise ConfigError(f"`{place}.{key}` is no option of a reward; there are {', '.join(known)}.")
    weight, in_flight = entry.get("weight", 1.0), entry.get("max_in_flight", 16)
    init_args = entry.get("init_args") or {}
    checks = {
        "init_args": (isinstance(init_args, Mapping), init_args, "a group of options"),
        "weight": (_is_number(weight) and 0 <= weight < math.inf, weight, "a number of at least 0"),
        "max_in_flight": (isinstance(in_flight, int) and in_flight >= 1, in_flight, "a whole number of at least 1"),
    }
    for key, (is_right, value, need) in checks.items():
        if not is_right:
            raise ConfigError(f"`{place}.{key}` must be {need}, got {value!r}.")
    name = str(entry.get("name") or _snake(entry["class_path"].rpartition(".")[2]))
    return ExtraReward(entry["class_path"], dict(init_args), float(weight), name, in_flight)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _snake(name: str) -> str:
    """`LengthTarget` -> `length_target`."""
    return "".join(f"_{char.lower()}" if char.isupper() and index else char.lower() for index, char in enumerate(name))
