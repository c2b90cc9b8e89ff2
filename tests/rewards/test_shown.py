"""Attacks of the second round, each in four languages: said to a grader, shown in markup, taken back in one breath.

What the reward paid when they were written was 128 of 192. The honest replies beside them look alike and earn.
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


@pytest.mark.parametrize("language", QUESTIONS)
def test_a_sample_whose_reference_is_a_form_may_be_answered_by_one(language: str) -> None:
    record = {**sample_record(language, True), "answer": FIELDS[language]}
    assert VRAR()(build_sample(**record), FIELDS[language]).accuracy == 1
