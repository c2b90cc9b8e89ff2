"""What each slot asks for, spread over question types, difficulties and parts of the profile."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TypeVar, get_args

from raiden.core.types import Difficulty, Profile, QuestionType, ValidationMethod
from raiden.datagen.base import Slot

_T = TypeVar("_T")
# One word cannot hold a reason or a manner.
_IN_SEVERAL_TERMS = ("why", "how")
_NUM_TURNS = (4, 6, 8, 10)
_MAX_PASSAGE_LENGTH = 160
_SENTENCE = re.compile(r"[^。．！？!?\n]+?(?:[。！？!?\n]+|\.(?=\s|$)|$)")


@dataclass(frozen=True)
class Plan:
    """What one draft shall be about."""

    question_type: QuestionType
    difficulty: Difficulty
    passage: str
    """Of the profile: where the fact stands (SBK), or what the conversation goes on to (CM)."""
    num_turns: int
    """Of the conversation, an even number: it ends with the character's turn."""
    fact_turn: int
    """Which turn mentions the fact, counted from 1: one of the user's."""
    matter: int
    """Picks what the user mentions from a list of any length."""
    seed: int
    """For the request."""

    @property
    def validation_method(self) -> ValidationMethod:
        return "multi_term_parsing" if self.question_type in _IN_SEVERAL_TERMS else "single_term_validation"


def make_plan(slot: Slot, attempt: int, seed: int) -> Plan:
    """The plan of a draft; neighbouring slots and attempts get other types, difficulties and passages."""
    character = (seed, slot.profile.name, slot.focus)
    types = shuffled(get_args(QuestionType), *character, "type")
    difficulties = shuffled(get_args(Difficulty), *character, "difficulty")
    passages = shuffled(split_passages(slot.profile), *character, "passage")
    step = slot.index + attempt
    # Each time the types are used up, every type meets the next difficulty.
    difficulty = difficulties[(step + step // len(types)) % len(difficulties)]
    draw = _digest(*character, slot.index, attempt)
    num_turns = _NUM_TURNS[draw % len(_NUM_TURNS)]
    return Plan(
        question_type=types[step % len(types)],
        difficulty=difficulty,
        # Another attempt starts half-way round, among passages that its neighbours have not come to.
        passage=passages[(slot.index + attempt * (len(passages) // 2 + 1)) % len(passages)],
        num_turns=num_turns,
        # The longer ago, the harder; a conversation of four turns has room for it in the first alone.
        fact_turn=1 if difficulty == "hard" or num_turns == 4 else 3,
        matter=draw // len(_NUM_TURNS) % 2**16,
        seed=draw % 2**31,
    )


def split_passages(profile: Profile) -> list[str]:
    """The profile in pieces of about a sentence, each with the name of its field; never empty.

    >>> fields = {"Name": "Ann", "Pet": "a cat", "Life": "Born in Rye. Sings!"}
    >>> split_passages(Profile("Ann", fields, text="", language="en", origin="a:1", raw={}))
    ['Pet: a cat', 'Life: Born in Rye.', 'Life: Sings!']
    """
    passages = [
        f"{field}: {sentence[:_MAX_PASSAGE_LENGTH]}"
        for field, value in profile.fields.items()
        if value.strip() and value != profile.name
        for sentence in map(str.strip, _SENTENCE.findall(value))
        if sentence
    ]
    return list(dict.fromkeys(passages)) or [f"Name: {profile.name}"]


def shuffled(items: Sequence[_T], *key: object) -> list[_T]:
    """The items in an order that the key decides, on every machine the same."""
    return [items[i] for i in sorted(range(len(items)), key=lambda i: _digest(*key, i))]


def _digest(*key: object) -> int:
    return int.from_bytes(blake2b(repr(key).encode(), digest_size=8).digest(), "big")
