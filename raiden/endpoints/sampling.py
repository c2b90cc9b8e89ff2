"""How the replies of a chat endpoint are drawn; what an engine does with that is `raiden.rollout.engines`."""

from collections.abc import Sequence
from dataclasses import dataclass

from raiden.core.errors import ConfigError
from raiden.core.types import Message
from raiden.data.prompts import PromptSettings
from raiden.endpoints.base import ChatRequest


@dataclass(frozen=True)
class ReplySampling:
    """How replies are asked for and drawn."""

    temperature: float = 0.0
    """0 is greedy."""
    max_tokens: int = 256
    """Longest reply, in tokens, reasoning included."""
    seed: int = 0
    settings: PromptSettings = PromptSettings()
    """Of the prompts."""

    def __post_init__(self) -> None:
        if not self.temperature >= 0:
            raise ConfigError(f"`temperature` must be at least 0 (greedy), got {self.temperature}.")
        if self.max_tokens < 1:
            raise ConfigError(f"`max_tokens` must be at least 1 token, got {self.max_tokens}.")

    def request(self, messages: Sequence[Message], seed: int) -> ChatRequest:
        """What is asked for one reply, as the model writes it.

        Args:
            seed: of this reply.
        """
        return ChatRequest(tuple(messages), self.max_tokens, self.temperature, seed, verbatim=True)
