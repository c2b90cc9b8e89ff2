"""`raiden` and `python -m raiden`."""

import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from importlib import import_module
from typing import TextIO

from raiden import __version__
from raiden.commands.short_help import SHORTENED, short_help
from raiden.commands.table import COMMANDS, Command, overview, unknown
from raiden.core.errors import ConfigError, RaidenError, RunIsFinished
from raiden.core.out_of_memory import explain_out_of_memory
from raiden.core.shipped import with_config_paths
from raiden.core.signals import STOPPED, end_at_once, reader_is_gone, silence, stoppable, was_stopped

_OWN_OPTIONS = {"--model_path", "--base_url", "--model_id", "--eval_data"}
"""With one of these, `validate` asks the model that they name, and not the trainer's."""
_QUIET_SECONDS = 2.0


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command; errors of raiden's own and what stops it from outside are told without a traceback.

    Args:
        argv: behind `raiden`; None: the process is there for this command alone, and ends with it.

    Returns:
        The exit code: 0, 2 where something that the user wrote must change, or 130 where the command was stopped.
    """
    arguments = with_config_paths(sys.argv[1:] if argv is None else argv)
    command = _command_of(arguments)
    try:
        with nullcontext() if command is None or command.stops_itself else stoppable(restores=argv is not None):
            return _exit_code(command, arguments)
    finally:
        if argv is None:
            end_at_once()


def _exit_code(command: Command | None, arguments: Sequence[str]) -> int:
    try:
        with explain_out_of_memory("this command"):
            return _run(command, arguments)
    except RunIsFinished as end:
        _tell(str(end), sys.stdout)
        return 0
    except RaidenError as error:
        if was_stopped():
            return STOPPED
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        _tell("stopped", sys.stderr)
        return STOPPED
    except BaseException as fault:
        if isinstance(fault, BrokenPipeError) and reader_is_gone(1):
            silence(1)  # Python writes what is left once more at its end
            _tell("stopped: nobody reads any more what this command prints", sys.stderr)
            return STOPPED
        if was_stopped():  # as Lightning's own exit, and what a library raises because of it
            return STOPPED
        raise


def _command_of(arguments: Sequence[str]) -> Command | None:
    name = "".join(arguments[:1])
    if name.startswith("--config"):  # Lightning's other order: `raiden --config FILE fit`
        name = next((word for word in arguments if word in COMMANDS and COMMANDS[word].is_of_trainer), name)
    if name == "validate" and _OWN_OPTIONS.intersection(a.partition("=")[0] for a in arguments):
        return Command("", "raiden.commands.validate", stops_itself=True)
    return COMMANDS.get(name)


def _run(command: Command | None, arguments: Sequence[str]) -> int:
    if command is None:
        return _without_command(arguments)
    if command is not COMMANDS.get(arguments[0]) or arguments[0] not in SHORTENED:
        arguments = ["--help" if word == "--help_all" else word for word in arguments]
    elif (text := short_help(arguments)) is not None:
        print(text)
        return 0
    with _told_if_slow("loading libraries, some seconds", _QUIET_SECONDS):
        main = import_module(command.module).main
    return int(main(arguments if command.is_of_trainer else arguments[1:]))


def _without_command(arguments: Sequence[str]) -> int:
    """`raiden`, `raiden --help`, `raiden --version`, and words that are no command."""
    first = "".join(arguments[:1])
    if first in ("--version", "-V"):
        print(f"raiden {__version__}")
    elif first in ("", "-h", "--help"):
        print(overview())
    else:
        raise ConfigError(unknown(first))
    return 0 if first else 2


def _tell(what: str, file: TextIO) -> None:
    """Says it once, whatever the number of processes."""
    if os.environ.get("LOCAL_RANK", "0") == "0":
        print(what, file=file)


@contextmanager
def _told_if_slow(what: str, seconds: float) -> Iterator[None]:
    """Within it, a terminal is told what is waited for once that has taken so many seconds; files are told nothing."""
    if not sys.stderr.isatty():
        yield
        return
    timer = threading.Timer(seconds, print, (what,), {"file": sys.stderr, "flush": True})
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


if __name__ == "__main__":
    sys.exit(main())
