"""Which sample a question is nearest to, and what the reward says of the reply."""

from __future__ import annotations

from pathlib import Path

import pytest

from raiden.chat import SampleBook
from raiden.chat.conversation import Conversation, Turn
from raiden.chat.why import SAME_QUESTION
from raiden.data.profiles import load_profiles

PROFILES = {profile.name: profile for profile in load_profiles("data/online_profiles.jsonl")}
BOOK = SampleBook([Path("data/training/validation.json"), Path("data/training/quickstart_validation.json")])


def explained(name: str, question: str, reply: str) -> list[str]:
    """What is said of a reply to a question that begins a conversation."""
    similarity, numbered = BOOK.nearest(question, Conversation(PROFILES[name]))[0]
    assert similarity >= SAME_QUESTION
    return list(BOOK.score(numbered, question, Turn("assistant", reply)).lines())


CASES = [
    (
        "Walter Novak",
        "When did you start to work in the mine?",
        "When did you start working in the mine, Walter?",
        "I went down in 1952.",
        '"1952" at 15-19',
        "I went down in 1958.",
    ),
    (
        "佟大喜",
        "你爸现在在哪里修船？",
        "你爸现在在哪儿修船呢？",
        "我爸在大连，他修了一辈子船。",
        '"大连" at 3-5',
        "我爸在青岛，他修了一辈子船。",
    ),
    (
        "三浦 陸",
        "放送部の顧問はどの先生？",
        "放送部の顧問ってどの先生？",
        "俺たちの顧問は工藤先生だよ。",
        '"工藤" at 7-9',
        "俺たちの顧問は佐藤先生だよ。",
    ),
    (
        "문별하",
        "발목은 언제 다치셨어요?",
        "발목은 언제 다쳤어요?",
        "저는 2023년 5월에 다쳤어요.",
        '"2023년 5월" at 3-11',
        "저는 2021년 5월에 다쳤어요.",
    ),
]


@pytest.mark.parametrize(("name", "asked", "sample", "right", "matched", "wrong"), CASES)
def test_a_reply_is_scored_by_the_sample_that_asks_the_same(name, asked, sample, right, matched, wrong):
    good, bad = explained(name, asked, right), explained(name, asked, wrong)
    assert good[0].split(": ", 1)[1] == bad[0].split(": ", 1)[1] == sample
    assert good[3] == f"matched: {matched}"
    assert good[4] == "accuracy 1, format 1: reward 1.00"
    assert bad[3] == "matched: nothing"
    assert bad[4].startswith("accuracy 0, format 1")
    assert bad[5].startswith("why: The reply does not say")


def test_a_question_that_no_sample_asks_fits_none():
    for question in ("What do you wear on Sundays?", "hello", "why?"):
        assert BOOK.nearest(question, Conversation(PROFILES["Walter Novak"]))[0][0] < SAME_QUESTION


def test_a_sample_about_a_conversation_fits_once_that_was_held():
    sample = next(n.sample for n in BOOK.about("Walter Novak") if n.sample.focus == "cm")
    talk = Conversation(PROFILES["Walter Novak"])
    assert all(n.sample != sample for _, n in BOOK.nearest(sample.question, talk))
    talk.turns = [Turn(message.role, message.content) for message in sample.conversation_history]
    assert BOOK.nearest(sample.question, talk)[0][1].sample == sample


def test_a_reply_that_was_cut_is_not_well_formed():
    _, numbered = BOOK.nearest(
        "When did you start working in the mine, Walter?", Conversation(PROFILES["Walter Novak"])
    )[0]
    for finish_reason in ("length", "interrupted"):
        reply = Turn("assistant", "I went down in 1952, and", finish_reason)
        assert BOOK.score(numbered, numbered.sample.question, reply).reward.components["format"] == 0


def test_a_sample_in_two_files_counts_once():
    path = Path("data/training/validation.json")
    assert len(SampleBook([path, path]).about("Walter Novak")) == len(SampleBook([path]).about("Walter Novak")) > 0
