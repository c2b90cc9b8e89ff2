"""The macros of character cards: `{{char}}`, `{{user}}`, `<BOT>`, `<USER>`, comments; in any case."""

import re

from raiden.core.types import Language

NEUTRAL_USER: dict[Language, str] = {"en": "the user", "zh": "用户", "ja": "ユーザー", "ko": "사용자"}
"""Whom the character talks with, where no name is given and others are told of it."""
_LISTENER: dict[Language, str] = {"en": "you", "zh": "你", "ja": "あなた", "ko": "당신"}
"""The same, where the character itself is talking."""

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


_CALL = re.compile(rf"[,，、]\s*(?:{_USER.pattern})(?=\s*(?:[.!?…~,。！？，\"”’»*\n]|$))", re.IGNORECASE)
_OPENING_CALL = re.compile(
    rf"(^|[.!?。！？\"“*\n]\s*)(?:{_USER.pattern})\s*[,!，、！]\s*(\w?)", re.IGNORECASE | re.MULTILINE
)
# In English one who is spoken to has other verbs than one who is told of: there the neutral word stays.
_TOLD_OF = re.compile(rf"(?:{_USER.pattern})(?=\s+(?!(?:as|this|yes|always|perhaps)\b)\w+s\b)", re.IGNORECASE)
_OWNER = re.compile(rf"(?:{_USER.pattern})['’]s\b", re.IGNORECASE)
_AT_START = re.compile(r"(?:^|[.!?\"“*\n]\s*)$")


def resolve_spoken(text: str, character_name: str, language: Language) -> str:
    """A greeting or another text that the character says, to somebody without a name.

    A call by a name that there is not is left out; elsewhere the listener is spoken to.

    >>> resolve_spoken("Hello, {{user}}! *{{char}} takes {{user}}'s hand.* {{user}}, do come in.", "Ada", "en")
    'Hello! *Ada takes your hand.* Do come in.'
    >>> resolve_spoken("{{user}} knocks. I wait for {{user}}.", "Ada", "en")
    'the user knocks. I wait for you.'
    >>> resolve_spoken("你好，{{user}}！我在等{{user}}。", "小明", "zh")
    '你好！我在等你。'
    """
    if re.search("</user>", text, re.IGNORECASE):  # its tags hold a section
        return resolve_macros(text, character_name, NEUTRAL_USER[language])
    text = _OPENING_CALL.sub(lambda call: call[1] + call[2].upper(), _CALL.sub("", text))
    if language == "en":
        text = _TOLD_OF.sub(NEUTRAL_USER["en"], text)
        text = _OWNER.sub(lambda found: _with_case("your", text[: found.start()]), text)
        text = _USER.sub(lambda found: _with_case("you", text[: found.start()]), text)
    return resolve_macros(text, character_name, _LISTENER[language])


def _with_case(word: str, before: str) -> str:
    return word.capitalize() if _AT_START.search(before[-4:]) else word


def comments(text: str) -> list[str]:
    """The comments of an author in a text, which nobody sees.

    >>> comments("Ada.{{// or Eva?}} {{original}}")
    ['{{// or Eva?}}']
    """
    return [found[0] for found in _SILENT.finditer(text) if "original" not in found[0].lower()]


def without_macros(text: str) -> str:
    """What the author wrote around the macros, for the detection of the language."""
    return resolve_macros(text, "", "")
