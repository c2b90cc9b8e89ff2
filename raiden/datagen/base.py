"""The words that the parts of data generation share: slots, authors, rejections."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from raiden.core.types import Focus, Language, Profile

RejectionReason = Literal[
    "request_failed",
    "nothing_left",
    "no_keyword",
    "invalid_record",
    "wrong_language",
    "wrong_question_type",
    "keyword_in_question",
    "keyword_not_one_term",
    "keyword_not_in_profile",
    "fact_of_another",
    "keyword_not_in_history",
    "history_length",
    "answerable_from_profile",
    "reference_not_accepted",
    "dodge_accepted",
    "near_duplicate",
    "judge_disagrees",
    "too_easy",
]


@dataclass(frozen=True)
class Slot:
    """The place of one sample in the output: the `index`-th of its kind about a character."""

    profile: Profile
    focus: Focus
    language: Language
    index: int


@dataclass(frozen=True)
class Rejection:
    """Why a draft did not become a sample."""

    reason: RejectionReason
    detail: str
    """One sentence with the words that decided."""


Record = Mapping[str, Any]
"""A sample as it stands in a file; see `raiden.data.samples`."""


class Author(Protocol):
    """Writes drafts of samples: a language model, or templates."""

    async def write(self, slot: Slot, attempt: int) -> Record | Rejection:
        """The draft for a slot; the same slot and attempt give the same draft.

        Args:
            attempt: counts the drafts for this slot from 0; each must differ from those before.

        Returns:
            A record in the sample format, not yet checked, or why there is none.
        """
