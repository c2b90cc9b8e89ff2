"""Files and folders that appear whole or not at all, and plain words where the disk does not take them."""

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from raiden.core.errors import RaidenError, StorageError, led_to

_FULL = {errno.ENOSPC, errno.EDQUOT}
_OF_WRITES = _FULL | {errno.EROFS, errno.EFBIG}
"""Codes that no read can have."""
_SUFFIX = ".part"


@contextmanager
def writing(target: str | Path, num_bytes: int | None = None, suffix: str = _SUFFIX) -> Iterator[Path]:
    """A name beside the target for a file or a folder, which gets the target's own name when the block ends well.

    Where it does not, by Ctrl-C or otherwise, what was written is gone and what had the target's name is as it was.

    Args:
        num_bytes: what will be written, for the message where there is too little room.
        suffix: of that name.

    Raises:
        StorageError: the disk did not take it; whatever a library made of that.
        KeyboardInterrupt: whatever a library made of that.
    """
    target = Path(target)
    part = target.with_name(target.name + suffix)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        remove(part)
        yield part
        for path in _files(part):  # to the disk itself: a machine that loses its power has the old or the new
            with open(path, "rb") as file:
                os.fsync(file.fileno())
        os.replace(part, target)
    except BaseException as error:
        full = (
            num_bytes is not None
            and sum(f.stat().st_size for f in _files(part)) + shutil.disk_usage(target.parent).free < num_bytes
        )
        with suppress(OSError):  # of which `error` tells
            remove(part)
        cause = next((c for e in led_to(error) if (c := _plain(e, target, num_bytes)) is not None), error)
        if cause is error and full:  # sharded writers lose what the system said
            cause = _told(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), target, num_bytes)
        if cause is error:
            raise
        raise cause from None


def of_disk(error: OSError, place: str | Path) -> StorageError | None:
    """The error where the disk did not take a write, such as a log's; None where it was something else.

    Args:
        place: what was written, where the error does not say.
    """
    if isinstance(error, StorageError):
        return error
    return _told(error, Path(error.filename or place), None) if error.errno in _OF_WRITES else None


def remove_parts(folder: Path) -> None:
    """Takes away what writers left that were killed; nobody may be writing."""
    for part in folder.glob(f"*{_SUFFIX}"):
        remove(part)


def remove(path: Path) -> None:
    """A file or a folder, where it is there."""
    if os.path.isdir(path):
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(NotADirectoryError):  # a file is where its folder would be
            path.unlink(missing_ok=True)


def discard(path: Path) -> None:
    """Takes away what `writing` wrote; a kill leaves it whole, or as a part."""
    if path.exists():
        part = path.with_name(path.name + _SUFFIX)
        os.replace(path, part)
        remove(part)


def in_bytes(size: int) -> str:
    """
    >>> in_bytes(1_614_000_000), in_bytes(48_000), in_bytes(12)
    ('1.6 GB', '48.0 kB', '12 bytes')
    """
    for unit, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size} bytes"


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]


def _plain(error: BaseException, target: Path, num_bytes: int | None) -> BaseException | None:
    """What an error that ended a block of `writing`, or led to that, should be told as; None: it says nothing."""
    if isinstance(error, (RaidenError, KeyboardInterrupt)):
        return error
    if isinstance(error, OSError) and error.errno is not None:
        name = str(error.filename or target)  # of another file, such as one that was read, where it is told of
        ours = name.startswith(str(target)) or str(target).startswith(name)
        return _told(error, target, num_bytes) if ours else None
    # Rust's libraries (safetensors, tokenizers) hand the system's code on in words alone.
    if code := re.search(r"\(os error (\d+)\)", str(error)):
        return _told(OSError(int(code[1]), os.strerror(int(code[1]))), target, num_bytes)
    return None


def _told(error: OSError, path: Path, num_bytes: int | None) -> StorageError:
    remedy = "give a path that can be written"
    if error.errno in _FULL:
        folder = next(p for p in path.absolute().parents if p.is_dir())
        free = in_bytes(shutil.disk_usage(folder).free)
        needed = f"it takes {in_bytes(num_bytes)}, " if num_bytes is not None else ""
        remedy = f"{needed}{free} are free on its disk; make room, or give a path on another disk"
    assert error.errno is not None
    return StorageError(error.errno, error.strerror or str(error), str(path), remedy)
