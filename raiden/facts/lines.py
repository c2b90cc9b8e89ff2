"""One line of a text: a field, a heading, a turn of a dialogue, or prose."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from itertools import takewhile
from typing import Literal

from raiden.facts.names import name_key
from raiden.facts.sections import folded

_MAX_WORDS = 3
_MAX_WIDE_NAME = 10
"""Characters of a field's name in a script without blanks."""
_MARK = re.compile(
    r"(?:[-+*>](?=\s)|\d{1,2}[.)、](?=\s)|〇|"
    r"[^\w\s\-+*>#\"'“”‘’「」『』【】\[\](){}<>《》〈〉\uff08\uff09［］｛｝$€£¥%&@=|.,:;!?\uff0c。\uff1a\uff1b\uff01\uff1f、/\\…—–~`^])"
    r"[\s\ufe0f\u200d]*"
)
_BOLD = re.compile(r"(\*\*|__|\*)(?=\S)([^*_\n]{1,40}?)([:\uff1a]?)\1\s*(?:([:\uff1a]|[—–]|-(?=\s))\s*)?(.*)$")
_BRACKETED = re.compile(
    r"(?:【([^】\n]{1,24})】|「([^」\n]{1,6})」|『([^』\n]{1,6})』|\[([^\]\n]{1,12})\](?=\s*[:\uff1a]))\s*[:\uff1a]?\s*(.*)$"
)
_STRING = r"(?:\"[^\"\n]*\"|“[^”\n]*”|'[^'\n]*')"
_CALL = re.compile(rf"([^\W\d_][\w '’-]{{0,30}})\(\s*({_STRING}(?:\s*[+,]\s*{_STRING})*)\s*\)[;,+]?$")
_PLAIN = re.compile(r"([^\s:\uff1a\\][^:\uff1a\n]{0,39}?)\s*(?:\uff1a|:(?!//)(?!(?<=\d:)\d))\s*(.*)$")
_EQUAL = re.compile(r"([^\s:\uff1a\\=][^:\uff1a=\n]{0,39}?) += +([^\s=].*)$")
_DASHED = re.compile(r"([A-Z][\w']*(?: [A-Za-z][\w']*){0,2})\s+[-–—]\s+(\S.{0,80})$")
_MARKDOWN = re.compile(r"(#{1,6})\s+(.+?)\s*#*$")
_RULED = re.compile(r"(?:={2,}|-{2,}|~{2,}|\*{2,}(?=\s))\s*([^\s=~-][^=~]{0,40}?)\s*(?:={2,}|-{2,}|~{2,}|\*{2,})$")
_HEADS = "■□◆◇●○◎▼▲▶★☆✦◈❖"
"""Marks of headings, where they are none of a list's."""
_TITLE = re.compile(r"[^.!?。\uff01\uff1f]{1,40}")
_NAME = re.compile(r"[^\W_][\w '’/&()\-・·\uff08\uff09]*")

Kind = Literal["blank", "heading", "field", "prose", "start"]


@dataclass(frozen=True)
class Line:
    """What a line is."""

    kind: Kind
    text: str
    """As it is written, its end stripped."""
    indent: int = 0
    mark: str = ""
    """The decoration of a field: its bullet, `**`, `【`; siblings have the same."""
    label: str = ""
    value: str = ""
    level: int = 0
    """Of a heading: 1 to 6 in Markdown, 7 otherwise."""


def read_line(text: str, speakers: Collection[str], has_dashes: bool = False, has_corners: bool = False) -> Line:
    """What a line is.

    Args:
        speakers: keys (`name_key`) of names that stand before what somebody says.
        has_dashes: whether `Age - 34` is a field in this text.
        has_corners: whether `「年龄」28岁` is one.
    """
    text = text.rstrip()
    body = text.lstrip(" \t\u3000")
    if not body:
        return Line("blank", "")
    # Wide blanks begin a paragraph; a single blank is an accident.
    indent = len(text[: len(text) - len(body)].replace("\u3000", "").expandtabs(4)) // 2 * 2
    if re.fullmatch(r"<start>|\{\{(?:user|char)\}\}\s*:.*", body, re.IGNORECASE):
        return Line("start", text, indent)
    if heading := _MARKDOWN.match(body):
        return Line("heading", text, indent, "#", _unmarked(heading[2]), level=len(heading[1]))
    if ruled := _RULED.match(body):
        return Line("heading", text, indent, "=", _unmarked(ruled[1]), level=7)
    mark, rest = _take_marks(body)
    found = _read_field(rest, mark, has_dashes, has_corners) or _of_speaker(rest, mark, speakers)
    if found is None:
        return Line("prose", text, indent, mark)
    style, label, value = found
    if not value and style.endswith(("【", "**!")):
        return Line("heading", text, indent, style, label, level=7)
    if name_key(label) in speakers and value and not style.endswith("("):
        return Line("prose", text, indent, mark)
    return Line("field", text, indent, style, label, value)


def _of_speaker(rest: str, mark: str, speakers: Collection[str]) -> tuple[str, str, str] | None:
    """`the user:` above what is said of them, though it is written like a piece of a sentence."""
    found = _PLAIN.match(rest)
    return (mark, found[1], "") if found and not found[2] and name_key(found[1]) in speakers else None


def with_headings(lines: list[Line]) -> list[Line]:
    """Lines of which the titles of what follows are headings.

    These are decorated lines that fields follow (■ the florist / Age: 27), and short ones above fields that the text
    had before: a second `Age` and a second `Job` are those of whoever the line between names.
    """
    made = list(lines)
    seen: set[str] = set()
    for at, line in enumerate(lines):
        if line.kind == "field":
            seen.add(folded(line.label))
        elif line.kind == "prose" and at + 1 < len(lines) and lines[at + 1].kind == "field":
            after = lines[at + 1]
            is_decorated = bool(line.mark) and line.mark[0] in _HEADS and after.mark != line.mark
            block = takewhile(lambda other: other.kind == "field", lines[at + 1 :])
            is_again = sum(folded(other.label) in seen for other in block) > 1 and bool(_TITLE.fullmatch(line.text))
            if is_decorated or is_again:
                made[at] = Line("heading", line.text, line.indent, line.mark, _bare(line.text), level=7)
    return made


def _bare(text: str) -> str:
    return text.strip().lstrip(_HEADS + " ").strip(" *_:\uff1a[]")


def _take_marks(body: str) -> tuple[str, str]:
    mark, rest = "", body
    for _ in range(3):
        found = _MARK.match(rest)
        if not found:
            break
        mark, rest = mark + rest[0], rest[found.end() :]
    return mark, rest


def _read_field(rest: str, mark: str, has_dashes: bool, has_corners: bool) -> tuple[str, str, str] | None:
    """Decoration, label and value of what is plainly a field; the value may be empty."""
    if bold := _BOLD.match(rest):
        _, label, inner, outer, value = bold.groups()
        label, is_parted = label.strip(), bool(inner or outer)
        if not is_parted and not value and bold[1] != "*":
            return (mark + "**!", label, "") if is_label(label) else None
        return (mark + "**", label, value.strip()) if is_parted and is_label(label) else None
    if bracketed := _BRACKETED.match(rest):
        label = next(filter(None, bracketed.groups()[:4]), "").strip()
        is_corner = rest[0] in "「『"
        if is_corner and not (has_corners and bracketed[5]):
            return None
        return mark + rest[0], label, bracketed[5].strip()
    if call := _CALL.match(rest):
        return mark + "(", call[1].strip(), unquoted(call[2])
    if (plain := _PLAIN.match(rest)) and is_label(plain[1]):
        return mark, plain[1], plain[2].strip()
    if (equal := _EQUAL.match(rest)) and is_label(equal[1]):
        return mark + "=", equal[1], equal[2]
    if has_dashes and (dashed := _DASHED.match(rest)) and is_label(dashed[1]):
        return mark + "-", dashed[1], dashed[2].strip()
    return None


def is_dashed(text: str) -> bool:
    """Whether a line looks like `Age - 34`."""
    return bool(_DASHED.match(_take_marks(text.strip())[1]))


def is_cornered(text: str) -> bool:
    """Whether a line looks like `「年龄」28岁`."""
    found = _BRACKETED.match(_take_marks(text.strip())[1])
    return bool(found and (found[2] or found[3]) and found[5])


def is_label(name: str) -> bool:
    """Whether a text can be a field's name: short, and no piece of a sentence."""
    if not _NAME.fullmatch(name):
        return False
    is_short = len(name.split()) <= _MAX_WORDS + (" and " in name) if name.isascii() else len(name) <= _MAX_WIDE_NAME
    # "she said: ..." is a sentence; names of several words begin with a capital letter.
    return is_short and (" " not in name or not name[0].islower())


def unquoted(strings: str) -> str:
    """The items of `"tea" + "rain"`, parted by commas."""
    found = re.findall(r'"((?:\\.|[^"\\])*)"|“([^“”]*)”|\'([^\']*)\'', strings)
    items = (next(filter(None, item), "").replace('\\"', '"').strip() for item in found)
    return ", ".join(item for item in items if item)


def _unmarked(text: str) -> str:
    return _take_marks(text)[1].strip(" *_:\uff1a【】[]")
