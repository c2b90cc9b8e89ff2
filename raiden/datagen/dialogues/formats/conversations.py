"""The turns of a conversation that was had -> a chat for each character in it."""

from collections import Counter
from collections.abc import Iterator, Sequence

from raiden.core.types import Profile
from raiden.data.profiles import format_fields, parse_profile
from raiden.data.profiles.macros import resolve_macros
from raiden.datagen.dialogues.base import Chat, LeftOut, Options
from raiden.datagen.dialogues.turns import Turn, messages_of, others_of

USER, CHARACTER = "User", "Character"
"""Speakers whom the file does not name."""
_MIN_TURNS = 2
"""Turns of a character in a group, with fewer of which nothing can be remembered."""


def chats_of(
    turns: Sequence[Turn], origin: str, options: Options, own: Profile | None = None
) -> Iterator[Chat | LeftOut]:
    """The chat of some turns, once for each character in them: the others talk to it.

    Args:
        turns: each with a speaker's name, or `USER` and `CHARACTER`.
        own: the character that the conversation itself describes.
    """
    counts = Counter(turn.speaker for turn in turns if turn.is_character)
    names = [name for name in counts if len(counts) == 1 or counts[name] >= _MIN_TURNS]
    if not names or all(turn.is_character for turn in turns):
        yield LeftOut(origin, "no character", "nobody but one side says anything in this chat.")
        return
    for name in names:
        profile = options.profile_of(name) or own or _only_profile(name, options) or _bare_profile(name, origin)
        # Texts that programs insert may still say {{user}}.
        user = next(turn.speaker for turn in turns if not turn.is_character)
        said = [
            Turn(
                turn.speaker,
                turn.is_character and turn.speaker == name,
                resolve_macros(turn.text, profile.name if name == CHARACTER else name, user),
            )
            for turn in turns
        ]
        messages = messages_of(said)
        yield Chat(origin, "chat", profile, messages, user if len(others_of(said)) > 1 else "")


def _only_profile(name: str, options: Options) -> Profile | None:
    """Whoever is given with the files, where a chat names nobody."""
    return options.profiles[0] if name == CHARACTER and len(options.profiles) == 1 else None


def _bare_profile(name: str, origin: str) -> Profile:
    """A character of whom the chat tells nothing but the name."""
    return parse_profile(
        {"prompt": f"<Character Setting>\n{format_fields({'Name': name})}\n</Character Setting>"}, origin
    )
