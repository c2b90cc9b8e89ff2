"""The role file of the RAIDEN benchmark: `{name: {"npc_type": ..., "npc_setting": "字段: 值,\\n..."}}`."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from raiden.core.errors import ProfileError
from raiden.core.records import all_entries, shortened
from raiden.data.profiles.fields import ARCHETYPE, add_fact, format_fields, parse_fields, split_field
from raiden.data.profiles.fields import NAME as FIELD
from raiden.data.profiles.formats.base import Made
from raiden.facts import is_called, stated_name
from raiden.facts.names import plain_name

NAME = "RAIDEN's npc.json"

# Marks of lists, not minus signs, *gestures* and numbers such as 3.5.
_BULLET = re.compile(r"^\s*(?:-(?![-\d])|\*(?=\s)|[•·●○▪■◆★]|\d{1,2}(?:[、)\uff09]|\.(?!\d)))\s*(?=\S)")
_COMMA = re.compile(r"[,;\uff0c\uff1b]")
_OTHER_NAMES = ("艺名", "真名", "真实姓名", "本名", "道号", "法号", "昵称", "网名")
_MAX_NAME = 12
"""Characters of a field's name among others in one line; a longer one belongs to a sentence."""


def matches(document: Mapping[str, Any]) -> bool:
    """Whether a JSON object is a role file: one role with a setting is enough to tell."""
    return any(isinstance(role, dict) and "npc_setting" in role for role in document.values())


def read_text(source: str, origin: str) -> Iterator[Made | ProfileError]:
    """The roles of a file, those of one name as well."""
    for name, role in all_entries(source):
        place = f'{origin}: "{name}"'
        try:
            record = npc_record(f"{place}: {NAME}", name, role)
        except ProfileError as fault:
            yield fault
            continue
        rest = (key for key, value in role.items() if key not in ("npc_type", "npc_setting") and value)
        yield Made(place, record, [f"kept, not used: {key} (only `npc_setting` is read)" for key in rest])


def npc_record(origin: str, key: str, role: Any) -> dict[str, Any]:
    """The profile record of one role, with all that the file says of it under `npc`.

    The name is the one that the setting states: the key may be a type of person, or a spelling without its dots. Where
    they differ the key is kept under `npc_name`.

    Raises:
        ProfileError: the name or the setting cannot be used.
    """
    if not key.strip():
        raise ProfileError(f"{origin}: the role has no name; put it before the colon.")
    setting = role.get("npc_setting") if isinstance(role, dict) else None
    if not isinstance(setting, str) or not setting.strip():
        raise ProfileError(
            f"{origin}: `npc_setting` must be a text that is not empty, got {shortened(setting)}; fill it in."
        )
    key = " ".join(key.split())
    stated = parse_setting(setting)
    name = stated_name("\n".join(f"{label}: {value}" for label, value in stated.items()))
    if not name and _is_type(key):  # then any name will do
        name = next((plain_name(stated[label]) for label in _OTHER_NAMES if stated.get(label)), "")
    name = name or key
    fields = {FIELD: name} | ({} if is_called(key, name) else {ARCHETYPE: key})
    for field, value in stated.items():
        add_fact(fields, field, value)
    setting = f"<Character Setting>\n{format_fields(fields)}\n</Character Setting>"
    return {"prompt": setting, "npc": role} | ({} if name == key else {"npc_name": key})


def _is_type(key: str) -> bool:
    """Whether a role's key is a type of person rather than a name."""
    return "的" in key or bool(re.fullmatch(r"[\u4e00-\u9fff]{5,}", key))


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
