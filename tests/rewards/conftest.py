"""Samples for the tests of the rewards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from raiden.languages import detect_language
from raiden.rewards import rule_from_record
from raiden.types import Message, Sample


def build_sample(**record: Any) -> Sample:
    """A sample from the fields a test cares about."""
    record.setdefault("keywords", ["green tea"])
    profile: Mapping[str, str] = record.get("character_profile", {})
    return Sample(
        id="test",
        character_name=record.get("character_name", profile.get("Name", "")),
        character_profile=profile,
        conversation_history=tuple(
            Message(**turn) for turn in record.get("conversation_history", [])
        ),
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


@pytest.fixture
def make_sample() -> Callable[..., Sample]:
    return build_sample
