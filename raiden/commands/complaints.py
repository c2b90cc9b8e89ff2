"""What libraries raise about a user's options, as errors of raiden's own."""

from __future__ import annotations

from argparse import ArgumentError
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lightning.fabric.utilities.exceptions import MisconfigurationException

from raiden.core.errors import ConfigError, RaidenError
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


def _own_error(error: BaseException | None) -> RaidenError | None:
    """The error of raiden's own from which a library raised another, if there is one."""
    while error is not None and not isinstance(error, RaidenError):
        error = error.__cause__ or error.__context__
    return error


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
