"""The text of a file -> the JSON or YAML values in it, each with its place, and what stands between them."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from raiden.core.errors import ProfileError
from raiden.core.limits import MAX_JSON_DEPTH, is_deeper
from raiden.core.records import decode_text, shortened
from raiden.core.yaml_text import load_yaml

_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_YAML_START = re.compile(r"\A\s*(?:---\s*\n)?(?:#.*\n\s*)*[A-Za-z_][\w ]{0,30}:(?:\s|$)")


@dataclass(frozen=True)
class Document:
    """A value, and where it stands."""

    value: Any
    line: int
    source: str
    """The text that it was read from."""
    notes: list[str] = field(default_factory=list)


def decoded(content: bytes, place: str | Path, is_picture: bool = False) -> tuple[str, list[str]]:
    """The text of a file, and notes on it: UTF-8, UTF-16 with its mark, in pictures Latin-1 as well.

    Raises:
        ProfileError: it is no text.
    """
    if content.startswith(_UTF_16):
        try:
            return content.decode("utf-16").rstrip("\x00"), []
        except UnicodeDecodeError as fault:
            raise ProfileError(f"{place}: broken UTF-16 (byte {fault.start}); save the file as UTF-8.") from fault
    try:
        return decode_text(content, place, ProfileError).rstrip("\x00"), []
    except ProfileError:
        if is_picture and content.lstrip()[:1] in (b"{", b"["):
            return content.decode("cp1252", "replace"), ["not UTF-8: read as Latin-1; look at letters with accents"]
        raise


def read_documents(text: str, path: str | Path) -> Iterator[Document | ProfileError]:
    """The JSON values of a text, one after the other, each over one line or over several; or one YAML value.

    A value that cannot be read costs itself alone: the next one begins on a line of its own.
    """
    if text.lstrip()[:1] not in ("{", "[") and _YAML_START.match(text):
        yield _yaml(text, path)
        return
    at, line = 0, 1
    last: Document | None = None
    while match := re.compile(r"\s*").match(text, at):
        line += text.count("\n", at, match.end())
        at = match.end()
        if at >= len(text):
            return
        found, end = _value_at(text, at, line, path)
        if isinstance(found, ProfileError) and last and text[at] not in "{[" and "{" not in text[at:]:
            last.notes.append(f"not read: {shortened(text[at:].strip())} behind the end (line {line})")
            return
        last = found if isinstance(found, Document) else last
        yield found
        line += text.count("\n", at, end)
        at = end


def _value_at(text: str, at: int, line: int, path: str | Path) -> tuple[Document | ProfileError, int]:
    """The value that begins at a place, or what is wrong with it, and where the next one may begin."""
    line_end = text.find("\n", at) + 1 or len(text)
    faults = []
    # A line of JSONL by itself first: a broken one must not reach into the next.
    for piece, start in ((text[at:line_end].rstrip(), 0), (text, at)):
        notes: list[str] = []
        try:
            value, stop = json.JSONDecoder(parse_constant=partial(_no_number, notes)).raw_decode(piece, start)
            if is_deeper(value):
                raise RecursionError
            return Document(value, line, piece[start:stop], notes), at + stop - start
        except json.JSONDecodeError as error:
            row = line + piece.count("\n", start, error.pos)
            faults.append((row, f"{error.msg} at column {error.colno}"))
        except RecursionError:
            faults.append((line, f"lists and objects in each other, more than {MAX_JSON_DEPTH} deep"))
        except ValueError as error:  # a number of thousands of digits
            faults.append((line, str(error)))
    following = None if text[at] == "[" else re.compile(r"\n(?=\{)").search(text, at)
    # Where no other value follows, the lines are those of one broken value.
    row, reason = faults[0] if following else faults[1]
    fault = ProfileError(f"{path}:{row}: not valid JSON ({reason}); write a JSON list, or one JSON object a line.")
    return fault, following.end() if following else len(text)


def _no_number(notes: list[str], word: str) -> None:
    notes.append(f"not read: a value {word}, which is no JSON (it became null)")


def _yaml(text: str, path: str | Path) -> Document | ProfileError:
    import yaml

    try:
        value = load_yaml(text)
    except (yaml.YAMLError, RecursionError, ValueError) as fault:
        mark = getattr(fault, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        reason = getattr(fault, "problem", None) or type(fault).__name__
        return ProfileError(f"{path}:{line}: neither JSON nor YAML ({reason}); correct the line.")
    if is_deeper(value):
        return ProfileError(f"{path}: YAML nested more than {MAX_JSON_DEPTH} deep; flatten it.")
    return Document(value, 1, text)
