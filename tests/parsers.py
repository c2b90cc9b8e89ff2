"""Parsers of options that are built once: that takes a second each time, and gives the same each time."""

from __future__ import annotations

import pytest

from raiden.commands.cli import RaidenCLI


def keep_parsers(patch: pytest.MonkeyPatch) -> None:
    """From now on a command's parser is built for its first run in this process, and used by all later ones."""
    setup, kept = RaidenCLI.setup_parser, dict[tuple[object, ...], dict[str, object]]()

    def setup_once(cli: RaidenCLI, *settings: object) -> None:
        key = type(cli), cli._model_class, *cli.subcommands()  # `raiden plan` has one for each way of training
        if key not in kept:
            setup(cli, *settings)
            names = [name for name in vars(cli) if name.endswith(("parser", "_parsers", "_method_arguments"))]
            kept[key] = {name: vars(cli)[name] for name in names}
        vars(cli).update(kept[key])

    patch.setattr(RaidenCLI, "setup_parser", setup_once)
