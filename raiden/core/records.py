"""Files of JSON objects: read, each with its place for error messages, and written whole."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from raiden.core.errors import InputError
from raiden.core.limits import MAX_FILE_BYTES, MAX_JSON_DEPTH, MAX_RECORD_BYTES, is_deeper, refuse_larger
from raiden.core.shipped import find_file
from raiden.core.writing import writing

E = TypeVar("E", bound=InputError)


def read_records(path: str | Path, error: type[InputError]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The objects of a JSON list or of a JSONL file, each with its place: `file: item 3` or `file:3`.

    Blank lines, a byte-order mark and Windows' line ends are passed over.

    Args:
        error: what is raised where the file or a record cannot be read; it names the place and the remedy.
    """
    for found in scan_records(decode_text(read_bytes(path, error), path, error), path, error):
        if isinstance(found, InputError):
            raise found
        yield found


def scan_records(text: str, path: str | Path, error: type[E]) -> Iterator[tuple[str, Mapping[str, Any]] | E]:
    """As `read_records`, for a text that is there already; a fault takes its record's place, and the rest go on."""
    for origin, value in _values(text, path, error):
        yield value if isinstance(value, error) else as_record(value, origin, error)


def read_bytes(path: str | Path, error: type[InputError]) -> bytes:
    """The whole of a file; where there is none, of the one that comes with raiden under this path.

    Raises:
        InputError: of the class `error`: it cannot be read, or is larger than `raiden.core.limits` allows.
    """
    found = find_file(path)
    refuse_larger(found, MAX_FILE_BYTES, error, "part it into several")
    try:
        return found.read_bytes()
    except OSError as fault:
        raise error(f"{path}: cannot be read ({fault.strerror}); give the path of a file.") from fault


def decode_text(content: bytes, path: str | Path, error: type[InputError]) -> str:
    """UTF-8 text; a byte-order mark is passed over."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise error(f"{path}: not UTF-8 text (byte {fault.start}); save the file as UTF-8.") from fault


def load_json(text: str) -> Any:
    """The value of a JSON text.

    Raises:
        ValueError: it is broken (json.JSONDecodeError), or nested too deeply, or has a number of thousands of digits.
    """
    try:
        value = json.loads(text)
    except RecursionError as fault:
        raise ValueError(f"lists and objects in each other, more than {MAX_JSON_DEPTH} deep") from fault
    # Most records have fewer brackets than they may be deep: those are not walked through.
    if text.count("[") + text.count("{") > MAX_JSON_DEPTH and is_deeper(value):
        raise ValueError(f"lists and objects in each other, more than {MAX_JSON_DEPTH} deep")
    return value


def parse_json(text: str, path: str | Path, line: int, error: type[InputError]) -> Any:
    """The value of a JSON text that begins on this line of the file; an error (not raised) where it is broken."""
    try:
        return load_json(text)
    except json.JSONDecodeError as fault:
        line += fault.lineno - 1
        reason = f"{fault.msg} at column {fault.colno}"
    except ValueError as fault:
        reason = str(fault)
    return error(f"{path}:{line}: not valid JSON ({reason}); write a JSON list, or one JSON object a line.")


def shortened(value: Any, length: int = 80) -> str:
    """A value as messages show it, its middle left out where it is long.

    >>> shortened("x" * 200, 20)
    "'xxxxxxxxx ... (202 characters)"
    """
    shown = repr(value)
    return shown if len(shown) <= length else f"{shown[: length // 2]} ... ({len(shown)} characters)"


def as_record(value: Any, origin: str, error: type[E]) -> tuple[str, Mapping[str, Any]] | E:
    """A JSON object with its place, or what is wrong with it."""
    if not isinstance(value, dict):
        return error(f"{origin}: must be a JSON object, got {type(value).__name__}; write {{...}} for each record.")
    try:
        size = len(json.dumps(value, ensure_ascii=False).encode())
    except UnicodeEncodeError:
        return error(f"{origin}: holds half a character (an escape such as \\ud83d alone); write its text anew.")
    if size > MAX_RECORD_BYTES:
        return error(f"{origin}: has {size:,} bytes, and a record may have {MAX_RECORD_BYTES:,}; shorten it.")
    return origin, value


def _values(text: str, path: str | Path, error: type[InputError]) -> Iterator[tuple[str, Any]]:
    if text.lstrip().startswith("["):
        items = parse_json(text, path, 1, error)
        for number, item in enumerate(items if isinstance(items, list) else [items], 1):
            yield f"{path}: item {number}", item
        return
    # Not splitlines: a string may hold separators such as U+2028, which JSON lets stand as they are.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield f"{path}:{number}", parse_json(line, path, number, error)


def all_entries(text: str) -> list[tuple[str, Any]]:
    """The names and values of a JSON object, all of them: a plain dict would drop the first of two with one name."""
    entries: list[tuple[str, Any]] = []

    def keep_all(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        entries[:] = pairs  # the outermost object ends last
        return dict(pairs)

    json.loads(text, object_pairs_hook=keep_all)
    return entries


def write_json(path: str | Path, value: Any) -> None:
    """Writes JSON with readable non-ASCII text; the file appears whole or not at all."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=1) + "\n")


def write_text(path: str | Path, text: str) -> None:
    """Writes UTF-8 text; the file appears whole or not at all, see `writing` for its errors."""
    _write_pieces(path, [text])


def _write_pieces(path: str | Path, pieces: Iterable[str], suffix: str = ".part") -> None:
    with writing(path, suffix=suffix) as part, part.open("w", encoding="utf-8") as file:
        file.writelines(pieces)


def write_records(path: Path, records: Iterable[Mapping[str, Any]]) -> None:
    """Writes a JSON list, one record a line, where the name ends in `.json`, else JSONL, in place of what is there.

    The file appears whole or not at all, and is never in memory as a whole.
    """
    lines = (json.dumps(record, ensure_ascii=False) for record in records)
    # Not `.part`: that is where the samples of an unfinished list stand.
    _write_pieces(path, _as_list(lines) if path.suffix == ".json" else (line + "\n" for line in lines), ".new")


def _as_list(lines: Iterable[str]) -> Iterator[str]:
    yield "[\n"
    for number, line in enumerate(lines):
        yield (",\n" if number else "") + line
    yield "\n]\n"


def write_new_records(path: str | Path, records: Iterable[Mapping[str, Any]], error: type[InputError]) -> None:
    """Writes a JSON list where the name ends in `.json`, Parquet where it ends in `.parquet`, else JSONL; the file
    appears whole or not at all.

    Args:
        records: of JSONL, written one by one as they come; of Parquet, all with the same fields of the same types.
        error: what is raised where something has this name already, or nothing can be written there.
    """
    path = Path(path)
    if os.path.exists(path):  # of a name that is too long, False
        raise error(f"{path}: is already there; give the name of a new file, or move this one away.")
    try:
        if path.suffix.lower() == ".json":
            write_json(path, list(records))
        elif path.suffix.lower() == ".parquet":
            _write_parquet(path, list(records), error)
        else:
            _write_pieces(path, (json.dumps(record, ensure_ascii=False) + "\n" for record in records))
    except OSError as fault:
        raise error(f"{path}: cannot be written ({fault.strerror}); give another path.") from fault


def _write_parquet(path: Path, records: list[Mapping[str, Any]], error: type[InputError]) -> None:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as fault:
        raise error(f"{path}: Parquet needs pyarrow; run: pip install 'raiden-r1[parquet]', or name JSONL.") from fault
    with writing(path) as part:
        parquet.write_table(pyarrow.Table.from_pylist(records), part)
