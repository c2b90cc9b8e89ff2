"""The parts of an author's prompt that are written anew in each language."""

from collections.abc import Mapping
from dataclasses import dataclass

from raiden.core.types import Difficulty, Focus, QuestionType, ValidationMethod


@dataclass(frozen=True)
class Wording:
    """How a model is told, in one language, what to write; braces are filled in by `prompts`."""

    role: Mapping[Focus, str]
    """What the whole work is, and the rules that hold for every draft; filled in: `name`."""
    task: Mapping[Focus, str]
    """This draft; filled in: `type`, `words`, `difficulty`, `passage`, and for a conversation `num_turns`,
    `fact_turn`, `matter`."""
    method: Mapping[ValidationMethod, str]
    """What the keyword or the terms must be, with an example."""
    difficulties: Mapping[Focus, Mapping[Difficulty, str]]
    question_words: Mapping[QuestionType, str]
    """The words that make a question one of this type."""
    matters: Mapping[QuestionType, tuple[str, ...]]
    """What a user may mention in passing, for a question of this type."""
    verdict: str
    """Asks whether a reply is right; filled in: `name`, `question`, `answer`, `reply`."""
