"""Facts inside the prose of a character card, in the notations that authors use.

    W++        [Character("Ada") { Age("19") Likes("tea" + "rain") }]
    brackets   [Age: 19; Likes: tea, rain]
    lines      Age: 19

What is not plainly one of these stays text; nothing is lost between the two.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from raiden.profiles.fields import is_field_name, split_field

_STRING = r'["“][^"“”]*["”]'
_WPP = re.compile(
    rf"(?:\[\s*)?\b(?:character|char|person)\s*\(\s*({_STRING})\s*\)\s*\{{([^{{}}]*)\}}(?:\s*\])?", re.IGNORECASE
)
_BRACKETS = re.compile(r"\[([^\[\]]*)\]")
_ATTRIBUTE = re.compile(
    rf"[\s,;+]*+([^\"“”(){{}}+,;\n]+)\((?:\s*({_STRING}(?:\s*[+,]\s*{_STRING})*)\s*|([^()\"“”]*))\)"
)
_MARKS = re.compile(r"\s*(?:[-*+•·●○▪■◆★]\s+|[•·●○▪■◆★])?\s*")
_GOES_ON = re.compile(r"\s+\S|[-*+•·●○▪■◆★]\s")
_BOLD = re.compile(r"^(?:\*\*|__)(.+?)(?:([:\uff1a])(?:\*\*|__)|(?:\*\*|__)\s*([:\uff1a]))")
_PLAIN_NAME = re.compile(r"[^\W_][\w '’/&()\-・·]*")
_MAX_WORDS = 3
_MAX_WIDE_NAME = 10
"""Characters of a field's name in a script without blanks."""

Facts = list[tuple[str, str]]


def take_attributes(text: str, speakers: Collection[str] = ()) -> tuple[Facts, str]:
    """The facts of a text, and the text that is left.

    Args:
        speakers: names that stand before what somebody says, so that `name: ...` is no fact.

    >>> take_attributes('[Character("Ada") { Age("19") Likes("tea" + "rain") }] She sells bread.')
    ([('Name', 'Ada'), ('Age', '19'), ('Likes', 'tea, rain')], 'She sells bread.')
    """
    facts: Facts = []

    def take(match: re.Match[str], found: Facts | None) -> str:
        facts.extend(found or ())
        return match.group() if found is None else "\n"

    text = _WPP.sub(lambda match: take(match, _wpp(match)), text)
    text = _BRACKETS.sub(lambda match: take(match, _list(match.group(1))), text)
    found, rest = _lines(text, speakers)
    return facts + found, re.sub(r"\n{3,}", "\n\n", rest).strip()


def _wpp(match: re.Match[str]) -> Facts | None:
    attributes = _attributes(match.group(2))
    return None if attributes is None else [("Name", _unquoted(match.group(1))), *attributes]


def _list(body: str) -> Facts | None:
    """Several facts in either notation, or None; a single one is rather a remark in brackets."""
    facts = _attributes(body) or _pairs(body)
    return facts if facts and len(facts) > 1 else None


def _attributes(body: str) -> Facts | None:
    """`Key("value" + "value")` all through, or None."""
    facts, end = [], 0
    # One after the other: a search from every place would take the square of a long text's time.
    while match := _ATTRIBUTE.match(body, end):
        name, quoted, plain = match.groups()
        if not is_field_name(name.strip()):
            return None
        facts.append((name.strip(), _unquoted(quoted) if quoted else plain.strip()))
        end = match.end()
    return facts if facts and not body[end:].strip(" \t\n,;+") else None


def _unquoted(strings: str) -> str:
    items = (item.strip() for item in re.findall(r'["“]([^"“”]*)["”]', strings))
    return ", ".join(item for item in items if item)


def _pairs(body: str) -> Facts | None:
    """`key: value; key: value` all through, or None."""
    items = [item for item in re.split(r"[;\uff1b\n]", body) if item.strip()]
    facts = [fact for item in items if (fact := _fact(item))]
    return facts if len(facts) == len(items) else None


def _lines(text: str, speakers: Collection[str]) -> tuple[Facts, str]:
    """The lines that are facts with the lines that go on with them, and all other lines."""
    facts: list[tuple[str, list[str]]] = []
    rest: list[str] = []
    goes_on = is_heading = False
    for line in text.split("\n"):
        fact = _fact(line)
        if fact and fact[0] not in speakers:
            facts.append((fact[0], [fact[1]] if fact[1] else []))
            goes_on, is_heading = True, not fact[1]
        elif goes_on and line.strip() and (is_heading or _GOES_ON.match(line)):
            facts[-1][1].append(line.strip())
        else:
            # A blank line may stand between a heading and its text.
            goes_on = goes_on and not line.strip() and not facts[-1][1]
            rest.append(line.rstrip())
    rest += [f"{name}:" for name, values in facts if not values]
    return [(name, "\n".join(values)) for name, values in facts if values], "\n".join(rest)


def _fact(line: str) -> tuple[str, str] | None:
    """The name and the value of a line that is plainly a field; the value may be empty."""
    field = split_field(_BOLD.sub(r"\1: ", _MARKS.sub("", line, count=1), count=1))
    if field is None or not _PLAIN_NAME.fullmatch(field[0]):
        return None
    name = field[0]
    is_short = len(name.split()) <= _MAX_WORDS if name.isascii() else len(name) <= _MAX_WIDE_NAME
    # "she said: ..." is a sentence; names of several words begin with a capital letter.
    return field if is_short and (" " not in name or not name[0].islower()) else None
