"""The role file of the RAIDEN benchmark: `{name: {"npc_type": ..., "npc_setting": "字段: 值,\\n..."}}`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from raiden.errors import ProfileError
from raiden.profiles.fields import NAME, add_fact, format_fields, parse_fields, split_field

# Marks of lists, not minus signs, *gestures* and numbers such as 3.5.
_BULLET = re.compile(r"^\s*(?:-(?![-\d])|\*(?=\s)|[•·●○▪■◆★]|\d{1,2}(?:[、)\uff09]|\.(?!\d)))\s*(?=\S)")
_COMMA = re.compile(r"[,;\uff0c\uff1b]")
_MAX_NAME = 12
"""Characters of a field's name among others in one line; a longer one belongs to a sentence."""


def is_npc_file(document: Mapping[str, Any]) -> bool:
    """Whether a JSON object is a role file: one role with a setting is enough to tell."""
    return any(isinstance(role, dict) and "npc_setting" in role for role in document.values())


def npc_record(origin: str, name: str, role: Any) -> dict[str, Any]:
    """The profile record of one role, with all that the file says of it under `npc`.

    Raises:
        ProfileError: the name or the setting cannot be used.
    """
    if not name.strip():
        raise ProfileError(f"{origin}: the role has no name; put it before the colon.")
    setting = role.get("npc_setting") if isinstance(role, dict) else None
    if not isinstance(setting, str) or not setting.strip():
        raise ProfileError(f"{origin}: `npc_setting` must be a text that is not empty, got {setting!r}; fill it in.")
    fields = {NAME: " ".join(name.split())}
    for field, value in parse_setting(setting).items():
        add_fact(fields, field, value)
    return {"prompt": f"<Character Setting>\n{format_fields(fields)}\n</Character Setting>", "npc": role}


def parse_setting(setting: str) -> dict[str, str]:
    """The fields of a role's setting: bullets and the commas between fields are no part of the values.

    >>> parse_setting("- 性别\uff1a女,\\n· 年龄: 20岁\uff0c职业: 医生,\\n爱好: 读书\uff0c听雨,")
    {'性别': '女', '年龄': '20岁', '职业': '医生', '爱好': '读书\uff0c听雨'}
    """
    lines = [part for line in setting.split("\n") for part in _parts(line)]
    return {field: value.rstrip(",\uff0c \t") for field, value in parse_fields("\n".join(lines)).items()}


def _parts(line: str) -> list[str]:
    """A line, or the fields in it where each part between commas is one; the bullet of a field is taken away."""
    field = _BULLET.sub("", line)
    parts = [part for part in _COMMA.split(field) if part.strip()]
    if len(parts) > 1 and all(_is_short_field(part) for part in parts):
        return parts
    return [field if _is_short_field(field) else line]


def _is_short_field(text: str) -> bool:
    field = split_field(text)
    return field is not None and len(field[0]) <= _MAX_NAME
