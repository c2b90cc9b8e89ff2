"""What the model reads of a conversation, and what may be taken back or forgotten."""

from __future__ import annotations

import pytest

from raiden.chat.conversation import Conversation, Turn
from raiden.core.types import LANGUAGES, Message
from raiden.data.profiles import load_profiles
from raiden.data.prompts import PromptSettings, build_messages
from raiden.data.samples import load_samples

PROFILES = {profile.name: profile for profile in load_profiles("data/online_profiles.jsonl")}
SAMPLES = load_samples("data/training/validation.json")


def conversation(*said: str) -> Conversation:
    """A user and a character in turn."""
    turns = [Turn("assistant" if i % 2 else "user", content) for i, content in enumerate(said)]
    return Conversation(PROFILES["Walter Novak"], turns=turns)


def prompted(talk: Conversation) -> list[str]:
    return [message.content for message in talk.prompt("now?")[1:]]


@pytest.mark.parametrize("response_format", ["plain", "think"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_prompt_is_that_of_training(language, response_format):
    samples = [sample for sample in SAMPLES if sample.language == language]
    assert any(sample.conversation_history for sample in samples)
    for sample in samples:
        turns = [Turn(message.role, message.content) for message in sample.conversation_history]
        settings = PromptSettings(response_format)
        talk = Conversation(PROFILES[sample.character_name], settings, turns)
        assert list(talk.prompt(sample.question)) == build_messages(sample, settings)


def test_reasoning_is_kept_but_not_read_again():
    talk = conversation("hello", "<think>Who is it?</think>Evening.")
    assert talk.prompt("now?")[1:] == (
        Message("user", "hello"),
        Message("assistant", "Evening."),
        Message("user", "now?"),
    )
    assert talk.turns[1].content == "<think>Who is it?</think>Evening."


@pytest.mark.parametrize("empty", ["", " \n", "<think>Who is it?</think>"])
def test_a_question_without_a_reply_is_not_read_again(empty):
    talk = conversation("q1", "a1", "q2", empty, "q3", empty, "q4", "a4")
    assert prompted(talk) == ["q1", "a1", "q4", "a4", "now?"]
    talk.forget_oldest()
    assert prompted(talk) == ["q4", "a4", "now?"]
    assert [talk.undo(), talk.undo()] == ["q4", "q3"]


def test_the_oldest_turns_are_forgotten_a_question_at_a_time():
    talk = conversation("q1", "a1", "q2", "a2")
    assert talk.forget_oldest()
    assert prompted(talk) == ["q2", "a2", "now?"]
    assert talk.forget_oldest()
    assert prompted(talk) == ["now?"]
    assert not talk.forget_oldest()
    assert [turn.content for turn in talk.turns] == ["q1", "a1", "q2", "a2"]


def test_a_first_turn_of_the_character_is_forgotten_alone():
    talk = Conversation(PROFILES["Walter Novak"], turns=[Turn("assistant", "a0"), Turn("user", "q1")])
    assert talk.forget_oldest()
    assert prompted(talk) == ["q1", "now?"]


def test_undo_takes_back_one_question_after_the_other():
    talk = conversation("q1", "a1", "q2", "a2")
    talk.forget_oldest()
    assert [talk.undo(), prompted(talk), talk.undo(), talk.undo()] == ["q2", ["now?"], "q1", None]
    assert talk.num_forgotten == 0
    assert talk.last_exchange is None


def test_a_history_has_been_heard_where_each_of_its_turns_was_said_by_the_same_side():
    talk = conversation("q1", "a1", "q2", "a2")
    assert talk.has_heard([])
    assert talk.has_heard([Message("user", "q2"), Message("assistant", "a1")])
    assert not talk.has_heard([Message("user", "a1")])
