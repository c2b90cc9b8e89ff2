"""The written cases in four languages: those that were tuned on, one by one, and the held-out quarter as a share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .cases import CASES, accuracy, is_held_out, read_cases

LANGUAGES = ("zh", "ja", "en", "ko")
KNOWN_WRONG = {"我把乒乓球拍卖完了，准备回家。"}  # 球拍/卖 and 拍卖 are both words; only the world decides.

TUNED = [
    pytest.param(case, id=f"{name}-{index}")
    for name in ("shared", *LANGUAGES, *(f"{language}_later" for language in LANGUAGES))
    for index, case in enumerate(read_cases(CASES / f"{name}.jsonl"))
    if name not in LANGUAGES or not is_held_out(index)
]


@pytest.mark.parametrize("case", TUNED)
def test_case_is_judged_as_a_reader_would(case: dict[str, Any]) -> None:
    if case["reply"] in KNOWN_WRONG:
        pytest.xfail("ambiguous in writing")
    found, reason = accuracy(case)
    assert found == case["expected"], f"{case['reply']} / {case['keywords']} ({case['why']}): {reason}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_held_out_cases_are_mostly_right(language: str, report: Callable[[str], None]) -> None:
    held_out = [case for index, case in enumerate(read_cases(CASES / f"{language}.jsonl")) if is_held_out(index)]
    right = sum(accuracy(case)[0] == case["expected"] for case in held_out)
    report(f"rewards, held-out cases, {language}: {right} of {len(held_out)} right ({right / len(held_out):.0%})")
    assert right / len(held_out) >= 0.85


def test_every_language_has_at_least_sixty_cases() -> None:
    assert all(len(read_cases(CASES / f"{language}.jsonl")) >= 60 for language in LANGUAGES)
