"""What was said with a character, and what the model reads of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from raiden.core.reasoning import strip_reasoning
from raiden.core.types import Message, Profile
from raiden.data.prompts import PromptSettings, conversation, system_message


@dataclass(frozen=True)
class Turn:
    """What one side said."""

    role: Literal["user", "assistant"]
    content: str
    """Of the model, all that it wrote, reasoning included."""
    finish_reason: Literal["stop", "length", "interrupted"] = "stop"
    """Of a reply: `length`: cut at the token limit; `interrupted`: by the user."""

    @property
    def message(self) -> Message:
        """As it stands in a later prompt, without reasoning."""
        return Message(self.role, strip_reasoning(self.content) if self.role == "assistant" else self.content)


class Conversation:
    """A talk with one character.

    Args:
        settings: of the prompts, as in training.
        turns: said before.
    """

    def __init__(
        self, profile: Profile, settings: PromptSettings = PromptSettings(), turns: Iterable[Turn] = ()
    ) -> None:
        self.profile = profile
        self.system = system_message(profile.name, profile.fields, profile.language, settings, text=profile.text)
        self.turns = list(turns)
        self.num_forgotten = 0
        """Turns at the beginning that prompts leave out, for the model's context is too short for them."""

    def prompt(self, question: str) -> tuple[Message, ...]:
        """What the model goes on with: as a sample of training with this history and this question."""
        return tuple(conversation(self.system, self._said(), question))

    def _said(self) -> list[Message]:
        """What is not forgotten, without questions that got an empty reply: no sample has an empty turn."""
        said: list[Message] = []
        for message in (turn.message for turn in self.turns[self.num_forgotten :]):
            if message.role == "user" or message.content.strip():
                said.append(message)
            elif said and said[-1].role == "user":
                said.pop()
        return said

    def forget_oldest(self) -> bool:
        """Leaves the oldest question and its reply out of later prompts; false where none is left."""
        rest = range(self.num_forgotten + 1, len(self.turns))
        if self.num_forgotten == len(self.turns):
            return False
        self.num_forgotten = next((i for i in rest if self.turns[i].role == "user"), len(self.turns))
        return True

    def undo(self) -> str | None:
        """Takes back the last question and what followed it; the question, or None where there is none."""
        for start in range(len(self.turns) - 1, -1, -1):
            if self.turns[start].role == "user":
                question = self.turns[start].content
                self.turns = self.turns[:start]
                self.num_forgotten = min(self.num_forgotten, start)
                return question
        return None

    def has_heard(self, history: Sequence[Message]) -> bool:
        """Whether all of a sample's history has been said."""
        said = {turn.message for turn in self.turns}
        return all(message in said for message in history)

    @property
    def last_exchange(self) -> tuple[str, Turn] | None:
        """The last question and its reply."""
        match self.turns:
            case [*_, Turn(role="user") as question, Turn(role="assistant") as reply]:
                return question.content, reply
        return None
