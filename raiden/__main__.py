"""`raiden` and `python -m raiden`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from importlib import import_module
from typing import TextIO

from raiden.core.errors import RaidenError, RunIsFinished
from raiden.core.out_of_memory import explain_out_of_memory
from raiden.core.signals import STOPPED, end_at_once, reader_is_gone, silence, stoppable, was_stopped

_WITHOUT_TRAINER = {
    "benchmark": "raiden.commands.benchmark",
    "chat": "raiden.commands.chat",
    "compare": "raiden.commands.compare",
    "convert": "raiden.commands.convert",
    "export": "raiden.commands.export",
    "generate": "raiden.commands.generate",
    "import": "raiden.commands.import_profiles",
    "import-samples": "raiden.commands.import_samples",
    "plan": "raiden.commands.plan",
    "prompt": "raiden.commands.prompt",
    "replay": "raiden.commands.replay",
    "report": "raiden.commands.report",
    "score": "raiden.commands.score",
    "sft": "raiden.commands.sft",
    "trl": "raiden.commands.trl",
}
"""Commands that are none of LightningCLI's, and the module of each; those that neither load nor train start at once,
without torch."""

_OWN_OPTIONS = {"--model_path", "--base_url", "--model_id", "--eval_data"}
"""With one of these, `validate` asks the model that they name, and not the trainer's."""


_OWN_STOP = {
    "benchmark",
    "chat",
    "compare",
    "convert",
    "generate",
    "import",
    "import-samples",
    "report",
    "score",
    "trl",
}
"""Commands to which Ctrl-C means something else, or which are over at once."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command; errors of raiden's own and what stops it from outside are told without a traceback.

    Args:
        argv: behind `raiden`; None: the process is there for this command alone, and ends with it.

    Returns:
        The exit code: 0, 2 where something that the user wrote must change, or 130 where the command was stopped.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    module = _module_of(arguments)
    own = _OWN_STOP.intersection(arguments[:1]) or (arguments[:1] == ["validate"] and module is not None)
    try:
        with nullcontext() if own else stoppable(restores=argv is not None):
            return _exit_code(module, arguments)
    finally:
        if argv is None:
            end_at_once()


def _exit_code(module: str | None, arguments: Sequence[str]) -> int:
    try:
        with explain_out_of_memory("this command"):
            return _run(module, arguments)
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


def _module_of(arguments: Sequence[str]) -> str | None:
    """The module of a command; None: LightningCLI has it."""
    module = _WITHOUT_TRAINER.get(arguments[0]) if arguments else None
    if arguments[:1] == ["validate"] and _OWN_OPTIONS.intersection(a.partition("=")[0] for a in arguments):
        module = "raiden.commands.validate"
    return module


def _run(module: str | None, arguments: Sequence[str]) -> int:
    if module is not None:
        return int(import_module(module).main(arguments[1:]))
    from raiden.commands.cli import main as run

    run(arguments)
    return 0


def _tell(what: str, file: TextIO) -> None:
    """Says it once, whatever the number of processes."""
    if os.environ.get("LOCAL_RANK", "0") == "0":
        print(what, file=file)


if __name__ == "__main__":
    sys.exit(main())
