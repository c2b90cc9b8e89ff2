"""The settings of the reward."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from raiden.core.errors import ConfigError
from raiden.rewards.extra import COMPONENTS, ExtraReward, Verifier, read_extra_rewards, read_verifier

_PREFIX = "model.rewards"


@dataclass(frozen=True)
class RewardConfig:
    """Weights and limits of the verifiable reward."""

    response_format: Literal["plain", "think"] = "plain"
    """`plain`: the reply alone; `think`: one `<think>...</think>` block, then the reply."""
    accuracy_weight: float = 0.7
    """Reward units for saying what the rule asks for (component 0 or 1)."""
    format_weight: float = 0.3
    """Reward units for a well-formed completion (component 0 or 1)."""
    repetition_weight: float = 0.2
    """Reward units taken for degenerate repetition (component -1 to 0)."""
    length_weight: float = 0.1
    """Reward units taken for a length outside the band (component -1 to 0)."""
    first_person_weight: float = 0.2
    """Reward units taken for a reply about the character, or that takes the user for it (component -1 or 0)."""
    writing_weight: float = 0.2
    """Reward units taken for language that nobody writes (component -1 to 0): brackets that close nothing, "the the",
    replies that are glued or break off."""
    unlikely_weight: float = 0.0
    """Reward units taken for each nat a token by which the frozen reference finds a reply less likely than the
    reference answers (component -1 to 0), in `raiden fit`; 0 asks it nothing. `time/likelihood` is the cost; where
    `model.objective.beta` is above 0 it is paid already."""
    unlikely_limit: float | None = None
    """Where that begins, in nats a token; null: where 95 in 100 reference answers of the training samples lie below.
    They have no reasoning: with `think` set a limit."""
    min_length: int = 1
    """Shortest answer without a penalty, in words (Chinese and Japanese: in pairs of characters), of sentences that
    say something new."""
    max_length: int = 200
    """Longest answer without a penalty, in the same words; the penalty is full at twice this length."""
    recital_threshold: int = 3
    """A reply that names this many facts of the profile that nobody asked for earns no accuracy; 0 turns it off."""
    extra: list[dict[str, Any]] = field(default_factory=list)
    """Rewards of your own: a `class_path` each, with `init_args`, `weight`, `name` and `max_in_flight`; raiden.scoring
    says what such a class is."""

    verifier: dict[str, Any] | None = None
    """A model that decides where the rule finds nothing for or against a reply: `class_path: reference` for the run's
    frozen reference, or `raiden.endpoints.verifier.EndpointVerifier` with `init_args: {base_url: ...}`;
    `when: unsure`, or `all`, which asks it of every reply to show how often the two disagree."""

    @property
    def verifier_options(self) -> Verifier | None:
        """`verifier`, read."""
        return read_verifier(self.verifier, f"{_PREFIX}.verifier")

    @property
    def extra_rewards(self) -> list[ExtraReward]:
        """`extra`, read."""
        return read_extra_rewards(self.extra, f"{_PREFIX}.extra")

    def __post_init__(self) -> None:
        """Refuse settings that cannot work.

        Raises:
            ConfigError: an option is out of its range.
        """
        if self.response_format not in ("plain", "think"):
            raise ConfigError(f"`{_PREFIX}.response_format` must be plain or think, got {self.response_format!r}.")
        for name in COMPONENTS:
            self._at_least(f"{name}_weight", 0, "a weight below 0 would reward the fault it measures")
        self._at_least("unlikely_weight", 0, "0 asks the reference nothing")
        self._at_least("min_length", 0, "a length counts words")
        self._at_least("max_length", max(1, self.min_length), "it cannot be below min_length")
        self._at_least("recital_threshold", 0, "0 turns the guard off")
        assert self.verifier is None or self.verifier_options is not None  # an entry that cannot work is refused here
        if self.accuracy_weight + self.format_weight + sum(extra.weight for extra in self.extra_rewards) <= 0:
            raise ConfigError(
                f"`{_PREFIX}.accuracy_weight` and `{_PREFIX}.format_weight` are both 0; nothing would be rewarded."
            )

    def _at_least(self, name: str, minimum: float, why: str) -> None:
        value = getattr(self, name)
        if not value >= minimum:  # not-greater also catches nan
            raise ConfigError(f"`{_PREFIX}.{name}` must be at least {minimum} ({why}), got {value!r}.")
