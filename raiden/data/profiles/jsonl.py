"""raiden's own format: a record with a `prompt` that holds the character setting."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from raiden.core.errors import ProfileError
from raiden.core.languages import detect_language
from raiden.core.records import shortened, write_new_records
from raiden.core.types import Profile
from raiden.data.profiles.fields import find_setting, parse_fields


def parse_profile(record: Mapping[str, Any], origin: str, notes: Sequence[str] = ()) -> Profile:
    """A profile from its record, `{"prompt": "...<Character Setting>...</Character Setting>..."}`.

    >>> profile = parse_profile(
    ...     {"prompt": "<Character Setting>\\nName: 小明\\nIntroduction: 学生\\n爱读书\\n</Character Setting>"}, "a:1")
    >>> profile.name, dict(profile.fields), profile.language
    ('小明', {'Name': '小明', 'Introduction': '学生\\n爱读书'}, 'zh')

    Args:
        notes: what of its source is not in the record.

    Raises:
        ProfileError: with place, field and remedy.
    """
    prompt = record.get("prompt")
    if not isinstance(prompt, str):
        raise ProfileError(
            f"{origin}: `prompt` must be a string, got {shortened(prompt)}; put the profile's text there."
        )
    setting = find_setting(prompt)
    if setting is None:
        raise ProfileError(
            f"{origin}: `prompt` has no <Character Setting>...</Character Setting> block; add it around the fields."
        )
    fields = parse_fields(setting)
    if not fields.get("Name"):
        raise ProfileError(f"{origin}: the profile has no `Name`; add a line `Name: ...` or drop the profile.")
    language = detect_language("\n".join(fields.values()))
    return Profile(fields["Name"], fields, prompt, language, origin, record, tuple(notes))


def write_profiles(profiles: Iterable[Profile], path: str | Path) -> None:
    """Writes a new JSONL file from which the same profiles are read, with all that their sources said.

    Raises:
        ProfileError: there is a file of this name already, or nothing can be written there.
    """
    write_new_records(path, (profile.raw for profile in profiles), ProfileError)
