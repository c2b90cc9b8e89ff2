"""What each command of `raiden` does, one file each; `fit`, `test` and `predict` stand in `raiden.commands.cli`."""
