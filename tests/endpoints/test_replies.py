"""What models write around and instead of JSON."""

import json

import pytest

from raiden.core.reasoning import strip_reasoning
from raiden.endpoints.replies import MalformedReplyError, read_json

SCHEMA = {
    "type": "object",
    "properties": {"question": {"type": "string", "minLength": 1}, "terms": {"type": "array"}},
    "required": ["question", "terms"],
    "additionalProperties": False,
}
RECORD = {"question": "你住在哪里？", "terms": [{"variants": ["灯塔"]}]}


@pytest.mark.parametrize(
    "text",
    [
        '{"question": "你住在哪里？", "terms": [{"variants": ["灯塔"]}]}',
        '```json\n{"question": "你住在哪里？", "terms": [{"variants": ["灯塔"]}]}\n```',
        'Sure! Here it is:\n{"question": "你住在哪里？", "terms": [{"variants": ["灯塔"]}]}\nAnything else?',
        '{"question": "你住在哪里？", "terms": [{"variants": ["灯塔",]},],}',
        "{'question': '你住在哪里？', 'terms': [{'variants': ['灯塔']}]}",
        '{question: "你住在哪里？", terms: [{variants: ["灯塔"]}]}',
        '{"question": "\\u4f60住在哪里？", // the place\n "terms": [{"variants": ["灯塔"]}]}',
    ],
    ids=["plain", "fenced", "in prose", "trailing commas", "single quotes", "bare keys", "comment"],
)
def test_json_is_found_and_its_notation_mended(text):
    assert json.loads(read_json(text, SCHEMA)) == RECORD


WHOLE = json.dumps(RECORD, ensure_ascii=False)


@pytest.mark.parametrize("length", range(len(WHOLE)))
def test_a_reply_that_breaks_off_anywhere_is_never_made_into_a_record(length):
    with pytest.raises(MalformedReplyError):
        read_json(WHOLE[:length], SCHEMA)


@pytest.mark.parametrize("length", range(1, len(WHOLE)))
def test_a_fenced_reply_that_breaks_off_anywhere_is_never_made_into_a_record(length):
    with pytest.raises(MalformedReplyError):
        read_json(f"```json\n{WHOLE[:length]}\n```", SCHEMA)


def test_a_reply_cut_at_the_token_limit_is_refused_even_if_it_looks_whole():
    with pytest.raises(MalformedReplyError, match="token limit"):
        read_json(WHOLE, SCHEMA, truncated=True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("I cannot do that.", "no JSON object"),
        ('{"question": "Where?"}', "'terms' is a required property"),
        ('{"question": "", "terms": []}', r"\$.question"),
        ('{"question": "Where?", "terms": [], "note": "x"}', "'note' was unexpected"),
        ('{"question": "\\ud83d", "terms": []}', "half a character"),
        ("{" * 100_000, "breaks off"),
    ],
)
def test_what_does_not_follow_the_schema_is_refused_with_the_reason(text, words):
    with pytest.raises(MalformedReplyError, match=words):
        read_json(text, SCHEMA)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("<think>hm</think>\nYes.", "Yes."),
        ("hm, the template opened it</think>Yes.", "Yes."),
        ("<think>never closed", ""),
        ("Yes.<think>afterthought", "Yes."),
        ("<THINK>a</THINK><reasoning>b</reasoning>Yes.", "Yes."),
        ("a < b and <em>c</em>", "a < b and <em>c</em>"),
    ],
)
def test_reasoning_is_taken_out(text, kept):
    assert strip_reasoning(text) == kept
