"""Files of profiles -> Profiles, and what is wrong with the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from raiden.errors import ProfileError
from raiden.profiles.jsonl import parse_profile
from raiden.records import decode_text, read_bytes, scan_records
from raiden.types import Profile


def load_profiles(path: str | Path) -> list[Profile]:
    """Reads a file of profiles in which nothing may be wrong.

    Raises:
        ProfileError: with file, line, field and remedy, for the first fault.
    """
    profiles, faults = read_profiles([path])
    if faults:
        raise faults[0]
    return profiles


def read_profiles(paths: Iterable[str | Path]) -> tuple[list[Profile], list[ProfileError]]:
    """Reads all profiles that can be used, and says what is wrong with each of the others.

    Returns:
        The profiles, no two with the same name, and the faults, each with file, line or item, field and remedy;
        both in the order of the files.
    """
    profiles: dict[str, Profile] = {}
    faults: list[ProfileError] = []
    for path in paths:
        for found in _read_file(path):
            if isinstance(found, ProfileError):
                faults.append(found)
            elif found.name in profiles:
                faults.append(_second(found, profiles[found.name]))
            else:
                profiles[found.name] = found
    return list(profiles.values()), faults


def _second(profile: Profile, first: Profile) -> ProfileError:
    return ProfileError(
        f'{profile.origin}: a second profile "{profile.name}" (the first: {first.origin}); rename or drop one.'
    )


def _read_file(path: str | Path) -> Iterator[Profile | ProfileError]:
    try:
        text = decode_text(read_bytes(path, ProfileError), path, ProfileError)
    except ProfileError as fault:
        yield fault
        return
    is_empty = True
    for found in scan_records(text, path, ProfileError):
        is_empty = False
        yield found if isinstance(found, ProfileError) else _parsed(*found)
    if is_empty:
        yield ProfileError(f"{path}: no profile in it; write one JSON object a line.")


def _parsed(origin: str, record: Mapping[str, Any]) -> Profile | ProfileError:
    try:
        return parse_profile(record, origin)
    except ProfileError as fault:
        return fault
