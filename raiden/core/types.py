"""The records that flow through raiden, each complete when it is made.

profiles -> samples -> prompts -> rollouts (completions and their rewards) -> advantages.
Standard library only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite, nan
from statistics import stdev
from typing import Any, Literal

Role = Literal["system", "user", "assistant"]
Language = Literal["zh", "ja", "en", "ko"]
QuestionType = Literal["what", "who", "where", "when", "why", "how"]
ValidationMethod = Literal["single_term_validation", "multi_term_parsing"]
Difficulty = Literal["easy", "medium", "hard"]
Focus = Literal["sbk", "cm"]
FinishReason = Literal["stop", "length"]
TermType = Literal["text", "number", "date"]

LANGUAGES: tuple[Language, ...] = ("zh", "ja", "en", "ko")


@dataclass(frozen=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str


@dataclass(frozen=True)
class Profile:
    """A character: its name and its fields, in the order of the file."""

    name: str
    fields: Mapping[str, str]
    """Every field of the character setting, `Name` included."""
    text: str
    """The whole prompt text of the file, the text around the character setting included."""
    language: Language
    origin: str
    """Where it was read, as `file:line`."""
    raw: Mapping[str, Any] = field(repr=False, compare=False)
    """The record as it is written back: `prompt`, and whatever else the source said of the character."""
    notes: tuple[str, ...] = field(default=(), compare=False)
    """What of its source is not in the profile, and why; a sentence each."""


@dataclass(frozen=True)
class Term:
    """One thing a reply must say: any of the variants will do."""

    variants: tuple[str, ...]
    type: TermType = "text"


@dataclass(frozen=True)
class MatchRule:
    """What a reply must contain to be right; data that is checked, never code that is run."""

    terms: tuple[Term, ...]
    match: Literal["any", "all"] = "any"
    """Whether one term is enough or every term is needed."""
    forbidden: tuple[Term, ...] = ()
    """A reply that states one of these is wrong whatever else it says."""


@dataclass(frozen=True)
class Sample:
    """A question to a character whose answer can be verified."""

    id: str
    """Stable across runs: derived from the content, so that it does not move when files are reordered."""
    character_name: str
    character_profile: Mapping[str, str]
    conversation_history: tuple[Message, ...]
    question: str
    answer: str
    """The reference answer."""
    keywords: tuple[str, ...]
    rule: MatchRule
    question_type: QuestionType
    validation_method: ValidationMethod
    difficulty: Difficulty
    language: Language
    focus: Focus
    """`sbk`: the answer is in the profile; `cm`: it is in the conversation."""
    raw: Mapping[str, Any] = field(repr=False, compare=False)
    """The record as it was read, unknown fields included; this is what is written back."""


@dataclass(frozen=True)
class Prompt:
    """A sample as the model reads it."""

    sample: Sample
    token_ids: tuple[int, ...]


@dataclass(frozen=True)
class Completion:
    """What the engine generated for one prompt."""

    token_ids: tuple[int, ...]
    """Generated tokens, the end-of-sequence token included where it was generated."""
    sampling_logps: tuple[float, ...]
    """Log-probability of each token under the distribution it was drawn from, in nats."""
    text: str
    finish_reason: FinishReason
    """`stop`: ended by itself; `length`: truncated at the limit."""


@dataclass(frozen=True)
class Span:
    """A piece of a completion's text, `text == completion[start:end]`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Reward:
    """The reward of one completion, and why."""

    total: float | None
    """Weighted sum of the components; None where a reward that counts gave no score: never to be taken for 0."""
    components: Mapping[str, float]
    """Each component's own value before its weight, by name; `accuracy` and `format` are always there."""
    spans: tuple[Span, ...]
    """Where in the completion the deciding terms stand."""
    reason: str
    """The rule that decided, in one sentence, and what other rewards said."""
    is_open: bool = False
    """Whether the rule found nothing in the reply, neither for it nor against it."""
    unscored: tuple[str, ...] = ()
    """Names of the rewards that gave no score, those of weight 0 too."""

    @property
    def accuracy(self) -> float:
        """1 where the reply says what the rule asks for, else 0."""
        return self.components["accuracy"]


@dataclass(frozen=True)
class Rollout:
    """One prompt, its group of completions and their rewards."""

    prompt: Prompt
    completions: tuple[Completion, ...]
    rewards: tuple[Reward, ...]

    @property
    def totals(self) -> list[float]:
        """What its completions earn, without those that have no score."""
        return [reward.total for reward in self.rewards if reward.total is not None]

    @property
    def reward_std(self) -> float:
        """Sample standard deviation (n - 1) of the group's rewards; exactly 0 where they are all the same.

        NaN where one of them is no finite number, 0 where fewer than two completions have a score.
        """
        return spread(self.totals) if len(self.totals) > 1 else 0.0


def spread(values: Sequence[float]) -> float:
    """Sample standard deviation (n - 1); NaN where a value is no finite number, on which `statistics` breaks down.

    >>> spread([1.0, 3.0]), spread([1.0, nan])
    (1.4142135623730951, nan)
    """
    return stdev(values) if all(map(isfinite, values)) else nan
