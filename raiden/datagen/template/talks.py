"""Conversations in which the user mentions something about their own life, and later asks about it."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from raiden.core.types import Difficulty, Language, QuestionType, Term
from raiden.datagen.checks.keywords import stands_in
from raiden.datagen.template.tables import table
from raiden.datagen.template.wordings import Exchange, filled

_DIFFICULTY: dict[int, Difficulty] = {4: "easy", 6: "medium", 8: "hard", 10: "hard"}
"""By turns of the conversation: the longer it goes on, the more there is to keep in mind."""

Turns = tuple[tuple[str, str], ...]
"""What the user says and what the character replies, in pairs."""


@dataclass(frozen=True)
class Talk:
    """A conversation and the question that follows it."""

    kind: str
    turns: Turns
    question: str
    answer: str
    keyword: str
    question_type: QuestionType

    @property
    def difficulty(self) -> Difficulty:
        return _DIFFICULTY[2 * len(self.turns)]


def talks_about(kind: str, language: Language, profile_talk: Sequence[Exchange], rng: random.Random) -> Iterator[Talk]:
    """Conversations about one kind of thing, with another value each.

    Args:
        profile_talk: questions about the character that the conversation may move on to.
    """
    memory = next(memory for memory in table(language)["memories"] if memory["kind"] == kind)
    values = memory["values"].split(", ")
    for value in rng.sample(values, len(values)):
        # Each way to tell it has its own reaction.
        tell, reaction = rng.choice(list(zip(memory["tell"], memory["react"], strict=True)))
        turns = _conversation((filled(tell, value), reaction), value, language, profile_talk, rng)
        question = rng.choice(table(language)["talk"]["asides"]) + filled(rng.choice(memory["ask"]), value)
        question = question[:1].upper() + question[1:]
        yield Talk(kind, turns, question, filled(memory["say"], value), value, memory["type"])


def _conversation(
    told: tuple[str, str], value: str, language: Language, profile_talk: Sequence[Exchange], rng: random.Random
) -> Turns:
    """Four to ten turns: what is told, and after it at least two turns about something else."""
    talk = table(language)["talk"]
    num_pairs = rng.randint(2, 5)
    digressions = _digressions(value, language, profile_talk, rng)
    if num_pairs == 2:
        return ((rng.choice(talk["openings"]) + told[0], told[1]), digressions[0])
    user, reply = rng.choice(talk["greetings"])
    return ((user, reply), told, *digressions[: num_pairs - 2])


def _digressions(
    value: str, language: Language, profile_talk: Sequence[Exchange], rng: random.Random
) -> list[tuple[str, str]]:
    """What the talk moves on to: something about the character where there is anything, then small talk."""
    talk = table(language)["talk"]
    small = [(user, reply) for user, reply in rng.sample(talk["small_talk"], len(talk["small_talk"]))]
    own = [(_joined(rng.choice(talk["bridges"]), e.question, language), e.answer) for e in profile_talk]
    pairs = [*rng.sample(own, min(1, len(own))), *small]
    return [pair for pair in pairs if not stands_in(Term((value,)), " ".join(pair), language)]


def _joined(bridge: str, question: str, language: Language) -> str:
    """A question as it goes on behind "By the way,"."""
    return bridge + (question[:1].lower() + question[1:] if language == "en" else question)
