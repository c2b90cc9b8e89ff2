"""The fields of a profile -> what it says, each statement with its subject."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from raiden.facts.names import is_called, stands_for
from raiden.facts.notations import owned
from raiden.facts.pieces import split_text
from raiden.facts.sections import is_about_others, is_family, is_name_label, is_own

_NAME = "Name"
_SEPARATOR = re.compile(r"\s*[、\uff0c,;\uff1b\n]\s*")
_BULLET = re.compile(r"^\s*(?:[-*+•·●○▪■◆★・](?=\s|[^\s\w])|[•·●○▪■◆★・])\s*", re.MULTILINE)
_REMARK = re.compile(r"[(\uff08][^()\uff08\uff09]*[)\uff09]")
_APOSTROPHE = re.compile(r"[^\x00-\x7f]['’]s ")
"""What is owned by a name in another script: 小满's 年龄."""
_MAX_DEPTH = 8


@dataclass(frozen=True)
class Statement:
    """One thing that a profile says."""

    subject: str
    """Whose it is, as the profile calls them; empty for the character."""
    label: str
    value: str
    """As written; the items of a list below the label are parted by commas."""
    path: tuple[str, ...]
    """The fields and sections it stands in, the outermost first; empty for a field of its own."""

    @property
    def values(self) -> tuple[str, ...]:
        """The items of the value, without remarks in brackets."""
        items = (_REMARK.sub("", item).strip() for item in _SEPARATOR.split(self.value))
        return tuple(item for item in items if item)

    @property
    def is_direct(self) -> bool:
        """Whether it is a field of its own rather than a line inside a text."""
        return not self.path


def statements_of(fields: Mapping[str, str], name: str) -> list[Statement]:
    """All that a profile's fields say with a label, in order.

    What stands in a section has that section's subject: the character where the heading speaks of the character, or
    of the family, whose members are the character's; otherwise whoever or whatever the heading names.

    Args:
        name: the character's.

    >>> fields = {"Name": "Nora Pell", "Age": "34", "Milo (little brother)": "He is a pupil.\\nAge: 9"}
    >>> [(s.subject, s.label, s.value) for s in statements_of(fields, "Nora Pell")]
    [('', 'Age', '34'), ('', 'Milo (little brother)', 'He is a pupil.'), ('Milo (little brother)', 'Age', '9')]
    """
    names = (name, *(value for label, value in fields.items() if label == "Nickname" or is_name_label(label)))
    found: list[Statement] = []
    for label, value in fields.items():
        if label != _NAME:
            found += _walk(label, value, (), "", names)
    return found


def _walk(label: str, value: str, path: tuple[str, ...], subject: str, names: Collection[str]) -> Iterator[Statement]:
    owner, plain = owned(label)
    if owner and any(stands_for(owner, name) for name in names):
        label = plain
    elif owner and (is_about_others(owner) or _APOSTROPHE.search(label) or _is_capital(owner, label)):
        subject = subject or owner
    pieces = split_text(value, names) if "\n" in value or _is_list(value) else []
    inner = [piece for piece in pieces if piece.label]
    prose = value if not inner else "\n".join(piece.text for piece in pieces if not piece.label)
    if prose.strip():
        yield Statement(subject, label, _listed(prose), path)
    if len(path) < _MAX_DEPTH:
        below = subject or _subject_below(label, names)
        for piece in inner:
            is_someone = is_name_label(piece.label) and not any(is_called(piece.text, name) for name in names)
            yield from _walk(piece.label, piece.text, (*path, label), below or piece.text * is_someone, names)


def _is_capital(owner: str, label: str) -> bool:
    return owner.isascii() and owner[:1].isupper() and not is_own(label)


def _subject_below(label: str, names: Collection[str]) -> str:
    """Whose the lines under a label are."""
    is_mine = is_own(label) or is_family(label) or any(stands_for(label, name) for name in names)
    return "" if is_mine else label


def _is_list(value: str) -> bool:
    return value.startswith(("[", "【", "「", "『", "**"))


def _listed(value: str) -> str:
    """A value whose lines are all items of a list, on one line; others as they are."""
    lines = [line for line in value.split("\n") if line.strip()]
    if len(lines) < 1 or not all(_BULLET.match(line) for line in lines):
        return value
    is_wide = bool(re.search(r"[\u3040-\u30ff\u3400-\u9fff]", value))
    return ("、" if is_wide else ", ").join(_BULLET.sub("", line).strip() for line in lines)
