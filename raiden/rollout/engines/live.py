"""What serves requests that come and go: completions join and leave between two tokens."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from raiden.core.types import FinishReason
from raiden.rollout.engines.base import SamplingConfig
from raiden.rollout.engines.penalties import Penalties


@dataclass(frozen=True)
class LiveRequest:
    """A prompt to be answered, once for each seed."""

    key: int
    """Tells it apart from all others."""
    prompt: tuple[int, ...]
    seeds: tuple[int, ...]
    sampling: SamplingConfig
    num_top: int | None = None
    """Likely tokens to be told with each that is drawn, with their log-probabilities; None: no log-probabilities."""
    penalties: Penalties | None = None


@dataclass(frozen=True)
class SampledToken:
    """The next token of one completion."""

    key: int
    choice: int
    """Which of the request's completions, by the index of its seed."""
    token: int
    finish_reason: FinishReason | None
    """None: the completion goes on."""
    logp: float | None = None
    """Under the model itself, before temperature and the like, in nats."""
    top: tuple[tuple[int, float], ...] = ()
    """The likeliest tokens at this place and their log-probabilities, the likeliest first."""


OnToken = Callable[[SampledToken], None]


class LiveRows(Protocol):
    """Completions under way. Used from one thread, but for `leave`."""

    tells_logps: bool
    """Whether `LiveRequest.num_top` is done."""
    penalises: bool
    """Whether `LiveRequest.penalties` are done."""

    @property
    def num_rows(self) -> int:
        """Completions that are under way."""

    def join(self, request: LiveRequest) -> None:
        """Begins to answer a request, from the next step on."""

    def leave(self, key: int, choice: int | None = None) -> None:
        """Ends one completion of a request, or all; one that is at its end already is left as it is."""

    def step(self, on_token: OnToken) -> None:
        """Goes on, by one token of each where the engine can; `on_token` is told of each token."""

    def clear(self) -> None:
        """Ends all, as after an error."""


@runtime_checkable
class LiveEngine(Protocol):
    """What an engine has beside `Engine` if it serves requests as they come."""

    def live(self) -> LiveRows:
        """Rows of its own; called once, after `start` and `update_weights`."""
