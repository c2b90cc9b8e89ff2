"""Lists of facts in brackets: W++, PList and their kin.

    W++        [Character("Ada") { Age("19") Likes("tea" + "rain") }]
    pairs      [Age: 19; Likes: tea, rain]       [Ada's age= "19"]
    PList      [Ada: age(19), likes(tea, rain); Genre: slice of life]
    phrases    [Ada: age 19; from York; likes tea; a baker]

What is not plainly one of these stays text, and so does what is said of somebody else.
"""

import re
from dataclasses import dataclass

from raiden.facts.lines import is_label, unquoted
from raiden.facts.sections import is_about_others, is_name_label, is_own

_STRING = r"(?:\"(?:\\.|[^\"\\])*\"|“[^“”]*”|'[^']*')"
_WPP = re.compile(
    rf"(?:\[\s*)?(?<![^\W_])(?:character|char|person)\s*\(\s*({_STRING})\s*\)\s*\{{([^{{}}]*)\}}(?:\s*\])?",
    re.IGNORECASE,
)
_BRACKETS = re.compile(r"\[([^\[\]]*)\]")
_ATTRIBUTE = re.compile(
    rf"[\s,;+]*+([^\"“”(){{}}+,;\n:=]+)\((?:\s*({_STRING}(?:\s*[+,]\s*{_STRING})*)\s*|((?:[^()\"“”]|\([^()\"“”]*\))*))\)"
)
_OWNED = re.compile(r"\s*(.{1,40}?)(?:'s|’s|s'|s’|的|の|의)\s*(.{1,30})$")
_BEARER = re.compile(
    r"\s*(?:([^:=\uff1a;,()\n]{1,40}?)\s*[:\uff1a](?=[^:=;,\n]{1,30}=)|([^:=\uff1a;,()\n]{1,40}?)\s*[;\uff1b](?=[^;]*[:\uff1a=]))"
)
_NEXT_PAIR = re.compile(r"[;\uff1b\n]|,(?=\s*[^\s,;:=][^,;:=]{0,40}=)")
_HEAD = re.compile(r"\s*([^:=\uff1a;,()\n]{1,40}?)\s*[:\uff1a]\s*")
_PHRASE = re.compile(
    r"(?:is )?(?P<label>aged?|likes?|loves?|hates?|dislikes?|fears?|from|lives in|works as|job|occupation|height|"
    r"weight|eyes|hair|species|gender|birthday)\s*:?\s+(?P<value>\S.*)|"
    r"(?P<wide>年龄|身高|体重|职业|性别|生日|喜欢|讨厌|害怕|来自|住在|年齢|身長|職業|種族|"
    r"(?:나이|종족|직업|성별|키|고향|생일|좋아함|싫어함)(?=[:\s]))[:\uff1a]?\s*(?P<rest>\S.*)",
    re.IGNORECASE | re.DOTALL,
)
_CALLED = {"aged": "age", "from": "hometown", "来自": "hometown", "lives in": "residence", "住在": "residence"} | {
    "works as": "occupation",
    "좋아함": "좋아하는 것",
    "싫어함": "싫어하는 것",
}
_PAIR = re.compile(r"\s*([^:=\uff1a]{1,60}?)\s*(?::(?!//)|=|\uff1a)\s*(.*)$", re.DOTALL)


@dataclass(frozen=True)
class Item:
    """One fact of a list."""

    owner: str
    """Whose it is, as written; empty where it is not said."""
    label: str
    """Empty for what is said without one."""
    value: str


def find_lists(text: str) -> list[tuple[int, int, list[Item]]]:
    """The lists of facts in a text, with their places; none overlaps another.

    >>> [(item.owner, item.label, item.value) for item in find_lists("[Ada's age: 19; Genre: noir]")[0][2]]
    [('Ada', 'age', '19'), ('', 'Genre', 'noir')]
    """
    found = []
    for match in _WPP.finditer(text):
        if items := _attributes(match[2], unquoted(match[1])):
            found.append((match.start(), match.end(), items))
    for match in _BRACKETS.finditer(text):
        if not any(start <= match.start() < end for start, end, _ in found) and (items := _items(match[1])):
            found.append((match.start(), match.end(), items))
    return sorted(found, key=lambda place: place[0])


def owned(label: str) -> tuple[str, str]:
    """Owner and label of "Ada's age"; an empty owner where none is named."""
    match = _OWNED.match(label)
    return (match[1].strip(), match[2].strip()) if match else ("", label)


def _items(body: str) -> list[Item]:
    """The facts of a list in any notation; a single one must say whose it is, else it is a remark in brackets."""
    items = _attributes(body, "") or _pairs(body) or _phrases(body)
    return items if len(items) > 1 or any(item.owner for item in items) else []


def _attributes(body: str, owner: str) -> list[Item]:
    """`Key("value" + "value")` all through, or nothing."""
    items, end = [], 0
    # One after the other: a search from every place would take the square of a long text's time.
    while match := _ATTRIBUTE.match(body, end):
        name, quoted, plain = match[1].strip(), match[2], match[3]
        if not is_label(name) and not is_label(name.capitalize()):
            return []
        items.append(Item(owner, name, unquoted(quoted) if quoted else plain.strip()))
        end = match.end()
    if not items or body[end:].strip(" \t\n,;+"):
        return []
    return _with_owner(items)


def _pairs(body: str) -> list[Item]:
    """`key: value; key: value` all through, or nothing."""
    items: list[Item] = []
    bearer = ""
    if head := _BEARER.match(body):  # Ada: age= "19", town= "York"
        bearer, body = head[1] or head[2], body[head.end() :]
    for part in _NEXT_PAIR.split(body):
        if not part.strip():
            continue
        pair = _PAIR.match(part)
        if pair is None or not pair[2].strip():
            return []
        owner, label = owned(pair[1])
        value = (
            unquoted(pair[2]) if re.fullmatch(rf"\s*{_STRING}(?:\s*[+,]\s*{_STRING})*\s*,?\s*", pair[2]) else pair[2]
        )
        if not owner and (inner := _attributes(pair[2], label)):
            items += inner
        elif is_label(label) or is_label(label.capitalize()):
            items.append(Item(owner or bearer, label, value.strip()))
        else:
            return []
    # [Scenario: a rainy evening; Location: the harbour] is about nobody.
    is_scene = items and not items[0].owner and is_about_others(items[0].label)
    return [] if is_scene else _with_owner(items)


def _phrases(body: str) -> list[Item]:
    """`owner: likes tea; age 19; a baker`, two with a label at least, or nothing."""
    head = _HEAD.match(body)
    if head is None or is_own(head[1]):
        return []
    items = []
    for part in filter(str.strip, re.split(r"[;\uff1b\n]", body[head.end() :])):
        phrase = _PHRASE.fullmatch(part.strip())
        label = (phrase["label"] or phrase["wide"]).lower() if phrase else ""
        value = (phrase["value"] or phrase["rest"]) if phrase else part
        items.append(Item(head[1], _CALLED.get(label, label), value.strip()))
    return items if sum(bool(item.label) for item in items) > 1 else []


def _with_owner(items: list[Item]) -> list[Item]:
    """A list that begins with a name is about its bearer."""
    if items and not items[0].owner and is_name_label(items[0].label):
        return [items[0], *(Item(item.owner or items[0].value, item.label, item.value) for item in items[1:])]
    return items
