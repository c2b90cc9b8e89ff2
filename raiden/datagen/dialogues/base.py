"""What the readers of formats give, and what they are told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from raiden.core.types import Language, Message, Profile
from raiden.facts import is_called

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Dialogue:
    """A conversation in which the user has just asked something."""

    origin: str
    """Where it was read, as `file: item 3`."""
    source: str
    """The data set, as samples name it."""
    profile: Profile
    history: tuple[Message, ...]
    question: str
    reference: str = ""
    """A reply that is right; empty where the source has none."""
    keywords: tuple[str, ...] = ()
    """What a right reply says, where the source tells."""
    user_name: str = ""
    """Who asks, where several people talk with the character and each is named before what they say."""


@dataclass(frozen=True)
class Chat:
    """A conversation that was had, from its beginning to its end."""

    origin: str
    source: str
    profile: Profile
    messages: tuple[Message, ...]
    user_name: str = ""
    """As for a dialogue."""


@dataclass(frozen=True)
class LeftOut:
    """Something that became no sample."""

    origin: str
    reason: str
    """What is counted: a few words that are the same for each of the kind."""
    detail: str
    """One sentence with what decided."""


@dataclass(frozen=True)
class Options:
    """What the user said about all files."""

    profiles: Sequence[Profile] = field(default_factory=tuple)
    """Characters that files name and do not describe."""
    language: Language | None = None
    """Which language of a file that has several; None takes the original."""

    def profile_of(self, name: str) -> Profile | None:
        """The character that a file means by a name, which may be a spelling or a key of another file."""
        for profile in self.profiles:
            keys = (profile.name, *(profile.raw.get(key, "") for key in ("npc_name", "profile_name")))
            if any(isinstance(key, str) and is_called(name, key) for key in keys if key):
                return profile
        return None
