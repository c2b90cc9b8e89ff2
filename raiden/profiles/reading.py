"""Files of profiles, in any format that is understood -> Profiles, and what is wrong with the rest."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from raiden.errors import ProfileError
from raiden.profiles.card_files import unpack_card
from raiden.profiles.cards import card_record, is_card
from raiden.profiles.jsonl import parse_profile
from raiden.profiles.npc import is_npc_file, npc_record
from raiden.records import as_record, decode_text, parse_json, read_bytes, scan_records
from raiden.types import Profile


def load_profiles(path: str | Path) -> list[Profile]:
    """Reads a file of profiles, or a folder of character cards, in which nothing may be wrong.

    Raises:
        ProfileError: with file, line, field and remedy, for the first fault.
    """
    profiles, faults = read_profiles([path])
    if faults:
        raise faults[0]
    return profiles


def read_profiles(paths: Iterable[str | Path], user_name: str = "") -> tuple[list[Profile], list[ProfileError]]:
    """Reads all profiles that can be used, and says what is wrong with each of the others.

    The format is told by what is in a file: records with a `prompt` (JSONL or a JSON list), RAIDEN's `npc.json`,
    character cards (JSON, PNG, `.charx`). Folders are read in the order of the names, hidden files left out.

    Args:
        user_name: whom the characters of cards talk with; a neutral word of the card's language where it is empty.

    Returns:
        The profiles, no two with the same name, and the faults, each with file, line or item, field and remedy;
        both in the order of the files.
    """
    profiles: dict[str, Profile] = {}
    faults: list[ProfileError] = []
    for path in _files(paths):
        for found in _read_file(path, user_name):
            if isinstance(found, ProfileError):
                faults.append(found)
            elif found.name in profiles:
                faults.append(_second(found.name, found.origin, profiles[found.name].origin))
            else:
                profiles[found.name] = found
    return list(profiles.values()), faults


def _second(name: str, origin: str, first: str) -> ProfileError:
    return ProfileError(f'{origin}: a second profile "{name}" (the first: {first}); rename or drop one.')


def _files(paths: Iterable[str | Path]) -> Iterator[str | Path]:
    for path in paths:
        if Path(path).is_dir():
            inside = (file.relative_to(path) for file in Path(path).rglob("*") if file.is_file())
            shown = sorted(file for file in inside if not any(part.startswith(".") for part in file.parts))
            yield from [Path(path) / file for file in shown] or [Path(path)]  # an empty folder is refused as a file
        else:
            yield path


def _read_file(path: str | Path, user_name: str) -> Iterator[Profile | ProfileError]:
    try:
        content, origin = unpack_card(read_bytes(path, ProfileError), path)
        text = decode_text(content, origin, ProfileError)
    except ProfileError as fault:
        yield fault
        return
    is_empty = True
    for found in _read_text(text, origin, user_name):
        is_empty = False
        yield found
    if is_empty:
        yield ProfileError(f"{path}: no profile in it; write one JSON object a line.")


def _read_text(text: str, origin: str, user_name: str) -> Iterator[Profile | ProfileError]:
    """The profiles of one JSON object that is the whole file, or of records in a list or on lines."""
    document = parse_json(text, origin, 1, ProfileError)
    if isinstance(document, dict) and "prompt" not in document and is_npc_file(document):
        yield from _read_npc_file(text, origin)
        return
    found = list(scan_records(text, origin, ProfileError))
    if isinstance(document, dict):
        first_line = 1 + text[: text.index("{")].count("\n")
        place = f"{origin}:{first_line}" if "prompt" in document else origin
        found = [as_record(document, place, ProfileError)]
    elif isinstance(document, ProfileError) and _is_one_object(document, found):
        found = [document]
    for item in found:
        yield item if isinstance(item, ProfileError) else _made(_own_format, *item, user_name)


def _is_one_object(fault: ProfileError, found: Sequence[Any]) -> bool:
    """Whether lines that cannot be read are those of one broken object: no value ends with the first of them."""
    all_broken = all(isinstance(item, ProfileError) for item in found)
    return len(found) > 1 and all_broken and "Extra data" not in str(fault)


def _own_format(origin: str, record: Mapping[str, Any], user_name: str) -> Mapping[str, Any]:
    if "prompt" not in record and is_card(record):
        return card_record(origin, record, user_name)
    return record


def _read_npc_file(text: str, origin: str) -> Iterator[Profile | ProfileError]:
    roles: list[tuple[str, Any]] = []

    def keep_all(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        roles[:] = pairs  # the outermost object ends last
        return dict(pairs)

    # A plain dict would drop the first of two roles with one name.
    json.loads(text, object_pairs_hook=keep_all)
    for name, role in roles:
        yield _made(npc_record, f'{origin}: "{name}"', name, role)


def _made(record: Callable[..., Mapping[str, Any]], origin: str, *arguments: Any) -> Profile | ProfileError:
    """The profile of a record that is yet to be made."""
    try:
        return parse_profile(record(origin, *arguments), origin)
    except ProfileError as fault:
        return fault
