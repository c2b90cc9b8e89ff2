"""The options that say which characters there are, and by which samples their replies are scored."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from raiden.chat import Cast
from raiden.core.errors import ProfileError
from raiden.core.shipped import find_file
from raiden.core.types import Profile
from raiden.data.profiles import read_profiles

_PROFILES = "data/online_profiles.jsonl"
_SAMPLES = "data/training"


@dataclass(frozen=True)
class CastOptions:
    """The characters."""

    profiles_file: str = _PROFILES
    """characters, in any format that `raiden import` reads"""
    eval_data: tuple[Path, ...] = ()
    """samples for `why` (default: those in data/training)"""


def read_cast(options: CastOptions) -> Cast:
    """The characters; what cannot be one is told and left out.

    Raises:
        ProfileError: there is no character in the file.
    """
    return Cast(read_characters(options.profiles_file)[0])


def read_characters(path: str) -> tuple[list[Profile], list[ProfileError]]:
    """The profiles of a file, and what is no profile, which is told.

    Raises:
        ProfileError: there is no character in the file.
    """
    profiles, faults = read_profiles([path])
    for fault in faults:
        print(f"skipped: {fault}", file=sys.stderr)
    if not profiles:
        raise ProfileError(f"`profiles_file`: {path} holds no profile that can be used.")
    return profiles, faults


def sample_files(options: CastOptions) -> Sequence[Path]:
    """Those that are named, or the usual ones."""
    return options.eval_data or sorted(find_file(_SAMPLES).glob("*.json"))
