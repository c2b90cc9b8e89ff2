"""The macros of character cards: `{{char}}`, `{{user}}`, `<BOT>`, `<USER>`, comments; in any case."""

from __future__ import annotations

import re

from raiden.core.types import Language

NEUTRAL_USER: dict[Language, str] = {"en": "the user", "zh": "用户", "ja": "ユーザー", "ko": "사용자"}
"""Whom the character talks with, where no name is given."""

_CHARACTER = re.compile(r"\{\{\s*char\s*\}\}|<(?:bot|char)>", re.IGNORECASE)
_USER = re.compile(r"\{\{\s*user\s*\}\}|<user>", re.IGNORECASE)
# `{{original}}` stands for a prompt of the program that shows the card: there is none here.
_SILENT = re.compile(
    r"\{\{\s*(?://|comment\s*:|hidden_key\s*:)(?:(?!\{\{|\}\}).)*\}\}|\{\{\s*original\s*\}\}",
    re.IGNORECASE | re.DOTALL,
)


def resolve_macros(text: str, character_name: str, user_name: str) -> str:
    """The text with both names in it and without comments; macros of other kinds stay as they are.

    >>> resolve_macros("{{Char}} trusts <USER>.{{// since when?}} {{random:a,b}}", "Ada", "Tom")
    'Ada trusts Tom. {{random:a,b}}'
    """
    # A tag that is closed again holds a section; by function: a name may hold backslashes.
    closed = {tag.lower() for tag in re.findall(r"</(user|bot|char)>", text, re.IGNORECASE)}

    def named(macro: re.Match[str], name: str) -> str:
        return macro[0] if macro[0].strip("<>").lower() in closed else name

    text = _CHARACTER.sub(lambda macro: named(macro, character_name), text)
    return _SILENT.sub("", _USER.sub(lambda macro: named(macro, user_name), text))


def comments(text: str) -> list[str]:
    """The comments of an author in a text, which nobody sees.

    >>> comments("Ada.{{// or Eva?}} {{original}}")
    ['{{// or Eva?}}']
    """
    return [found[0] for found in _SILENT.finditer(text) if "original" not in found[0].lower()]


def without_macros(text: str) -> str:
    """What the author wrote around the macros, for the detection of the language."""
    return resolve_macros(text, "", "")
