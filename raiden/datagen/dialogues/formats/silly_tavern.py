"""SillyTavern's chats: JSONL, a line about the chat and one for each message (`name`, `is_user`, `mes`, `swipes`).

Chats of groups have several characters: each is one whose memory can be trained, and the others talk to it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from raiden.core.records import shortened
from raiden.core.types import Profile
from raiden.data.profiles import format_fields, parse_profile
from raiden.data.profiles.macros import resolve_macros
from raiden.datagen.dialogues.base import Chat, Document, LeftOut, Options
from raiden.datagen.dialogues.turns import Turn, messages_of, others_of
from raiden.facts.names import plain_name

NAME = "SillyTavern chat"
_MIN_TURNS = 2
"""Turns of a character in a group, with fewer of which nothing can be remembered."""


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
    counts = Counter(turn.speaker for turn in turns if turn.is_character)
    names = [name for name in counts if len(counts) == 1 or counts[name] >= _MIN_TURNS]
    if not names or all(turn.is_character for turn in turns):
        yield LeftOut(origin, "no character", "nobody but one side says anything in this chat.")
        return
    for name in names:
        # Texts that programs insert may still say {{user}}.
        user = next(turn.speaker for turn in turns if not turn.is_character)
        said = [
            Turn(turn.speaker, turn.is_character and turn.speaker == name, resolve_macros(turn.text, name, user))
            for turn in turns
        ]
        messages = messages_of(said)
        profile = options.profile_of(name) or _bare_profile(name, origin)
        yield Chat(origin, "chat", profile, messages, user if len(others_of(said)) > 1 else "")


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
    shown = plain_name(name) if isinstance(name, str) and name.strip() else ("User" if is_user else "Character")
    return Turn(shown, not is_user, text.replace("\r\n", "\n").strip())


def _is_narrated(line: Document) -> bool:
    extra: Any = line.get("extra")
    return isinstance(extra, Mapping) and extra.get("type") in ("narrator", "comment")


def _bare_profile(name: str, origin: str) -> Profile:
    """A character of whom the chat tells nothing but the name."""
    return parse_profile(
        {"prompt": f"<Character Setting>\n{format_fields({'Name': name})}\n</Character Setting>"}, origin
    )
