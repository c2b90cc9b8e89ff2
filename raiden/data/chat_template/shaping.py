"""Messages as a chat template takes them: what it would refuse or lose is said in another way; nothing is dropped."""

from collections.abc import Sequence

from raiden.core.languages import detect_language
from raiden.core.types import Language, Message

_OPENING: dict[Language, str] = {
    "en": "[The conversation begins.]",
    "zh": "［对话开始］",
    "ja": "［会話の始まり］",
    "ko": "[대화 시작]",
}


def shaped(
    messages: Sequence[Message], takes_system: bool = True, alternates: bool = False, opening_turn: str | None = None
) -> list[Message]:
    """The messages as they are where the template takes them so, which most do.

    >>> turns = [Message("system", "You are Ada."), Message("assistant", "Welcome!"), Message("user", "Hi.")]
    >>> [f"{m.role}: {m.content}" for m in shaped(turns, alternates=True)]
    ['system: You are Ada.', 'user: [The conversation begins.]', 'assistant: Welcome!', 'user: Hi.']

    Args:
        messages: a system message first, if there is one.
        takes_system: else it goes in front of the first turn of the user.
        alternates: turns of one speaker that follow each other become one, and the user begins.
        opening_turn: what the user says where the conversation begins with the character; None: in its language,
            that it begins.
    """
    setting = [message for message in messages if message.role == "system"]
    turns = [message for message in messages if message.role != "system"]
    is_folded = bool(setting) and not takes_system
    if (alternates or is_folded) and turns and turns[0].role == "assistant":
        opening = _OPENING[detect_language(turns[0].content)] if opening_turn is None else opening_turn
        turns.insert(0, Message("user", opening))
    if alternates:
        turns = _joined(turns)
    if not is_folded:
        return [*setting, *turns]
    before = "\n\n".join(message.content for message in setting)
    return [Message("user", f"{before}\n\n{turns[0].content}"), *turns[1:]] if turns else [Message("user", before)]


def _joined(turns: Sequence[Message]) -> list[Message]:
    joined: list[Message] = []
    for turn in turns:
        if joined and joined[-1].role == turn.role:
            turn = Message(turn.role, f"{joined.pop().content}\n{turn.content}")
        joined.append(turn)
    return joined
