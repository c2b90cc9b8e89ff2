"""Records become rules; what cannot be scored is refused by place, field and remedy."""

from __future__ import annotations

from typing import Any

import pytest

from raiden.core.errors import SampleError
from raiden.core.types import MatchRule, Term
from raiden.rewards import rule_from_record


def test_keywords_alone_make_the_obvious_rule() -> None:
    rule = rule_from_record({"keywords": ["smith", "York"]}, "f:1")
    assert rule == MatchRule((Term(("smith",)), Term(("York",))), "any")


def test_multi_term_samples_need_every_keyword() -> None:
    assert rule_from_record({"keywords": ["a", "b"], "validation_method": "multi_term_parsing"}, "f:1").match == "all"


def test_the_records_own_match_wins() -> None:
    record = {
        "keywords": ["a", "b"],
        "validation_method": "multi_term_parsing",
        "match": "any",
    }
    assert rule_from_record(record, "f:1").match == "any"


def test_a_declared_rule_is_read_whole() -> None:
    declared = {
        "match": "all",
        "terms": [
            {"type": "text", "variants": ["green tea", "matcha"]},
            {"type": "number", "variants": ["27"]},
        ],
        "forbidden": [{"variants": ["coffee"]}],
    }
    rule = rule_from_record({"keywords": ["green tea"], "rule": declared}, "f:1")
    assert rule.terms == (Term(("green tea", "matcha")), Term(("27",), "number"))
    assert rule.forbidden == (Term(("coffee",)),)
    assert rule.match == "all"


@pytest.mark.parametrize(
    ("record", "field"),
    [
        ({}, "keywords"),
        ({"keywords": []}, "keywords"),
        ({"keywords": "tea"}, "keywords"),
        ({"keywords": [""]}, "keywords"),
        ({"keywords": ["…"]}, "keywords"),
        ({"keywords": [5]}, "keywords"),
        (
            {"keywords": ["a", "b"], "validation_method": "single_term_validation"},
            "keywords",
        ),
        ({"keywords": ["a"], "match": "most"}, "match"),
        ({"rule": []}, "rule"),
        ({"rule": {}}, "rule.terms"),
        ({"rule": {"terms": []}}, "rule.terms"),
        ({"rule": {"terms": ["tea"]}}, r"rule.terms\[0\]"),
        ({"rule": {"terms": [{"variants": []}]}}, r"rule.terms\[0\].variants"),
        (
            {"rule": {"terms": [{"variants": ["a"], "type": "regex"}]}},
            r"rule.terms\[0\].type",
        ),
        ({"rule": {"terms": [{"variants": ["a"], "word": 1}]}}, "unknown key 'word'"),
        ({"rule": {"terms": [{"variants": ["a"]}], "code": "x"}}, "unknown key 'code'"),
        (
            {
                "rule": {
                    "terms": [{"variants": ["a"]}],
                    "forbidden": [{"variants": ["A"]}],
                }
            },
            "rule.forbidden",
        ),
        ({"rule": {"terms": [{"variants": ["a"]}], "match": "none"}}, "rule.match"),
        ({"rule": {"terms": [{"type": "number", "variants": ["tea"]}]}}, "not read as a number"),
        ({"rule": {"terms": [{"type": "date", "variants": ["spring"]}]}}, "not read as a date"),
    ],
)
def test_what_cannot_be_scored_is_refused_with_place_and_field(record: dict[str, Any], field: str) -> None:
    with pytest.raises(SampleError, match=f"^data.json: item 3: .*{field}"):
        rule_from_record(record, "data.json: item 3")
