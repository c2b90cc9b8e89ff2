"""Conversations in a JSONL file that only grows.

A line is what one step did: `{"conversation", "time", "character_name", "model", "keep", "turns"}`. The first `keep`
turns of the conversation stay, and `turns` follow them; taking back is a line that keeps fewer and adds none.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from raiden.chat.conversation import Turn
from raiden.core.errors import ConfigError, InputError
from raiden.core.records import read_records


def default_path() -> Path:
    """`raiden/chats.jsonl` where the user's programs keep their data (XDG base directories)."""
    home = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(home).expanduser() / "raiden" / "chats.jsonl"


class History:
    """The file, and the conversation in it that goes on.

    Args:
        path: made with its folder if it is not there.
        model: whom replies are by, for those who read the file.

    Raises:
        ConfigError: nothing can be written there.
    """

    def __init__(self, path: Path, model: str) -> None:
        self.path = path
        self.model = model
        self._conversation = ""
        self._character_name = ""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.open("a").close()
        except OSError as fault:
            raise ConfigError(f"`history`: {path} cannot be written ({fault.strerror}); give another path.") from fault

    def begin(self, character_name: str) -> None:
        """Starts a new conversation; it is in the file once something is said."""
        self._conversation, self._character_name = uuid4().hex[:12], character_name

    def append(self, keep: int, turns: Sequence[Turn]) -> None:
        """Writes down that the first `keep` turns stay and that these follow them.

        Raises:
            ConfigError: it cannot be written.
        """
        line = {
            "conversation": self._conversation,
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
            "character_name": self._character_name,
            "model": self.model,
            "keep": keep,
            "turns": [asdict(turn) for turn in turns],
        }
        try:
            with self.path.open("ab") as file:
                file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        except OSError as fault:
            raise ConfigError(f"`history`: {self.path} cannot be written ({fault.strerror}); make room.") from fault

    def resume(self, character_name: str) -> list[Turn]:
        """Goes on with the last conversation with a character; its turns, none where there was no such conversation.

        Raises:
            ConfigError: a line of the file is not one of a history.
        """
        self.begin(character_name)
        talks: dict[str, list[Turn]] = {}
        for origin, record in read_records(self.path, ConfigError):
            conversation, keep, turns = _read(record, origin)
            if record.get("character_name") == character_name:
                # The last in the dict is the last that was talked.
                talks[conversation] = talks.pop(conversation, [])[:keep] + turns
        if not talks:
            return []
        self._conversation, turns = talks.popitem()
        return turns


def _read(record: Mapping[str, Any], origin: str) -> tuple[str, int, list[Turn]]:
    try:
        turns = [Turn(**turn) for turn in record["turns"]]
        conversation, keep = str(record["conversation"]), int(record["keep"])
    except (KeyError, TypeError, ValueError) as fault:
        raise _foreign(origin) from fault
    if not all(turn.role in ("user", "assistant") and isinstance(turn.content, str) for turn in turns):
        raise _foreign(origin)
    return conversation, keep, turns


def _foreign(origin: str) -> InputError:
    return ConfigError(f"`history`: {origin} is no line of a chat's history; drop it, or give another file.")
