r"""The `<Character Setting>` block: `field: value` lines, read and written without loss.

A value may have several lines. One that would be read as something else, a blank one or one that looks like a
field itself, is written with a backslash before it:

    Name: Ada
    Introduction: She keeps a list on the door.
    \Monday: flour
    \Tuesday: yeast
"""

import re
from collections.abc import Mapping

NAME = "Name"
FULL_NAME = "Full Name"
"""The field of a name that is told among the facts and differs from the character's `Name`."""
ARCHETYPE = "Archetype"
"""The field of what a file calls a character whose name it states elsewhere, such as a type of person."""
FREE_TEXT = "Introduction"
"""The field of lines that stand before any field, or under the name, which has one line only."""

_ESCAPE = "\\"
_BEGIN = "<Character Setting>"
_END = "</Character Setting>"
# Escaped lines are taken whole, so that they may hold the closing tag.
_SETTING = re.compile(rf"{_BEGIN}((?>\n\\[^\n]*|(?!{_END}).)*){_END}", re.DOTALL)
# A field's name is short. The colon is a half- or a full-width one, not that of an address or of the time of day.
_FIELD = re.compile(r"^\s*([^\s:\uff1a\\][^:\uff1a\n]{0,39}?)\s*(?:\uff1a|:(?!//)(?!(?<=\d:)\d))\s*(.*)$")


def find_setting(prompt: str) -> str | None:
    """What stands in the first `<Character Setting>` block of a text; None without one."""
    start = prompt.find(_BEGIN)
    found = _SETTING.match(prompt, start) if start >= 0 else None
    return found.group(1) if found else None


def parse_fields(setting: str) -> dict[str, str]:
    """The `field: value` lines of a character setting; other lines go on with the field before them."""
    lines: dict[str, list[str]] = {}
    last = FREE_TEXT
    for line in setting.split("\n"):
        if line.startswith(_ESCAPE):
            lines.setdefault(last, []).append(line.removeprefix(_ESCAPE))
        elif (field := split_field(line)) and field[0] not in lines:
            lines[field[0]] = [field[1]] if field[1] else []
            last = FREE_TEXT if field[0] == NAME else field[0]
        elif line.strip():
            lines.setdefault(last, []).append(line.strip())
    return {name: "\n".join(values) for name, values in lines.items()}


def split_field(line: str) -> tuple[str, str] | None:
    """The name and the value of a line that is a field."""
    match = _FIELD.match(line)
    return (match.group(1), match.group(2).strip()) if match else None


def format_fields(fields: Mapping[str, str]) -> str:
    r"""The lines of a character setting, from which `parse_fields` reads the same fields.

    >>> print(format_fields({"Name": "Ada", "Motto": "Note: be kind.\nNote: be brief."}))
    Name: Ada
    Motto: Note: be kind.
    \Note: be brief.

    Args:
        fields: names as `is_field_name` wants them; `Name` has one line.
    """
    return "\n".join(line for name, value in fields.items() for line in _lines(name, value))


def is_field_name(name: str) -> bool:
    """Whether a line `name: value` is read as this field."""
    return split_field(f"{name}: x") == (name, "x")


def add_fact(fields: dict[str, str], name: str, value: str) -> None:
    """Adds a fact to the fields of a character. One whose label is there already gets a label of its own.

    >>> fields = {"Name": "Nora Pell", "Age": "34"}
    >>> for fact in (("Name", "Nora"), ("Age", "34"), ("Age", "9")):
    ...     add_fact(fields, *fact)
    >>> fields
    {'Name': 'Nora Pell', 'Age': '34', 'Full Name': 'Nora', 'Age (2)': '9'}
    """
    if name == NAME:
        name = FULL_NAME
    number, label = 1, name
    while label in fields and fields[label] != value:
        number += 1
        label = f"{name} ({number})"
    if not (name == FULL_NAME and value == fields.get(NAME)):
        fields[label] = value


def add_text(fields: dict[str, str], name: str, text: str) -> None:
    """Adds running text to a field, below what is there."""
    fields[name] = f"{fields[name]}\n{text}" if fields.get(name) else text


def field_name(label: str) -> str:
    """A label as a field's name: one line, without colons, and no longer than a name may be."""
    name = " ".join(label.replace(":", " ").replace("\uff1a", " ").split()).lstrip("\\")[:40].strip()
    return name if name and is_field_name(name) else ""


def _lines(name: str, value: str) -> list[str]:
    first, *rest = value.split("\n")
    if not _is_whole(first):
        first, rest = "", value.split("\n") if value else []
    return [f"{name}: {first}".rstrip(" "), *(_escaped(line) for line in rest)]


def _escaped(line: str) -> str:
    is_text = _is_whole(line) and not line.startswith(_ESCAPE) and not split_field(line)
    return line if is_text else _ESCAPE + line


def _is_whole(line: str) -> bool:
    """Whether nothing of a line is lost where it is stripped, and it does not end the setting."""
    return bool(line) and line == line.strip() and _END not in line
