"""Prompts: setting, conversation, question, in this order, in the sample's language."""

from __future__ import annotations

import pytest

from raiden.core.types import LANGUAGES, Message
from raiden.data.prompts import build_messages
from raiden.data.samples import parse_sample
from tests.records import sample_record

HISTORY = [
    {"role": "user", "content": "first"},
    {"role": "assistant", "content": "second"},
    {"role": "user", "content": "third"},
    {"role": "assistant", "content": "fourth"},
]


def messages(response_format="plain", **changes):
    return build_messages(parse_sample(sample_record(**changes), "here"), response_format)


def test_the_history_stands_in_order_between_the_setting_and_the_question():
    built = messages(conversation_history=HISTORY)
    assert [m.role for m in built] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert [m.content for m in built[1:]] == ["first", "second", "third", "fourth", "你叫什么名字？"]


def test_the_profile_is_readable_text_in_the_system_message():
    system = messages()[0].content
    for line in ("Name: 小明", "Gender: male", "Introduction: 爱读书的学生"):
        assert line in system.splitlines()


def test_all_that_does_not_depend_on_the_question_comes_first():
    one, two = messages(question="你多大？"), messages(question="你住哪里？")
    assert one[:-1] == two[:-1]
    assert (one[-1], two[-1]) == (Message("user", "你多大？"), Message("user", "你住哪里？"))


@pytest.mark.parametrize(
    ("language", "words"),
    [("zh", "用第一人称回答"), ("ja", "一人称で"), ("ko", "일인칭으로"), ("en", "in the first person")],
)
@pytest.mark.parametrize("response_format", ["plain", "think"])
def test_the_instructions_speak_the_language_of_the_sample(language, words, response_format):
    system = messages(response_format, metadata={"language": language})[0].content
    instructions = system.split("</Character Setting>")[1]
    assert words in instructions
    assert "小明" in instructions
    assert "{" not in instructions


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_think_format_asks_for_the_block_and_the_plain_one_does_not(language):
    thinking = messages("think", metadata={"language": language})[0].content
    plain = messages("plain", metadata={"language": language})[0].content
    assert "<think>" in thinking
    assert "</think>" in thinking
    assert "think" not in plain
    assert thinking.startswith(plain)


def test_braces_of_a_profile_or_a_name_stay_as_they_are():
    profile = {"Name": "{0} {name}", "Introduction": 'says {"a": {}} and {x!r:>10}'}
    system = messages(character_name="{0} {name}", character_profile=profile)[0].content
    assert 'Introduction: says {"a": {}} and {x!r:>10}' in system
    assert "你就是{0} {name}。" in system
