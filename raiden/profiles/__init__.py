"""Files of character profiles -> validated Profiles."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from raiden.errors import ProfileError
from raiden.languages import detect_language
from raiden.records import read_records
from raiden.types import Profile

_SETTING = re.compile(r"<Character Setting>(.*?)</Character Setting>", re.DOTALL)
# A field's name is short and ends in a half- or full-width colon; the rest of the line is its value.
_FIELD = re.compile(r"^\s*([^\s:\uff1a][^:\uff1a\n]{0,39}?)\s*[:\uff1a]\s*(.*)$")


def load_profiles(path: str | Path) -> list[Profile]:
    """Reads a JSONL file of profiles, one `{"prompt": "...<Character Setting>...</Character Setting>..."}` a line.

    Raises:
        ProfileError: with file, line, field and remedy, for the first line that cannot be used.
    """
    profiles: dict[str, Profile] = {}
    for origin, record in read_records(path, ProfileError):
        profile = parse_profile(record, origin)
        if profile.name in profiles:
            raise ProfileError(
                f'{origin}: a second profile "{profile.name}" (the first: {profiles[profile.name].origin}); '
                "rename or drop one."
            )
        profiles[profile.name] = profile
    if not profiles:
        raise ProfileError(f"{path}: no profile in it; write one JSON object a line.")
    return list(profiles.values())


def parse_profile(record: Mapping[str, Any], origin: str) -> Profile:
    """A profile from its record; see `load_profiles` for the format.

    >>> profile = parse_profile(
    ...     {"prompt": "<Character Setting>\\nName: 小明\\nIntroduction: 学生\\n爱读书\\n</Character Setting>"}, "a:1")
    >>> profile.name, dict(profile.fields), profile.language
    ('小明', {'Name': '小明', 'Introduction': '学生\\n爱读书'}, 'zh')
    """
    prompt = record.get("prompt")
    if not isinstance(prompt, str):
        raise ProfileError(f"{origin}: `prompt` must be a string, got {prompt!r}; put the profile's text there.")
    setting = _SETTING.search(prompt)
    if setting is None:
        raise ProfileError(
            f"{origin}: `prompt` has no <Character Setting>...</Character Setting> block; add it around the fields."
        )
    fields = parse_fields(setting.group(1))
    if not fields.get("Name"):
        raise ProfileError(f"{origin}: the profile has no `Name`; add a line `Name: ...` or drop the profile.")
    language = detect_language("\n".join(fields.values()))
    return Profile(fields["Name"], fields, prompt, language, origin)


def parse_fields(setting: str) -> dict[str, str]:
    """The `field: value` lines of a character setting; other lines go on with the field before them."""
    fields: dict[str, str] = {}
    last: str | None = None
    for line in setting.strip().splitlines():
        match = _FIELD.match(line)
        if match and match.group(1) not in fields:
            last = match.group(1)
            fields[last] = match.group(2).strip()
        elif last is not None and line.strip():
            fields[last] = f"{fields[last]}\n{line.strip()}".strip()
    return fields
