"""Numbers, dates, spellings and declared rules, one phenomenon at a time."""

from __future__ import annotations

from typing import Any

import pytest

from raiden.core.types import Language
from raiden.rewards import VRAR
from raiden.rewards.dates import any_date, whole_date
from raiden.rewards.english import word_forms
from raiden.rewards.normalise import fold, fold_text
from raiden.rewards.numbers import find_numbers
from raiden.rewards.sentences import split_sentences

from .cases import build_sample


@pytest.mark.parametrize(
    ("text", "language", "values"),
    [
        ("one hundred and five", "en", [105]),
        ("1,500 and 2.5", "en", [1500, 2.5]),
        ("1, 2, 3", "en", [1, 2, 3]),
        ("3 million", "en", [3_000_000]),
        ("twenty twenty-four", "en", [2024]),
        ("fifteen hundred", "en", [1500]),
        ("一百零五", "zh", [105]),
        ("三千二百", "zh", [3200]),
        ("3万5千", "zh", [35_000]),
        ("一亿二千万", "zh", [120_000_000]),
        ("廿七", "zh", [27]),
        ("二〇二四", "zh", [2024]),
        ("令和2年", "ja", [2020]),
        ("千五百", "ja", [1500]),
        ("마흔두", "ko", [42]),
        ("천구백구십", "ko", [1990]),
        ("만 이천", "ko", [12_000]),
        ("3만", "ko", [30_000]),
    ],
)
def test_numbers_have_values(text: str, language: Language, values: list[float]) -> None:
    assert [number.value for number in find_numbers(text, language)] == values


@pytest.mark.parametrize(
    "text",
    [
        "march 5",
        "5th of march",
        "5 mar",
        "3/5",
        "3月5日",
        "三月五号",
        "三月五日",
        "3월 5일",
        "삼월 오일",
        "1990-03-05",
    ],
)
def test_dates_in_every_notation(text: str) -> None:
    date = whole_date(text)
    assert date is not None
    assert (date.month, date.day) == (3, 5)


@pytest.mark.parametrize(
    ("text", "year", "month"),
    [
        ("1965年", 1965, None),
        ("昭和63年", 1988, None),
        ("2021년 1월", 2021, 1),
        ("march 1990", 1990, 3),
        ("1990", 1990, None),
    ],
)
def test_a_date_may_leave_fields_out(text: str, year: int, month: int | None) -> None:
    date = any_date(text)
    assert date is not None
    assert (date.year, date.month, date.day) == (year, month, None)
    assert whole_date(text) is None


@pytest.mark.parametrize("text", ["march 32", "13月5日", "3年", "20年", "tea", "0/0"])
def test_what_is_no_date(text: str) -> None:
    assert any_date(text) is None


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("ＣＡＦÉ", "cafe"),
        ("ｶﾞｷﾞ", "ガギ"),
        ("か\u3099", "が"),
        ("\u1112\u1161\u11ab", "한"),
        ("“King’s”", '"king\'s"'),
        ("蒙奇・D・路飞", "蒙奇·d·路飞"),
        ("zero\u200bwidth", "zerowidth"),
        ("Straße", "strasse"),
        ("\ud800", "\ufffd"),
    ],
)
def test_folding_makes_spellings_equal(text: str, folded: str) -> None:
    assert fold_text(text) == folded


def test_spans_point_into_the_original() -> None:
    text = "x ｶﾞ한 Straße!"
    folded = fold(text)
    for word, original in (("ガ", "ｶﾞ"), ("strasse", "Straße")):
        start = folded.text.index(word)
        span = folded.span(start, start + len(word))
        assert span.text == original == text[span.start : span.end]


@pytest.mark.parametrize(
    ("word", "form", "not_form"),
    [
        ("cherry", "cherries", "cherryes"),
        ("wolf", "wolves", "wolfe"),
        ("run", "running", "rune"),
        ("teach", "taught", "teacher"),
        ("news", "news", "new"),
        ("bees", "bee", "being"),
        ("colour", "color", "collar"),
        ("evening", "evening", "even"),
    ],
)
def test_english_forms(word: str, form: str, not_form: str) -> None:
    assert form in word_forms(word)
    assert not_form not in word_forms(word)


def test_sentences_do_not_end_in_numbers_or_abbreviations() -> None:
    text = fold_text("Dr. Hale has 2.5 acres. Is it far? No。はい！")
    assert [text[s.start : s.end] for s in split_sentences(text)] == [
        "dr. hale has 2.5 acres.",
        "is it far?",
        "no。",
        "はい!",
    ]


@pytest.mark.parametrize(
    ("rule", "reply", "expected"),
    [
        ({"terms": [{"variants": ["green tea", "matcha"]}]}, "A bowl of matcha.", 1),
        ({"terms": [{"type": "number", "variants": ["27"]}]}, "I am twenty-seven.", 1),
        ({"terms": [{"type": "number", "variants": ["27"]}]}, "I am 127.", 0),
        ({"terms": [{"type": "date", "variants": ["1990-03-05"]}]}, "On March 5th, 1990.", 1),
        ({"terms": [{"type": "date", "variants": ["1990-03-05"]}]}, "On March 5th, 1991.", 0),
        ({"terms": [{"type": "date", "variants": ["1990"]}]}, "On March 5th, 1990.", 1),
        ({"match": "all", "terms": [{"variants": ["smith"]}, {"variants": ["York"]}]}, "A smith in York.", 1),
        ({"match": "all", "terms": [{"variants": ["smith"]}, {"variants": ["York"]}]}, "A smith in Hull.", 0),
        ({"terms": [{"variants": ["tea"]}], "forbidden": [{"variants": ["coffee"]}]}, "Tea, and coffee.", 0),
        ({"terms": [{"variants": ["tea"]}], "forbidden": [{"variants": ["coffee"]}]}, "Tea, never coffee.", 1),
    ],
)
def test_declared_rules(rule: dict[str, Any], reply: str, expected: int) -> None:
    reward = VRAR()(build_sample(rule=rule, keywords=["x"], language="en"), reply)
    assert reward.accuracy == expected, reward.reason
