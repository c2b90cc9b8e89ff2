"""What a policy came upon in an hour of training: wrong replies that were paid, each beside a right one.

`cases/hour_en.jsonl` holds the kinds that were found by reading 800 replies of that hour (docs/one-hour.md), told of
another character. What is marked `known` is paid still: no rule tells it.
"""

from __future__ import annotations

from typing import Any

import pytest

from raiden.rewards import VRAR, RewardConfig

from .cases import CASES, accuracy, assert_judged, build_sample, read_cases

FOUND = [
    pytest.param(case, id=f"{index}-{case['kind']}", marks=[pytest.mark.xfail(strict=True)] if "known" in case else [])
    for index, case in enumerate(read_cases(CASES / "hour_en.jsonl"))
]
CARMELA = {"Name": "Carmela Russo", "Introduction": "Her sister Carmina helps Carmela."}


@pytest.mark.parametrize("case", FOUND)
def test_what_a_policy_found_is_judged_as_a_reader_would(case: dict[str, Any]) -> None:
    found, reason = accuracy(case)
    assert found == case["expected"], reason


@pytest.mark.parametrize(
    ("language", "question", "reply", "keyword", "expected"),
    [
        ("zh", "你最好的朋友是谁？", "小翠就是小翠。", "小翠", 0),
        ("zh", "你最好的朋友是谁？", "小翠就是我最好的朋友。", "小翠", 1),
        ("ja", "親友は誰ですか？", "ミルドレッドはミルドレッドです。", "ミルドレッド", 0),
        ("ja", "親友は誰ですか？", "ミルドレッドは親友です。", "ミルドレッド", 1),
        ("ko", "가장 친한 친구가 누구예요?", "민수는 민수예요.", "민수", 0),
        ("ko", "가장 친한 친구가 누구예요?", "민수는 친구예요.", "민수", 1),
    ],
)
def test_that_a_thing_is_itself_answers_nothing(
    language: str, question: str, reply: str, keyword: str, expected: float
) -> None:
    assert_judged(language, question, reply, keyword, expected)


@pytest.mark.parametrize(
    ("language", "reply", "words"),
    [
        ("en", "The vicar.", 2),
        ("en", "The vicar. The vicar.", 2),
        ("en", "The vicar. He's the one.", 2),
        ("en", "The vicar. It's for the vicar.", 2),
        ("en", "The vicar. It is long.", 5),
        ("zh", "绿茶。就是绿茶。", 1),
        ("ja", "さくら。たのしい。", 3.5),
        ("ko", "민수예요. 민수예요.", 1),
    ],
)
def test_a_sentence_that_says_nothing_new_makes_a_reply_no_longer(language: str, reply: str, words: float) -> None:
    sample = build_sample(language=language, reply=reply)
    components = VRAR(RewardConfig(min_length=8))(sample, reply).components
    assert components["length"] == pytest.approx(words / 8 - 1)


@pytest.mark.parametrize(
    ("question", "reply", "is_fault"),
    [
        ("Where do you sell ice cream?", "Carmela sells ice cream on the quay.", True),
        ("Where do you sell ice cream?", "Carmelo sells ice cream on the quay.", True),
        ("Where do you sell ice cream?", "Carmina sells ice cream on the quay.", False),
        ("Where do you sell ice cream?", "Ice cream sells best on the quay.", False),
        ("Who was your first customer?", "Reggie was her first customer.", True),
        ("Who was your first customer?", "Reggie was my first customer, and her first husband.", False),
        ("Who was her first customer?", "Reggie was her first customer.", False),
    ],
)
def test_the_third_person_is_known_by_a_changed_letter_and_behind_the_answer(
    question: str, reply: str, is_fault: bool
) -> None:
    sample = build_sample(language="en", question=question, character_profile=CARMELA)
    assert VRAR()(sample, reply).components["first_person"] == (-1 if is_fault else 0)


GREETINGS: dict[str, str] = {
    "zh": "您好，我是罗莎，新来的邮递员。我妹妹最近迷上了风筝。",
    "ja": "こんにちは、新しい郵便屋のサラです。妹は凧が大好きです。",
    "ko": "안녕하세요, 새로 온 집배원 로사예요. 제 동생은 연을 좋아해요.",
}


@pytest.mark.parametrize(
    ("language", "question", "reply", "keyword", "expected"),
    [
        ("zh", "我叫什么名字？", "我是新来的邮递员，罗莎。", "罗莎", 0),
        ("zh", "我叫什么名字？", "你是罗莎，新来的邮递员。", "罗莎", 1),
        ("zh", "我妹妹迷上了什么？", "我妹妹，她迷上了风筝。", "风筝", 0),
        ("zh", "我妹妹迷上了什么？", "你妹妹，她迷上了风筝。", "风筝", 1),
        ("ja", "わたしの名前は何ですか？", "私は新しい郵便屋、サラです。", "サラ", 0),
        ("ja", "わたしの名前は何ですか？", "新しい郵便屋のサラさんです。", "サラ", 1),
        ("ko", "제 이름이 뭐예요?", "저는 새로 온 집배원, 로사예요.", "로사", 0),
        ("ko", "제 이름이 뭐예요?", "새로 온 집배원 로사 씨예요.", "로사", 1),
    ],
)
def test_what_is_the_users_is_not_told_of_oneself(
    language: str, question: str, reply: str, keyword: str, expected: float
) -> None:
    history = [{"role": "user", "content": GREETINGS[language]}, {"role": "assistant", "content": "…"}]
    profile = {"Name": "Tess Harrow", "Introduction": "Tess Harrow"}
    case = {"language": language, "question": question, "reply": reply, "keywords": [keyword], "match": "any"}
    case |= {"character_name": "Tess Harrow", "character_profile": profile, "conversation_history": history}
    found, reason = accuracy({**case, "focus": "cm", "expected": expected})
    assert found == expected, reason
