"""A text -> its fields and sections. Nesting is kept: what stands below somebody else's name stays there."""

import re
import textwrap
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from raiden.facts.lines import Line, is_cornered, is_dashed, read_line, with_headings
from raiden.facts.names import may_be_called, name_key, plain_name, stands_for
from raiden.facts.notations import Item, find_lists
from raiden.facts.sections import is_about_others, is_container, is_family, is_name_label, is_own

_MAX_DEPTH = 8
_MAX_NAME = 40
_NO_NAME = re.compile(
    r"\{\{|[、;\uff1b]|不[明详便]|未知|不明|保密|秘密|透露|미상|비밀|unknown|secret|none", re.IGNORECASE
)


@dataclass(frozen=True)
class Piece:
    """A field with its value, a section with its text, or prose."""

    label: str
    """Empty for prose."""
    text: str
    """The value; the lines below a heading, less their common indent."""


def split_text(text: str, names: Collection[str], others: Collection[str] = ()) -> list[Piece]:
    """The fields and sections of a text in order, and at the end the prose around them.

    Args:
        names: what the character is called; lists and sections under these names are the character's own.
        others: who talks with the character: what such a one says is no field.

    >>> split_text("A baker.\\nAge: 34\\nMilo:\\n  Age: 9", ["Nora"])
    [Piece(label='Age', text='34'), Piece(label='Milo', text='Age: 9'), Piece(label='', text='A baker.')]
    """
    splitter = _Splitter([name for name in names if name], others)
    text = splitter.take_lists(text)
    splitter.read(text.split("\n"), 0)
    prose = re.sub(r"\n{3,}", "\n\n", "\n".join(splitter.prose)).strip()
    return splitter.pieces + ([Piece("", prose)] if prose else [])


def stated_name(text: str) -> str:
    """The name that a description states under a label; empty where it states none, or several.

    >>> stated_name("性别: 男\\n姓名: 周德旺"), stated_name("Name: Ada\\n\\nName: Bo")
    ('周德旺', '')
    >>> stated_name("弟弟:\\n  姓名: 陆明川\\n年龄: 27"), stated_name("基本信息:\\n  姓名: 周德旺")
    ('', '周德旺')
    """
    named = list(_own_names(read_line(line, ()) for line in text.split("\n")))
    name = named[0].rstrip(",\uff0c。;\uff1b ") if named else ""
    is_one = len({name_key(other) for other in named}) == 1 and 0 < len(plain_name(name)) <= _MAX_NAME
    return "" if not is_one or _NO_NAME.search(name) else plain_name(name)


def _own_names(lines: Iterable[Line]) -> Iterator[str]:
    """The names under a label that do not stand in somebody else's section."""
    is_mine, base, is_nested = True, 0, False
    for line in lines:
        if line.kind == "heading" or (line.kind == "field" and not line.value):
            is_mine = is_own(line.label) if line.kind == "heading" or is_mine or line.indent <= base else False
            base, is_nested = line.indent, False
            continue
        is_nested |= line.indent > base
        # Back from nested lines, the section is over.
        is_mine |= is_nested and line.kind == "field" and line.indent <= base
        if is_mine and _is_name(line):
            yield line.value


class _Splitter:
    def __init__(self, names: Collection[str], others: Collection[str]) -> None:
        self.names = list(names)
        self.speakers = {key for name in (*names, *others) if (key := name_key(name))}
        self.pieces: list[Piece] = []
        self.prose: list[str] = []
        self.num_named = 0
        self.num_sections = 0

    def is_me(self, name: str) -> bool:
        return any(stands_for(name, own) for own in self.names)

    # Lists in brackets

    def take_lists(self, text: str) -> str:
        """The text without the lists about the character, whose facts become pieces."""
        kept, end = [], 0
        for start, stop, items in find_lists(text):
            is_many_lines = "\n" in text[start:stop]
            left = self._of_another(items) if is_many_lines else None
            left = self._take_items(items) if left is None else left
            if left is None:
                continue
            kept += [text[end:start], left]
            end = stop
        return "".join(kept) + text[end:]

    def _of_another(self, items: list[Item]) -> str | None:
        """Makes a list that is about somebody else a section of theirs: its lines are nobody else's."""
        owners = {item.owner for item in items}
        if len(owners) > 1 or "" in owners or any(map(self.is_me, owners)):
            return None
        facts = (f"{item.label}: {item.value}" for item in items if not is_name_label(item.label))
        self.pieces.append(Piece(owners.pop(), "\n".join(facts)))
        return "\n"

    def _take_items(self, items: list[Item]) -> str | None:
        """What is left of a list: what nobody is named for beside facts that somebody is; None leaves it whole."""
        owners = {item.owner for item in items if item.owner}
        mine = [item for item in items if (self.is_me(item.owner) if item.owner else not owners)]
        if not mine:
            return None
        self.pieces += [
            Piece(item.label, item.value)
            for item in mine
            if item.value and item.label and not (is_name_label(item.label) and self.is_me(item.value))
        ]
        left = [item for item in items if (item not in mine or not item.label) and not is_name_label(item.label)]
        return "[" + "; ".join(map(_written, left)) + "]" if left else "\n"

    # Lines

    def read(self, texts: list[str], depth: int) -> None:
        """Reads lines whose facts are the character's own."""
        has_dashes = sum(map(is_dashed, texts)) > 1
        has_corners = sum(map(is_cornered, texts)) > 1
        lines = with_headings([read_line(text, self.speakers, has_dashes, has_corners) for text in texts])
        names = [
            i for i, line in enumerate(lines) if line.kind == "field" and line.value and is_name_label(line.label)
        ]
        first_field = next((i for i, line in enumerate(lines) if line.kind == "field" and line.value), -1)
        at = 0
        while at < len(lines):
            line = lines[at]
            if line.kind == "start":
                self.prose += [left.text for left in lines[at:]]
                return
            if line.kind == "heading":
                end = _end_of_heading(lines, at)
                self._section(line, lines[at + 1 : end], depth)
            elif line.kind == "field" and line.value and is_name_label(line.label):
                is_only = names == [first_field] == [at] and not self.num_named and depth == 0
                end = self._named(lines, at, is_only)
            elif line.kind == "field" and self.is_me(line.label) and self.is_me(line.value):
                end = at + 1  # the head of a list: Ada("Ada")
            elif line.kind == "field" and line.value:
                end = _end_of_value(lines, at)
                self.pieces.append(
                    Piece(line.label, "\n".join([line.value, *_dedented(lines[at + 1 : end])]).rstrip())
                )
            elif line.kind == "field":
                end = self._end_of_colon(lines, at)
                self._section(line, lines[at + 1 : end], depth)
            else:
                self.prose.append(line.text)
                end = at + 1
            at = max(end, at + 1)

    def _section(self, head: Line, body: list[Line], depth: int) -> None:
        texts = _dedented(body)
        self.num_sections += 1
        # The first heading may be the character's longer name: 黒瀬レイ on the card of 黒瀬.
        if self.num_sections == 1 and any(name_key(head.label).startswith(name_key(own)) for own in self.names):
            self.names.append(head.label)
        if not any(text.strip() for text in texts):
            self.prose.append(head.text)
        elif depth < _MAX_DEPTH and (is_container(head.label) or self.is_me(head.label)):
            self.read(texts, depth + 1)
        else:
            self.pieces.append(Piece(head.label, "\n".join(texts).strip("\n")))

    def _named(self, lines: list[Line], at: int, is_only: bool) -> int:
        """Reads a name: the character's own, or that of somebody whom the next lines are about."""
        line = lines[at]
        self.num_named += 1
        is_user = name_key(line.value) in self.speakers and not self.is_me(line.value)
        # The first name may be a longer one than the file's.
        is_longer = self.num_named == 1 and any(may_be_called(line.value, own) for own in self.names)
        # Two names in a row are of one person: "Character: Miss Adder", "Full name: Lavinia Adder".
        before = lines[at - 1] if at else line
        is_second = before.label != line.label and _is_name(before) and self.is_me(before.value)
        if self.is_me(line.value) or ((is_only or is_longer or is_second) and not is_user):
            self.pieces.append(Piece(line.label, line.value))
            self.names.append(line.value)
            return at + 1
        end = _end_of_person(lines, at)
        if end == at + 1:
            self.prose.append(line.text)
        else:
            self.pieces.append(Piece(line.value, "\n".join(_dedented(lines[at + 1 : end])).strip("\n")))
        return end

    def _end_of_colon(self, lines: list[Line], at: int) -> int:
        """Where the lines below `label:` end."""
        head = lines[at]
        after = next((line for line in lines[at + 1 :] if line.kind != "blank"), None)
        if after is None:
            return at + 1
        if after.indent > head.indent:
            return _end_of_deeper(lines, at)
        is_mine = is_own(head.label) or is_family(head.label) or self.is_me(head.label) or is_container(head.label)
        if is_about_others(head.label) and not is_family(head.label):
            return _end_of_others(lines, at)
        end, has_fields, has_content = at + 1, False, False
        while end < len(lines):
            line = lines[end]
            is_sibling = bool(head.mark) and line.kind == "field" and line.mark == head.mark
            is_field = line.kind == "field" and (bool(line.value) or not has_content or is_mine)
            if line.kind in ("heading", "start") or is_sibling or line.indent < head.indent * (line.kind != "blank"):
                break
            if is_field and is_mine and line.mark.strip() in ("", head.mark.strip()):
                break
            if line.kind == "blank" and has_content and not has_fields:
                break
            if line.kind == "field" and not line.value and has_content:
                break
            has_fields |= line.kind == "field"
            has_content |= line.kind != "blank"
            end += 1
        return end


def _written(item: Item) -> str:
    if not item.label:
        return item.value
    return f"{item.owner}'s {item.label}: {item.value}" if item.owner else f"{item.label}: {item.value}"


def _dedented(lines: list[Line]) -> list[str]:
    return textwrap.dedent("\n".join(line.text for line in lines)).split("\n") if lines else []


def _end_of_heading(lines: list[Line], at: int) -> int:
    """Where the section of a heading ends: at the next one that is as high."""
    level = lines[at].level
    ends = (i for i in range(at + 1, len(lines)) if lines[i].kind == "heading" and lines[i].level <= level)
    end = next(ends, len(lines))
    start = next((i for i in range(at + 1, end) if lines[i].kind == "start"), end)
    return min(end, start)


def _end_of_deeper(lines: list[Line], at: int) -> int:
    """Where lines that are indented deeper end; blank ones among them belong to them."""
    end = at + 1
    while end < len(lines) and (lines[end].kind == "blank" or lines[end].indent > lines[at].indent):
        end += 1
    while end > at + 1 and lines[end - 1].kind == "blank":
        end -= 1
    return end


def _end_of_value(lines: list[Line], at: int) -> int:
    """Where a value ends: deeper lines and the items of a list go on with it."""
    end = at + 1
    while end < len(lines):
        line = lines[end]
        is_item = line.kind == "prose" and bool(line.mark) and not lines[at].mark
        if line.kind == "blank" or not (line.indent > lines[at].indent or is_item):
            break
        end += 1
    return end


def _end_of_person(lines: list[Line], at: int) -> int:
    """Where the lines about somebody end: at the next name, or at a heading."""
    ends = (i for i in range(at + 1, len(lines)) if _is_name(lines[i]) or lines[i].kind in ("heading", "start"))
    return next(ends, len(lines))


def _end_of_others(lines: list[Line], at: int) -> int:
    """Where a section about other people ends: at a heading, or at a label of the same decoration."""

    def ends(line: Line) -> bool:
        is_sibling = bool(lines[at].mark) and line.mark == lines[at].mark and line.kind == "field"
        is_section = line.kind == "field" and not line.value and (is_own(line.label) or is_container(line.label))
        return line.kind in ("heading", "start") or is_sibling or is_section

    return next((i for i in range(at + 1, len(lines)) if ends(lines[i])), len(lines))


def _is_name(line: Line) -> bool:
    return line.kind == "field" and bool(line.value) and is_name_label(line.label)
