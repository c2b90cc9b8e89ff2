"""`raiden` and `python -m raiden`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

from raiden.errors import RaidenError

_WITHOUT_TRAINER = {
    "benchmark": "raiden.commands.benchmark",
    "chat": "raiden.commands.chat",
    "compare": "raiden.commands.compare",
    "convert": "raiden.commands.convert",
    "export": "raiden.commands.export",
    "generate": "raiden.commands.generate",
    "import": "raiden.commands.import_profiles",
    "plan": "raiden.commands.plan",
    "report": "raiden.commands.report",
    "score": "raiden.commands.score",
    "sft": "raiden.commands.sft",
    "trl": "raiden.commands.trl",
}
"""Commands that are none of LightningCLI's, and the module of each; those that neither load nor train start at once,
without torch."""

_OWN_OPTIONS = {"--model_path", "--base_url", "--model_id", "--eval_data"}
"""With one of these, `validate` asks the model that they name, and not the trainer's."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command; errors of raiden's own are told without a traceback.

    Returns:
        The exit code: 0, or 2 where something that the user wrote must change.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    module = _WITHOUT_TRAINER.get(arguments[0]) if arguments else None
    if arguments[:1] == ["validate"] and _OWN_OPTIONS.intersection(a.partition("=")[0] for a in arguments):
        module = "raiden.commands.validate"
    try:
        if module is not None:
            return int(import_module(module).main(arguments[1:]))
        from raiden.cli import main as run

        run(arguments)
    except RaidenError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
