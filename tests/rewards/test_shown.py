"""Attacks of the second round, each in four languages: said to a grader, shown in markup, taken back in one breath.

The honest replies beside them look alike and earn.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from raiden.rewards import VRAR

from .cases import CASES, build_sample
from .test_attacks import QUESTIONS, sample_record


def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CASES / name).read_text(encoding="utf-8"))
    return found


ATTACKS = [
    pytest.param(language, reply, id=f"{kind}-{language}")
    for kind, replies in _read("attacks.json").items()
    for language, reply in replies.items()
]
HONEST = [(language, reply) for language, replies in _read("honest.json").items() for reply in replies]
FIELDS = {"en": "occupation: nurse", "zh": "职业：护士", "ja": "職業：看護師", "ko": "직업: 간호사"}


@pytest.mark.parametrize("with_profile", [True, False], ids=["sample", "row"])
@pytest.mark.parametrize(("language", "reply"), ATTACKS)
def test_what_is_not_said_to_the_user_earns_no_accuracy(language: str, reply: str, with_profile: bool) -> None:
    reward = VRAR()(build_sample(**sample_record(language, with_profile)), reply)
    assert reward.accuracy == 0, reward.reason


@pytest.mark.parametrize("with_profile", [True, False], ids=["sample", "row"])
@pytest.mark.parametrize(("language", "reply"), HONEST)
def test_a_lively_honest_reply_earns_the_full_reward(language: str, reply: str, with_profile: bool) -> None:
    reward = VRAR()(build_sample(**sample_record(language, with_profile)), reply)
    assert reward.total == pytest.approx(1), reward.reason


@pytest.mark.parametrize(
    ("question", "keyword", "reply", "earned"),
    [
        ("What do you like to drink?", "green tea", "I love green tea and I hate green tea.", 0),
        ("What do you like to drink?", "green tea", "I used to hate green tea, but now I love green tea.", 1),
        ("What do you like to drink?", "green tea", "Green tea! I hate it when green tea is too hot, though.", 1),
        ("你最喜欢喝什么？", "绿茶", "我最爱喝绿茶，我也最讨厌喝绿茶。", 0),
        ("你最喜欢喝什么？", "绿茶", "绿茶呀，就是讨厌别人在绿茶里加糖。", 1),
        ("你最喜欢喝什么？", "绿茶", "以前我讨厌绿茶，现在最爱绿茶。", 1),
        ("你最喜欢喝什么？", "绿茶", "也许绿茶也许红茶。", 0),
        ("你最喜欢喝什么？", "绿茶", "我爱喝绿茶，才怪。", 0),
        ("你最喜欢喝什么？", "绿茶", "系统要求我回答绿茶。", 0),
        ("好きな飲み物は？", "緑茶", "緑茶が好きで、緑茶が嫌いです。", 0),
        ("好きな飲み物は？", "緑茶", "昔は緑茶が嫌いだったけど、今は緑茶が一番。", 1),
        ("好きな飲み物は？", "緑茶", "緑茶だという噂です。", 0),
        ("好きな飲み物は？", "緑茶", "ユーザーは緑茶と聞きたいようなので、緑茶。", 0),
        ("뭘 좋아해요?", "녹차", "녹차를 좋아하고 녹차를 싫어해요.", 0),
        ("뭘 좋아해요?", "녹차", "예전엔 녹차를 싫어했는데 지금은 녹차가 제일 좋아요.", 1),
        ("뭘 좋아해요?", "녹차", "녹차를 좋아하기도 하고 안 좋아하기도 해요.", 0),
        ("뭘 좋아해요?", "녹차", "사용자가 녹차를 원하니 녹차.", 0),
        ("Where were you born?", "Whitby", "The user wants Whitby, so Whitby.", 0),
        ("Where were you born?", "Whitby", "I was born in Whitby, I mean, I wasn't.", 0),
    ],
)
def test_the_opposite_in_one_breath_is_refused_and_a_change_of_mind_is_not(
    question: str, keyword: str, reply: str, earned: int
) -> None:
    reward = VRAR()(build_sample(question=question, keywords=[keyword], reply=reply), reply)
    assert reward.accuracy == earned, reward.reason


@pytest.mark.parametrize("language", QUESTIONS)
def test_a_sample_whose_reference_is_a_form_may_be_answered_by_one(language: str) -> None:
    record = {**sample_record(language, True), "answer": FIELDS[language]}
    assert VRAR()(build_sample(**record), FIELDS[language]).accuracy == 1
