"""HTML, XML, tables and JSON as lines: what they say stays, their marks go."""

import html
import re
from collections.abc import Iterator, Mapping
from typing import Any

from raiden.core.records import load_json

_UNSEEN = re.compile(r"<!--.*?-->|<(style|script)\b[^<>]*>.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
_BREAK = re.compile(
    r"<(?:br|hr)\s*/?>|</?(?:p|div|li|ul|ol|tr|table|details|summary|h[1-6]|blockquote|center)\b[^<>]*>", re.I
)
_TITLE = re.compile(r"<(h[1-6]|summary)\b[^<>]*>(.*?)</\1\s*>", re.DOTALL | re.IGNORECASE)
_STYLED = re.compile(
    r"</?(?:b|i|u|s|em|strong|span|font|small|big|sub|sup|a|img|td|th|tbody|thead|code|mark)\b[^<>]*>", re.I
)
_TAG_LINE = re.compile(r"([ \t]*)<(/?)([^\W\d][\w -]{0,30})>[ \t]*(?:([^<>\n]*)</\3>)?[ \t]*$", re.MULTILINE)
_NO_TAGS = {"start", "end", "character setting"}
_TABLE_ROW = re.compile(r"^[ \t]*\|([^|\n]+)\|([^|\n]+)\|[ \t]*$", re.MULTILINE)
_TABLE_RULE = re.compile(r"^[ \t]*\|[ \t:|-]+\|[ \t]*$\n?", re.MULTILINE)
_TABLE_HEAD = re.compile(r"^[ \t]*\|[^\n]*\|[ \t]*\n(?=[ \t]*\|[ \t]*:?-{2,}[ \t:|-]*\|[ \t]*$)", re.MULTILINE)
_LINE_ENDS = re.compile(r"\r\n|[\r\v\f\u2028\u2029\x85]")
_INVISIBLE = re.compile(r"[\u200b\u2060\ufeff\u00ad\x00]")


def plain_text(text: str) -> str:
    r"""A text with the marks of its markup taken out, a line for each thing it says.

    >>> plain_text("<b>Age:</b> 34<br>Town: Saint&nbsp;Gilles\r\n| Height | 170 cm |")
    'Age: 34\nTown: Saint Gilles\nHeight: 170 cm'
    """
    text = _INVISIBLE.sub("", _LINE_ENDS.sub("\n", text))
    if (document := _document(text)) is not None:
        return as_lines(document)
    if "<" in text and ">" in text:
        text = _TITLE.sub(_heading, _UNSEEN.sub("", text))
        text = _STYLED.sub("", _BREAK.sub("\n", text)) if _BREAK.search(text) or _STYLED.search(text) else text
        text = _from_tags(text)
    if "&" in text:
        text = html.unescape(text)
    text = text.replace("\u00a0", " ")
    if "|" in text:
        text = _TABLE_RULE.sub("", _TABLE_HEAD.sub("", text))
        text = _TABLE_ROW.sub(lambda row: f"{row[1].strip()}: {row[2].strip()}", text)
    return re.sub(r"\n{3,}", "\n\n", text)


def _heading(found: re.Match[str]) -> str:
    """The title of a part as a heading in Markdown, all of one level."""
    title = " ".join(re.sub(r"<[^<>]*>", "", found[2]).split())
    return f"\n## {title}\n" if title else "\n"


def unseen(text: str) -> list[str]:
    """What `plain_text` leaves out of a text: comments, and what is for a browser.

    >>> unseen("Age: 34 <!-- or 99 -->")
    ['<!-- or 99 -->']
    """
    return [found[0] for found in _UNSEEN.finditer(text)]


def _document(text: str) -> Any:
    """The value of a text that is JSON all through; None for other texts."""
    body = text.strip()
    if not (body.startswith("{") and body.endswith("}")):
        return None
    try:
        value = load_json(body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def as_lines(value: Any) -> str:
    r"""A JSON value as `label: value` lines, what is nested indented below its label.

    >>> as_lines({"age": 34, "likes": ["rain", "tea"], "hair": {"color": "red"}})
    'age: 34\nlikes: rain, tea\nhair:\n  color: red'
    """
    return "\n".join(_lines(value))


def _lines(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for label, inner in value.items():
            name = " ".join(str(label).split())
            if inner is None or inner == "" or inner == [] or inner == {}:
                continue
            is_flat = not isinstance(inner, Mapping) and not (isinstance(inner, list) and _has_parts(inner))
            lines = list(_lines(inner))
            if is_flat and len(lines) == 1:
                yield f"{name}: {lines[0]}"
            else:
                yield f"{name}:"
                yield from ("  " + line for line in lines)
    elif isinstance(value, list):
        if _has_parts(value):
            for item in value:
                yield from _lines(item)
        else:
            items = [str(item).strip() for item in value if item is not None and str(item).strip()]
            is_short = all(len(item) < 40 and "\n" not in item for item in items)
            yield from [_joined(items)] if is_short and items else items
    elif value is not None:
        yield from str(value).strip().split("\n")


def _has_parts(items: list[Any]) -> bool:
    return any(isinstance(item, (Mapping, list)) for item in items) or any(
        isinstance(item, str) and re.match(r"\s*[^\s:\uff1a]{1,24}\s*[:\uff1a]\s*\S", item) for item in items
    )


def _joined(items: list[str]) -> str:
    return ("、" if any("\u3040" <= char <= "\u9fff" for char in "".join(items)) else ", ").join(items)


def _from_tags(text: str) -> str:
    """`<age>34</age>` as `age: 34`; what stands between tags on lines of their own is indented below their name."""
    opened = {tag[3] for tag in _TAG_LINE.finditer(text) if not tag[2]}
    closed = {tag[3] for tag in _TAG_LINE.finditer(text) if tag[2]}
    depth = 0
    lines = []
    for line in text.split("\n"):
        tag = _TAG_LINE.match(line)
        name = tag[3] if tag else ""
        if not tag or name.lower() in _NO_TAGS:
            lines.append("  " * depth + line)
        elif tag[4] is not None and not tag[2]:
            lines.append("  " * depth + f"{name}: {tag[4].strip()}")
        elif tag[2] and name in opened:
            depth = max(0, depth - 1)
        elif not tag[2] and name in closed:
            lines.append("  " * depth + f"{name}:")
            depth += 1
        else:
            lines.append("  " * depth + line)
    return "\n".join(lines)
