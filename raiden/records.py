"""Files of JSON objects: read, each with its place for error messages, and written whole."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from raiden.errors import InputError


def read_records(path: str | Path, error: type[InputError]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The objects of a JSON list or of a JSONL file, each with its place: `file: item 3` or `file:3`.

    Blank lines, a byte-order mark and Windows' line ends are passed over.

    Args:
        error: what is raised where the file or a record cannot be read; it names the place and the remedy.
    """
    for origin, record in _values(path, error):
        if not isinstance(record, dict):
            raise error(
                f"{origin}: must be a JSON object, got {type(record).__name__}; write {{...}} for each record."
            )
        if not _is_encodable(record):
            raise error(f"{origin}: holds half a character (an escape such as \\ud83d alone); write its text anew.")
        yield origin, record


def _values(path: str | Path, error: type[InputError]) -> Iterator[tuple[str, Any]]:
    text = _read_text(path, error)
    if text.lstrip().startswith("["):
        for number, item in enumerate(_parse(text, path, 1, error), 1):
            yield f"{path}: item {number}", item
        return
    # Not splitlines: a string may hold separators such as U+2028, which JSON lets stand as they are.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield f"{path}:{number}", _parse(line, path, number, error)


def _read_text(path: str | Path, error: type[InputError]) -> str:
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except OSError as fault:
        raise error(f"{path}: cannot be read ({fault.strerror}); give the path of a file.") from fault
    except UnicodeDecodeError as fault:
        raise error(f"{path}: not UTF-8 text (byte {fault.start}); save the file as UTF-8.") from fault


def _parse(text: str, path: str | Path, line: int, error: type[InputError]) -> Any:
    """The value of a JSON text that begins on this line of the file."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as fault:
        line += fault.lineno - 1
        reason = f"{fault.msg} at column {fault.colno}"
    except (ValueError, RecursionError) as fault:  # a number of thousands of digits; lists in lists in lists
        reason = str(fault)
    raise error(f"{path}:{line}: not valid JSON ({reason}); write a JSON list, or one JSON object a line.")


def _is_encodable(record: Mapping[str, Any]) -> bool:
    try:
        json.dumps(record, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def write_json(path: str | Path, value: Any) -> None:
    """Writes JSON with readable non-ASCII text; the file appears whole or not at all."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    os.replace(part, path)
