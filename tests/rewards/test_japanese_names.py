"""Names in kana that a dictionary takes for function words: そら is 其れ to it, たろう a form of だ."""

from __future__ import annotations

import pytest

from .cases import accuracy


@pytest.mark.parametrize(
    ("name", "reply"),
    [
        ("そら", "それは秘密です。"),
        ("たろう", "息子は医者だ。"),
        ("れん", "よく褒められる。"),
        ("なお", "猶、予定は未定です。"),
        ("わか", "我が家は海のそばです。"),
        ("らら", "子供等等が来ました。"),
        ("るか", "誰か来られるか。"),
        ("のあ", "あのあと帰りました。"),
        ("まい", "行くことはないだろう。"),
        ("ここ", "此処だけの話です。"),
    ],
)
def test_another_form_of_a_function_word_does_not_say_a_name(name: str, reply: str) -> None:
    case = {"keywords": [name], "question": "娘さんのお名前は？", "language": "ja"}
    assert accuracy({**case, "reply": reply})[0] == 0
    said, reason = accuracy({**case, "reply": f"{name}です。"})
    assert said == 1, reason


@pytest.mark.parametrize(("keyword", "reply"), [("引っ越し", "引越しです。"), ("サーバーと猫", "サーバと猫です。")])
def test_other_forms_of_nouns_still_count(keyword: str, reply: str) -> None:
    said, reason = accuracy({"keywords": [keyword], "question": "何ですか？", "language": "ja", "reply": reply})
    assert said == 1, reason
