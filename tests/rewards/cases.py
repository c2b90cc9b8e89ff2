"""The written cases: one JSON object a line with `reply`, `keywords`, `expected` and why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from raiden.core.languages import detect_language
from raiden.core.types import Message, Sample
from raiden.rewards import VRAR, rule_from_record
from raiden.rewards.mechanisms import ALL

CASES = Path(__file__).parent / "cases"


def read_cases(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def is_held_out(index: int) -> bool:
    """Every fourth case is kept out of sight while rules are tuned; its share of right verdicts is reported."""
    return index % 4 == 3


def build_sample(**record: Any) -> Sample:
    """A sample from the fields a test cares about."""
    record.setdefault("keywords", ["green tea"])
    profile: Mapping[str, str] = record.get("character_profile", {})
    return Sample(
        id="test",
        character_name=record.get("character_name", profile.get("Name", "")),
        character_profile=profile,
        conversation_history=tuple(Message(**turn) for turn in record.get("conversation_history", [])),
        question=record.get("question", ""),
        answer=record.get("answer", ""),
        keywords=tuple(record["keywords"]),
        rule=rule_from_record(record, "test:1"),
        question_type=record.get("question_type", "what"),
        validation_method=record.get("validation_method", "multi_term_parsing"),
        difficulty="easy",
        language=record.get("language") or detect_language(record.get("reply", "")),
        focus=record.get("focus", "sbk"),
        raw=record,
    )


def accuracy(case: dict[str, Any], mechanisms: frozenset[str] = ALL) -> tuple[float, str]:
    reward = VRAR(mechanisms=mechanisms)(build_sample(**case), case["reply"])
    return reward.accuracy, reward.reason


def assert_judged(language: str, question: str, reply: str, keyword: str, expected: float) -> None:
    found, reason = accuracy({"language": language, "question": question, "reply": reply, "keywords": [keyword]})
    assert found == expected, reason
