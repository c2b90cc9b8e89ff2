"""A chat template as what it writes around each kind of turn, for programs that have no Jinja."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from raiden.core.errors import ChatTemplateError
from raiden.core.types import Message
from raiden.data.chat_template import ChatTemplate

_SETTING, _ASKED, _SAID, _AGAIN = "qsettingq", "qaskedq", "qsaidq", "qagainq"
_PROBE = [Message("system", _SETTING), Message("user", _ASKED), Message("assistant", _SAID), Message("user", _AGAIN)]
_TALK = [
    Message("system", "Name: Ada\n\nYou are Ada."),
    Message("user", "Who are you?"),
    Message("assistant", "Ada."),
    Message("user", "Since when?"),
    Message("assistant", "Since 1815."),
    Message("user", "Oh!"),
]


@dataclass(frozen=True)
class Turns:
    """What stands before and behind each turn of a conversation that begins with its setting."""

    system: tuple[str, str]
    user: tuple[str, str]
    assistant: tuple[str, str]
    reply: str
    """Before the reply that is asked for, which may be more than before earlier ones."""
    is_folded: bool = False
    """The setting has no turn of its own: it stands in front of the user's first one."""

    def render(self, messages: Sequence[Message]) -> str:
        """The prompt that a program makes of a conversation.

        >>> turns = Turns(("[S]", "\\n"), ("[U]", "\\n"), ("[A]", "\\n"), "[A]")
        >>> turns.render([Message("system", "Be Ada."), Message("user", "Hi.")])
        '[S]Be Ada.\\n[U]Hi.\\n[A]'
        """
        text, is_open = "", False
        for message in messages:
            before, after = getattr(self, message.role)
            text += ("" if is_open else before) + message.content + after
            is_open = self.is_folded and message.role == "system"
        return text + self.reply

    def without(self, bos: str) -> Turns:
        """The same for programs that put the first token of a text there themselves."""
        before, after = self.system
        return replace(self, system=(before.removeprefix(bos), after))


def turns_of(chat: ChatTemplate) -> Turns | None:
    """What the template of a run writes around turns; None where that is not the same for each turn of a kind."""
    try:
        with chat.renderer:
            turns = _take_apart(chat)
            if turns is None or any(chat.render(_TALK[:n]) != turns.render(_TALK[:n]) for n in (2, 4, 6)):
                return None
            return turns
    except ChatTemplateError:
        return None


def _take_apart(chat: ChatTemplate) -> Turns | None:
    whole = chat.render(_PROBE)
    marks = [message.content for message in _PROBE]
    places = [whole.find(mark) for mark in marks]
    if -1 in places or places != sorted(places):
        return None
    opening = whole[: places[0]]
    to_user, to_assistant, to_next, ending = (
        whole[place + len(mark) : end]
        for place, mark, end in zip(places, marks, [*places[1:], len(whole)], strict=True)
    )
    after_user, after_assistant = _ending(chat, 2), _ending(chat, 3)
    if not (to_assistant.startswith(after_user) and ending.startswith(after_user)):
        return None
    if not to_next.startswith(after_assistant):
        after_assistant = ""
    user = to_next.removeprefix(after_assistant)
    is_folded = not chat.traits.takes_system
    if not (is_folded or to_user.endswith(user)):
        return None
    return Turns(
        (opening, to_user if is_folded else to_user.removesuffix(user)),
        (user, after_user),
        (to_assistant.removeprefix(after_user), after_assistant),
        ending.removeprefix(after_user),
        is_folded,
    )


def _ending(chat: ChatTemplate, num_turns: int) -> str:
    """What the template writes behind the last turn of a conversation where no reply is asked for."""
    conversation = chat.conversation(_PROBE[:num_turns])
    text = chat.renderer.render(conversation, add_generation_prompt=False, **chat.kwargs)
    return text.partition(_PROBE[num_turns - 1].content)[2]


@dataclass(frozen=True)
class ClientSettings:
    """How the run drew its replies; without one, all tokens as likely as the model has them."""

    num_context: int
    """Tokens of a prompt and its reply, at most."""
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    """0 keeps all."""
    min_p: float = 0.0
    max_tokens: int = 256
    """Longest reply, in tokens."""
