"""The conversation that a CM sample asks about."""

from collections.abc import Sequence
from itertools import pairwise

from raiden.core.types import Message, Sample

MIN_TURNS, MAX_TURNS = 4, 10
"""Turns of a conversation, the user's and the character's counted alike."""


def history_text(history: Sequence[Message]) -> str:
    """All that was said, a turn a line."""
    return "\n".join(message.content for message in history)


def history_fault(sample: Sample, is_written: bool = True) -> str:
    """What is wrong with the form of a conversation, in one sentence; empty where it is right.

    The question is the user's next turn, so the conversation begins with the user and ends with the character.

    Args:
        is_written: it was written for the sample; one that was had may begin with the character, and be of any length.
    """
    roles = [message.role for message in sample.conversation_history]
    if not is_written:
        alternates = all(one != other for one, other in pairwise(roles))
        return (
            "" if roles and roles[-1] == "assistant" and alternates else "The character's turn must be the last one."
        )
    if not MIN_TURNS <= len(roles) <= MAX_TURNS:
        return f"The conversation has {len(roles)} turns, not {MIN_TURNS} to {MAX_TURNS}."
    if roles != ["user", "assistant"] * (len(roles) // 2):
        turns = ", ".join(roles)
        return f"The turns ({turns}) must alternate, the user's first and the assistant's last."
    return ""
