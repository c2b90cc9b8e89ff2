"""SillyTavern's chats: JSONL, a line about the chat and one for each message (`name`, `is_user`, `mes`, `swipes`).

Chats of groups have several characters: each is one whose memory can be trained, and the others talk to it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from raiden.core.records import shortened
from raiden.datagen.dialogues.base import Chat, Document, LeftOut, Options
from raiden.datagen.dialogues.formats.conversations import CHARACTER, USER, chats_of
from raiden.datagen.dialogues.turns import Turn
from raiden.facts.names import plain_name

NAME = "SillyTavern chat"


def matches(document: Document) -> bool:
    is_head = "user_name" in document and "character_name" in document and "character_profile" not in document
    is_head = is_head or "chat_metadata" in document
    return is_head or ("mes" in document and "is_user" in document)


def read(lines: Sequence[tuple[str, Document]], origin: str, options: Options) -> Iterator[Chat | LeftOut]:
    """The chat of a whole file, once for each character in it."""
    turns: list[Turn] = []
    for place, line in lines:
        turn = _turn(line, place) if "mes" in line or "is_user" in line else None
        if isinstance(turn, LeftOut):
            yield turn
        elif turn is not None:
            turns.append(turn)
    yield from chats_of(turns, origin, options)


def _turn(line: Document, place: str) -> Turn | LeftOut | None:
    """A message as it is shown: the swipe that was chosen; None where the model never sees it."""
    if line.get("is_system") is True or _is_narrated(line):
        return None
    text, swipes, chosen = line.get("mes"), line.get("swipes"), line.get("swipe_id")
    if isinstance(text, Mapping):  # Chub wraps what is said once more
        text = text.get("message")
    if not text and isinstance(swipes, list) and isinstance(chosen, int) and 0 <= chosen < len(swipes):
        text = swipes[chosen]
    if text is not None and not isinstance(text, str):
        return LeftOut(place, "malformed", f"`mes` must be a text, got {shortened(text)}.")
    if not text or not text.strip():
        return None
    is_user = line.get("is_user") is True
    name = line.get("name")
    shown = plain_name(name) if isinstance(name, str) and name.strip() else (USER if is_user else CHARACTER)
    return Turn(shown, not is_user, text.replace("\r\n", "\n").strip())


def _is_narrated(line: Document) -> bool:
    extra: Any = line.get("extra")
    return isinstance(extra, Mapping) and extra.get("type") in ("narrator", "comment")
