"""Facts that were told in a chat -> samples that ask for them later, by the user's own question where there is one."""

import random
from collections.abc import Iterator, Sequence

from raiden.core.languages import detect_language
from raiden.core.types import Language, Message, Sample
from raiden.datagen.base import Rejection
from raiden.datagen.checks.memory import history_text
from raiden.datagen.dialogues.base import Chat, Dialogue, LeftOut
from raiden.datagen.dialogues.facts import KnownFact, asked_fact, exchange_about_user, known_facts
from raiden.datagen.dialogues.samples import sample_about
from raiden.datagen.dialogues.turns import words_of
from raiden.datagen.template.wordings import exchange_about

MAX_TURNS = 20
"""Turns of a conversation at most: what was told, and what came after it."""
_MAX_CHARACTERS: dict[Language, int] = {"en": 5000, "zh": 1800, "ja": 1800, "ko": 2200}
"""Of a conversation, so that it and a profile stay below 2,048 tokens."""
_MIN_LATER = 3
"""Turns after the one that tells a fact, before it is asked for: the reply to it, and something else."""


def samples_of_chat(chat: Chat, accepted: Sequence[Sample]) -> Iterator[Sample | LeftOut]:
    """For each fact that one of the two told: the question that the user asked for it later, or one of our own.

    A question is put behind a turn of the character, `_MIN_LATER` turns after the fact or more; which is a function of
    the chat alone. Questions of the user that the profile answers are samples as well.

    Args:
        accepted: the samples about the same character; what is yielded is to be added to them.
    """
    language = detect_language(history_text(chat.messages))
    known = known_facts(chat.profile, chat.messages, language, chat.user_name)
    done: list[KnownFact] = []
    for one, found in _asked_in_chat(chat, known, language, accepted):
        done += [one] if isinstance(found, Sample) else []
        yield _outcome(chat, found)
    for one in known:
        if one.turn >= 0 and one not in done:
            yield _outcome(chat, _asked_later(chat, one, language, accepted))


def _outcome(chat: Chat, found: Sample | Rejection) -> Sample | LeftOut:
    return found if isinstance(found, Sample) else LeftOut(chat.origin, found.reason, found.detail)


def _asked_in_chat(
    chat: Chat, known: Sequence[KnownFact], language: Language, accepted: Sequence[Sample]
) -> Iterator[tuple[KnownFact, Sample | Rejection]]:
    """What comes of the questions of the user for facts that are known by then."""
    for place, message in enumerate(chat.messages):
        # In a group, others may speak in the same message.
        if message.role != "user" or (chat.user_name and "\n" in message.content):
            continue
        asked = words_of(message.content, chat.user_name)
        one = asked_fact(asked, language, [one for one in known if one.turn < place - _MIN_LATER or one.turn < 0])
        history = _window(chat.messages, one.turn, place, language) if one else None
        if one is not None and history is not None:
            reply = chat.messages[place + 1].content if place + 1 < len(chat.messages) else ""
            dialogue = _dialogue(chat, history, message.content, reply)
            yield one, sample_about(one, dialogue, language, accepted)


def _asked_later(chat: Chat, one: KnownFact, language: Language, accepted: Sequence[Sample]) -> Sample | Rejection:
    rng = random.Random(repr((chat.profile.name, one.fact.label, one.turn, len(chat.messages))))
    ends = range(one.turn + _MIN_LATER + 1, min(one.turn + MAX_TURNS, len(chat.messages)) + 1)
    places = [end for end in ends if chat.messages[end - 1].role == "assistant"]
    windows = [window for end in places if (window := _window(chat.messages, one.turn, end, language))]
    exchange = (exchange_about_user if one.is_users else exchange_about)(one.fact, language, rng)
    if not windows:
        return Rejection("history_length", f'The chat ends, or is too long, behind "{_told(chat, one)}".')
    if exchange is None:
        return Rejection("no_keyword", f'There is no question for "{_told(chat, one)}".')
    question = f"{chat.user_name}: {exchange.question}" if chat.user_name else exchange.question
    dialogue = _dialogue(chat, rng.choice(windows), question, "")
    return sample_about(one, dialogue, language, accepted)


def _told(chat: Chat, one: KnownFact) -> str:
    return chat.messages[one.turn].content[:80]


def _dialogue(chat: Chat, history: tuple[Message, ...], question: str, reference: str) -> Dialogue:
    return Dialogue(chat.origin, chat.source, chat.profile, history, question, reference, user_name=chat.user_name)


def _window(messages: Sequence[Message], told: int, end: int, language: Language) -> tuple[Message, ...] | None:
    """The messages before a place, with the one that tells the fact; the user begins. None where they are too many."""
    limit = _MAX_CHARACTERS[language]
    first = max(0, end - MAX_TURNS) if told < 0 else told
    begin = first if first == end or messages[first].role == "user" else first - 1 if first else first
    if told < 0:
        while begin < end and len(history_text(messages[begin:end])) > limit:
            begin += 2
    history = tuple(messages[begin:end])
    fits = len(history_text(history)) <= limit and len(history) <= MAX_TURNS
    is_whole = not history or history[-1].role == "assistant"
    return history if fits and is_whole else None
