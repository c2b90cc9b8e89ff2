"""Prompts: setting, conversation, question, in this order, in the sample's language."""

from __future__ import annotations

import json

import pytest

from raiden.core.errors import ConfigError
from raiden.core.types import LANGUAGES, Message
from raiden.data.prompts import PromptSettings, build_messages, read_prompt_template, system_message
from raiden.data.samples import parse_sample
from tests.records import sample_record

HISTORY = [
    {"role": "user", "content": "first"},
    {"role": "assistant", "content": "second"},
    {"role": "user", "content": "third"},
    {"role": "assistant", "content": "fourth"},
]


def messages(response_format="plain", **changes):
    return build_messages(parse_sample(sample_record(**changes), "here"), PromptSettings(response_format))


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


# A prompt of one's own

SHORT = read_prompt_template("configs/prompts/short.jinja")


def test_the_quickstarts_short_form_is_what_it_was_letter_for_letter():
    settings = PromptSettings("think", prompt_template=SHORT)
    system = build_messages(parse_sample(sample_record(metadata={"language": "en"}), "here"), settings)[0].content
    assert system == (
        "<Character Setting>\nName: 小明\nGender: male\nIntroduction: 爱读书的学生\n</Character Setting>\n\n"
        "You are 小明. Answer as 小明, in the first person (I, my), true to this setting and the conversation. "
        'Answer only what is asked, in one complete sentence. If I ask about my things, answer with "Your".\n'
        "First think inside <think> and </think>, then give the reply that 小明 speaks."
    )


def test_a_template_has_name_profile_language_format_and_talk():
    template = "{{ name }}|{{ profile }}|{{ language }}|{{ response_format }}|{{ is_talk }}"
    settings = PromptSettings(prompt_template=template)
    said = [
        system_message("Ada", {"Name": "Ada", "Job": "{{ 7 * 7 }}"}, "en", settings, talk) for talk in (False, True)
    ]
    assert [message.content for message in said] == [
        f"Ada|Name: Ada\nJob: {{{{ 7 * 7 }}}}|en|plain|{talk}" for talk in (False, True)
    ]


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("{% if %}", "makes no prompt of .*Expected an expression"),
        ("{{ ''.__class__.__mro__ }}", "makes no prompt of .*unsafe"),
        ("{# nothing #}", "makes an empty prompt"),
    ],
)
def test_a_template_that_makes_no_prompt_is_refused(template, fault):
    with pytest.raises(ConfigError, match=rf"`data\.prompt_template` {fault}"):
        system_message("Ada", {"Name": "Ada"}, "en", PromptSettings(prompt_template=template))


def test_a_template_that_is_not_there_is_told_with_one_to_copy():
    with pytest.raises(ConfigError, match=r"`data\.prompt_template`: none\.jinja cannot be read .*default\.jinja"):
        read_prompt_template("none.jinja")


def test_the_text_of_a_profile_is_the_prompt_as_it_stands_and_a_missing_one_is_named():
    text = "Be brief.  \n<Character Setting>\nName: 小明\n</Character Setting>\n{{ name }} waits. "
    settings = PromptSettings("think", prompt="profile", texts={"小明": text})
    sample = parse_sample(sample_record(), "here")
    assert build_messages(sample, settings)[0] == Message("system", text)
    with pytest.raises(ConfigError, match=r'`data\.prompt` is profile, and no text of "Ada" is known'):
        system_message("Ada", {"Name": "Ada"}, "en", settings)
    assert system_message("Ada", {"Name": "Ada"}, "en", settings, text="I am Ada.").content == "I am Ada."


def test_settings_come_back_from_their_record():
    settings = PromptSettings("think", {"a": [1]}, "2026-01-31", "(comes in)", "template", "{{ name }}", {})
    assert PromptSettings.from_record(json.loads(json.dumps(settings.as_record()))) == settings
    assert PromptSettings.from_record({"unknown": 1}) == PromptSettings()
