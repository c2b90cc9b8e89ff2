"""Histories in any shape: lists of roles or of names, pairs, lines of text, names before what is said."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from raiden.core.languages import word_set
from raiden.core.types import Message, Role
from raiden.facts import is_called, same_name

_ROLES = ("role", "speaker", "from", "name", "author", "sender")
_TEXTS = ("content", "text", "value", "utterance", "mes", "message", "data")
_USER = word_set("user human you player prompter 用户 用戶 玩家 ユーザー 사용자 유저 {{user}} <user>")
_CHARACTER = word_set("assistant gpt bot character char model ai npc chatbot 角色 キャラクター 캐릭터 {{char}} <bot>")
_SYSTEM = word_set("system developer tool narrator")
_NAMED = re.compile(r"\s*([^\s:\uff1a*\"“「(\uff08][^:\uff1a\n*\"“「]{0,29}?)\s*[:\uff1a]\s*(?=\S)")


@dataclass(frozen=True)
class Turn:
    """What one side says, once."""

    speaker: str
    """As the source names them; empty where it names nobody."""
    is_character: bool
    text: str


def read_turns(history: Any, name: str) -> list[Turn]:
    """The turns of a history, the empty ones left out.

    Args:
        history: a list of objects, of pairs (the user's and the character's) or of lines, or one text of lines.
        name: the character's.

    Raises:
        ValueError: with what is wrong, as a piece of a sentence.
    """
    if history is None:
        return []
    items = _lines(history) if isinstance(history, str) else history
    if not isinstance(items, Sequence):
        raise ValueError(f"must be a list of turns, got {type(history).__name__}")
    turns = [turn for number, item in enumerate(items) for turn in _read(item, name, number)]
    return [turn for turn in turns if turn.text]


def _lines(text: str) -> list[str]:
    """The turns of a text: a line without a name goes on with the one before."""
    turns: list[str] = []
    for line in text.split("\n"):
        if _NAMED.match(line) or not turns:
            turns.append(line)
        elif line.strip():
            turns[-1] += "\n" + line
    return turns


def _read(item: Any, name: str, number: int) -> Iterator[Turn]:
    if isinstance(item, str):
        found = _NAMED.match(item)
        if found is None:
            raise ValueError(f"has no name before turn {number + 1}")
        yield _turn(found[1], item[found.end() :], name)
    elif isinstance(item, Mapping):
        speaker = _speaker(item, number)
        if speaker.casefold() not in _SYSTEM:
            yield _turn(speaker, _text(item, number), name)
    elif isinstance(item, Sequence) and len(item) == 2 and all(isinstance(part, str) for part in item):
        yield _turn("user", item[0], name)
        yield _turn("assistant", item[1], name)
    else:
        raise ValueError(f"has a turn {number + 1} that is no turn ({type(item).__name__})")


def _speaker(item: Mapping[str, Any], number: int) -> str:
    if isinstance(item.get("is_user"), bool):
        return "user" if item["is_user"] else "assistant"
    speaker = next((item[key] for key in _ROLES if isinstance(item.get(key), str) and item[key].strip()), None)
    if speaker is None:
        raise ValueError(f"has no `role` in turn {number + 1}")
    return str(speaker).strip()


def _text(item: Mapping[str, Any], number: int) -> str:
    text = next((item[key] for key in _TEXTS if key in item), None)
    if isinstance(text, Mapping):  # Chub wraps what is said once more
        text = text.get("message")
    if isinstance(text, list):  # parts, of which some may be pictures
        text = "\n".join(str(part["text"]) for part in text if isinstance(part, Mapping) and "text" in part)
    if text is not None and not isinstance(text, str):
        raise ValueError(f"has no text in turn {number + 1}")
    return text or ""


def _turn(speaker: str, text: str, name: str) -> Turn:
    is_character = speaker.casefold() in _CHARACTER or is_called(speaker, name)
    text = text.replace("\r\n", "\n").strip()
    if (found := _NAMED.match(text)) and _is_own(found[1], speaker, is_character, name):
        text = text[found.end() :].strip()
    return Turn("" if speaker.casefold() in _USER | _CHARACTER else speaker, is_character, text)


def _is_own(named: str, speaker: str, is_character: bool, name: str) -> bool:
    """Whether a name before what is said is the speaker's: "Nora: Sit down." as Nora's turn."""
    words = _CHARACTER if is_character else _USER
    return same_name(named, speaker) or named.casefold() in words or (is_character and is_called(named, name))


def others_of(turns: Sequence[Turn]) -> set[str]:
    """The names of those who talk with the character."""
    return {turn.speaker for turn in turns if not turn.is_character}


def messages_of(turns: Sequence[Turn]) -> tuple[Message, ...]:
    """Turns as a model reads them.

    Those of one side in a row are one; where several people talk with the character, each is named before what they
    say.
    """
    is_group = len(others_of(turns)) > 1
    messages: list[Message] = []
    for turn in turns:
        text = f"{turn.speaker}: {turn.text}" if is_group and not turn.is_character else turn.text
        role: Role = "assistant" if turn.is_character else "user"
        if messages and messages[-1].role == role:
            text = f"{messages.pop().content}\n{text}"
        messages.append(Message(role, text))
    return tuple(messages)


def words_of(text: str, name: str) -> str:
    """What one of several people says in a message that names each of them; the whole text without a name.

    >>> words_of("Bo: I'm 40.\\nTom: So?\\nTell me.", "Tom"), words_of("So?", "")
    ('So?\\nTell me.', 'So?')
    """
    if not name:
        return text
    said: list[str] = []
    is_theirs = False
    for line in text.split("\n"):
        if found := _NAMED.match(line):
            is_theirs, line = same_name(found[1], name), line[found.end() :]
        if is_theirs:
            said.append(line)
    return "\n".join(said)
