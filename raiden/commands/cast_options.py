"""The options that say which characters there are, and by which samples their replies are scored."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from raiden.chat import Cast
from raiden.core.errors import ProfileError
from raiden.core.shipped import find_file
from raiden.data.profiles import read_profiles

_PROFILES = "data/online_profiles.jsonl"
_SAMPLES = "data/training"


def add_cast_options(add: Callable[..., Any]) -> None:
    """Adds them to a group of a command."""
    add(
        "--profiles_file",
        metavar="FILE",
        help=f"characters, in any format that `raiden import` reads (default: {_PROFILES})",
    )
    add("--eval_data", nargs="+", metavar="FILE", help=f"samples for `why` (default: those in {_SAMPLES})")


def read_cast(arguments: argparse.Namespace) -> Cast:
    """The characters; what cannot be one is told and left out.

    Raises:
        ProfileError: there is no character in the file.
    """
    path = arguments.profiles_file or _PROFILES
    profiles, faults = read_profiles([path])
    for fault in faults:
        print(f"skipped: {fault}", file=sys.stderr)
    if not profiles:
        raise ProfileError(f"`profiles_file`: {path} holds no profile that can be used.")
    return Cast(profiles)


def sample_files(arguments: argparse.Namespace) -> list[Path]:
    """Those that are named, or the usual ones."""
    given = arguments.eval_data
    return [Path(path) for path in given] if given else sorted(find_file(_SAMPLES).glob("*.json"))
