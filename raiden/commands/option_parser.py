"""Options of all commands that have no trainer: the fields of dataclasses, with faults told in the same words."""

import argparse
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, Field, fields
from difflib import get_close_matches
from types import NoneType
from typing import Any, Literal, NoReturn, TypeVar, get_args, get_origin, get_type_hints

from raiden.core.errors import ConfigError
from raiden.core.records import load_json
from raiden.core.yaml_text import read_yaml_options

T = TypeVar("T")
_WIDTH = 110
_OF_ONE = re.compile(r"argument (?:-\w/)?-*([\w/-]+): (.*)", re.DOTALL)
TYPES = {"int": "a whole number", "float": "a number", "str": "text", "bool": "true or false"}


class OptionParser(argparse.ArgumentParser):
    """What may stand behind `raiden COMMAND`.

    Args:
        description: a text with line breaks keeps them.
        kinds: dataclasses whose fields are options, see `add_fields`.
        has_config: whether `--config FILE` gives options from YAML, which those beside it override.

    Raises:
        ConfigError: in place of usage and exit, by `parse_args`; it names the option and says what may be given.
    """

    def __init__(
        self,
        command: str,
        description: str,
        epilog: str | None = None,
        kinds: Sequence[type] = (),
        has_config: bool = False,
    ) -> None:
        super().__init__(
            prog=f"raiden {command}",
            description=description if "\n" in description else textwrap.fill(description, _WIDTH),
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,  # an abbreviation is a typo that goes through
        )
        self._has_config = has_config
        if has_config:
            self.add_argument("--config", metavar="FILE", help="YAML file with these options; the command line wins")
        for kind in kinds:
            self.add_fields(kind)

    def add_fields(self, kind: type, title: str | None = None, prefix: str = "") -> None:
        """Adds an option for each field of a dataclass: its type and default, and as help the string beneath it.

        Args:
            title: of their group; None: the first line of the dataclass's own string.
            prefix: of their names: `judge_` makes `--judge_base_url`.
        """
        from docstring_parser import parse_from_object

        title = title or (kind.__doc__ or "").partition("\n")[0].rstrip(".")
        add = self.add_argument_group(title).add_argument
        told = {param.arg_name: param.description or "" for param in parse_from_object(kind).params}
        hints = get_type_hints(kind)
        for field in _option_fields(kind):
            name = field.name if field.metadata.get("is_positional") else f"--{prefix}{field.name}"
            add(name, help=_help(told[field.name], field), **self._settings(hints[field.name], field))

    def _settings(self, hint: Any, field: Field[Any]) -> dict[str, Any]:
        """What argparse is told of a field."""
        settings, is_required = _of_type(hint), field.default is MISSING
        settings |= {} if is_required else {"default": None if field.default == () else field.default}
        if field.metadata.get("is_positional"):
            return settings if is_required else settings | {"nargs": "*" if "nargs" in settings else "?"}
        settings["required"] = is_required
        if hint is bool and not self._has_config:
            return {"action": "store_true"}
        if field.metadata.get("is_repeated"):
            settings |= {"action": "append", "nargs": None}
        if "choices" not in settings:
            settings.setdefault("metavar", field.name.rpartition("_")[2].upper())
        return settings

    def parse_args(self, words: Sequence[str]) -> argparse.Namespace:  # type: ignore[override]
        """The options; see the class for its errors."""
        if self._has_config:
            words = [*_of_files(words), *words]
        if not {"-h", "--help"}.intersection(words):
            self._refuse_unknown(words)
        return super().parse_args(words)

    def _refuse_unknown(self, words: Sequence[str]) -> None:
        """Told before what is missing, for that may be what a misspelt option was meant for."""
        options = re.findall(r"--([\w-]+)", self.format_usage())
        names = [word.removeprefix("--").partition("=")[0] for word in words if re.match("--.", word)]
        for name in names:
            if name not in options:
                raise ConfigError(f"{no_option(name, options)} `{self.prog} --help` tells what may be given.")

    def error(self, message: str) -> NoReturn:
        if found := _OF_ONE.fullmatch(message):
            message = f"`{found[1]}` {_plainly(found[2])}"
        message = re.sub("^unrecognized arguments: (.*)", r"`\1` stands alone", message)
        raise ConfigError(f"{message}; `{self.prog} --help` tells what may be given.")


NO_OPTION: Mapping[str, bool] = {"is_option": False}
"""Metadata of a field that the command itself fills."""
POSITIONAL: Mapping[str, bool] = {"is_positional": True}
"""Of one that is given without its name."""
REPEATED: Mapping[str, bool] = {"is_repeated": True}
"""Of one whose values are given one by one, each behind the name."""


def take(kind: type[T], arguments: argparse.Namespace, prefix: str = "") -> T:
    """The dataclass whose fields `add_fields` made options of."""
    given = {field: getattr(arguments, prefix + field.name) for field in _option_fields(kind)}
    is_tuple = {field.name: str(field.type).startswith("tuple[") for field in given}
    return kind(**{f.name: tuple(value or ()) if is_tuple[f.name] else value for f, value in given.items()})


def parse_options(kind: type[T], argv: Sequence[str], command: str, description: str, epilog: str | None = None) -> T:
    """The options of a command that has one dataclass of them.

    Raises:
        ConfigError: see `OptionParser`.
    """
    return take(kind, OptionParser(command, description, epilog, [kind]).parse_args(argv))


def _option_fields(kind: type) -> list[Field[Any]]:
    return [field for field in fields(kind) if field.metadata.get("is_option", True)]


def _help(told: str, field: Field[Any]) -> str:
    usual = field.default
    is_told = usual is MISSING or usual is None or usual is False or usual == ()
    return " ".join(told.split()).replace("%", "%%") + ("" if is_told else f" (default: {usual})")


def no_option(name: str, options: Iterable[str]) -> str:
    """What is said of an option that there is not.

    >>> no_option("temprature", ["seed", "temperature"])
    '`--temprature` is no option; did you mean `--temperature`?'
    """
    near = get_close_matches(name, options, n=1, cutoff=0.75)
    return f"`--{name}` is no option" + (f"; did you mean `--{near[0]}`?" if near else ".")


def yes_or_no(text: str) -> bool:
    """The value of a switch; without one it is on."""
    if text.lower() not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"must be true or false, got {text!r}")
    return text.lower() == "true"


SWITCH: Mapping[str, Any] = {"type": yes_or_no, "nargs": "?", "const": True, "metavar": "true|false"}
"""An option that may stand alone: `--x` is `--x true`."""


def _of_type(hint: Any) -> dict[str, Any]:
    """What argparse is told of a type."""
    kinds = [kind for kind in get_args(hint) if kind is not NoneType] if NoneType in get_args(hint) else [hint]
    (kind,) = kinds
    if get_origin(kind) is tuple:
        return {**_of_type(get_args(kind)[0]), "nargs": "+"}
    if get_origin(kind) is Literal:
        return {"choices": get_args(kind)}
    if get_origin(kind) is dict:
        return {"type": _json_object, "metavar": "JSON"}
    return dict(SWITCH) if kind is bool else {"type": kind}


def _json_object(text: str) -> dict[str, Any]:
    try:
        value = load_json(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"must be a JSON object ({error}), got {text!r}") from error
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"must be a JSON object, got {text!r}")
    return value


def _plainly(fault: str) -> str:
    """
    >>> _plainly("invalid int value: 'two'")
    "must be a whole number, got 'two'"
    >>> _plainly("invalid choice: 'fr' (choose from 'zh', 'en')")
    "must be one of 'zh', 'en', got 'fr'"
    """
    if found := re.fullmatch(r"invalid (\w+) value: (.*)", fault, re.DOTALL):
        return f"must be {TYPES.get(found[1], found[1])}, got {found[2]}"
    if found := re.fullmatch(r"invalid choice: (.*) \(choose from (.*)\)", fault, re.DOTALL):
        return f"must be one of {found[2]}, got {found[1]}"
    return fault.replace("expected one argument", "needs a value").replace(
        "expected at least one", "needs at least one"
    )


def _of_files(words: Sequence[str]) -> list[str]:
    """The options of YAML files as words of a command line."""
    finder = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    finder.add_argument("--config", action="append", default=[])
    try:
        files = finder.parse_known_args(words)[0].config
    except argparse.ArgumentError:  # told with all other faults of the command line
        return []
    found: list[str] = []
    for file in files:
        options = read_yaml_options(file, "config")
        found += [f"--{name}={value}" for name, value in options.items() if value is not None]
    return found
