"""Saves of KoboldAI and KoboldCpp: a `prompt` and the `actions` after it, together one text of lines `Name: words`."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from raiden.datagen.dialogues.base import Document
from raiden.datagen.dialogues.formats.conversations import CHARACTER, USER
from raiden.datagen.dialogues.turns import Turn
from raiden.facts import same_name

NAME = "KoboldAI save"
_MARKS = re.compile(r"\s*(?:(\{\{\[INPUT\]\}\}|### Instruction:)|(\{\{\[OUTPUT\]\}\}|### Response:))\s*")
"""What stands before the two sides of a save in instruct mode."""
_NAMED = re.compile(r"^([^\W\d_][^:\uff1a\n*\"]{0,29})[:\uff1a][ \t]*", re.MULTILINE)
_MANY = "||$||"
"""Between the names of several characters."""


def matches(document: Document) -> bool:
    return isinstance(document.get("actions"), list) and ("gamestarted" in document or "prompt" in document)


def turns_of(document: Document) -> Iterator[Turn]:
    """The turns of a chat; none where the save is a story.

    Who is the user is said by the settings, or is called so; else nobody is.
    """
    parts = [document.get("prompt") or "", *document["actions"]]
    if not all(isinstance(part, str) for part in parts):
        raise ValueError("must have texts in `prompt` and `actions`")
    text = "".join(parts).replace("\r\n", "\n")
    text = _MARKS.sub(lambda mark: f"\n{USER if mark[1] else CHARACTER}: ", text)
    users, characters = _names(document)
    counts = Counter(found[1].strip() for found in _NAMED.finditer(text))
    # A word before a colon that stands there once is a line of somebody's text.
    speakers = {name for name in counts if counts[name] > 1 or _is_among(name, [*users, *characters])}
    places = [found for found in _NAMED.finditer(text) if found[1].strip() in speakers]
    for found, after in zip(places, [*places[1:], None], strict=False):
        said = text[found.end() : after.start() if after else len(text)].strip()
        name = found[1].strip()
        if said:
            yield Turn(name, not _is_among(name, users), said)


def _names(document: Document) -> tuple[list[str], list[str]]:
    """What the user is called, and the characters."""
    settings = document.get("savedsettings")
    settings = settings if isinstance(settings, Mapping) else {}
    user, others = settings.get("chatname"), settings.get("chatopponent")
    return (
        [USER, "You", *([user] if isinstance(user, str) and user else [])],
        [CHARACTER, *(others.split(_MANY) if isinstance(others, str) else [])],
    )


def _is_among(name: str, names: list[str]) -> bool:
    return any(same_name(name, other) for other in names)
