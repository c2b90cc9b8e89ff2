"""What each command of `raiden` does, one file each; `fit`, `test` and `predict` stand in `raiden.commands.cli`.

Each has `main(argv)`, which gives the exit code. Where something has to change it raises a RaidenError that names the
option or the file, the fault and the remedy: InputError where the user wrote it, EndpointError where no request can
succeed, StorageError where the output cannot be written.
"""
