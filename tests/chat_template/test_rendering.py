"""Chat templates: what transformers makes of them, and what a stranger's may not do."""

from __future__ import annotations

from pathlib import Path

import pytest
import trl.chat_template_utils
from jinja2 import TemplateError

from raiden.core.errors import ChatTemplateError
from raiden.core.types import Message
from raiden.data import sandbox
from raiden.data.chat_template import ChatTemplate, chat
from raiden.data.chat_template.rendering import ChatRenderer

SYSTEM, FIRST, REPLY, SECOND = (
    {"role": "system", "content": "Name: 小明\nA “lighthouse” keeper. <b>"},
    {"role": "user", "content": "Where were you born?"},
    {"role": "assistant", "content": "In the north.\n"},
    {"role": "user", "content": "  And when?  "},
)
FIRST_OF_21 = {"role": "user", "content": "Where were you born??"}
TALKS = [[SYSTEM, FIRST], [SYSTEM, FIRST, REPLY, SECOND], [FIRST, REPLY, SECOND]]
FOLDER = Path(trl.chat_template_utils.__file__).parent / "chat_templates"
TEMPLATES = ["cohere2", "deepseekv3", "gemma3", "gptoss", "llama3_2", "qwen3", "qwen3_training"]
"""Of the 36 that TRL brings, those with what others have not: dates, refusals, reasoning, marks for training."""


def messages(talk):
    return [Message(turn["role"], turn["content"]) for turn in talk]


@pytest.fixture
def tokenizer(tiny_tokenizer, monkeypatch):
    """Its template may be changed."""
    monkeypatch.setattr(tiny_tokenizer, "chat_template", tiny_tokenizer.chat_template)
    return tiny_tokenizer


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_conversation_becomes_what_transformers_makes_of_it(tokenizer, name):
    tokenizer.chat_template = (FOLDER / f"{name}.jinja").read_text(encoding="utf-8")

    def theirs(talk, **options):
        try:
            return tokenizer.apply_chat_template(talk, tokenize=False, add_generation_prompt=True, **options)
        except TemplateError as refusal:
            return f"refused: {refusal}"

    def ours(talk, **options):
        try:
            return renderer.render(talk, **options)
        except ChatTemplateError as refusal:
            return f"refused: {refusal}"

    with ChatRenderer(tokenizer) as renderer:
        for talk in TALKS:
            assert ours(talk) == theirs(talk)
            assert ours(talk, enable_thinking=False) == theirs(talk, enable_thinking=False)


def test_tokens_of_many_are_those_of_each(tokenizer, monkeypatch):
    monkeypatch.setattr(chat, "_CHUNK", 2)
    talks = TALKS * 2 + TALKS[:1]
    theirs = [
        tuple(tokenizer.apply_chat_template(talk, add_generation_prompt=True, return_dict=False)) for talk in talks
    ]
    assert ChatTemplate(tokenizer).encode([messages(talk) for talk in talks]) == theirs


def test_a_refusal_says_which_conversation_it_was(tokenizer):
    tokenizer.chat_template = "{% for m in messages %}{{ 1 / (m.content | length - 21) }}{{ m.content }}{% endfor %}"
    with pytest.raises(ChatTemplateError, match="division by zero") as refusal:
        ChatTemplate(tokenizer).encode([messages(talk) for talk in ([SECOND], [REPLY], [SYSTEM, FIRST_OF_21])])
    assert refusal.value.index == 2


# All of these end within a second, and within 200 MB, where nothing stops them: the bounds are lowered instead.
ABSURD = {
    "loops": (
        "{% for i in range(3000) %}{% for j in range(3000) %}{% endfor %}{% endfor %}",
        "more than 0.1 s of processor time",
    ),
    "a long text": ("{% for i in range(3000) %}{{ messages[0].content }}{% endfor %}", "more than 50,000 characters"),
    "a text of more than its memory": ("{% set x = 'ab' * 80000000 %}{{ x | length }}", "memory"),
    "a text doubled": (
        "{% set n = namespace(x='abcdefgh') %}{% for i in range(24) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
        "memory",
    ),
    "not a template": ("{% for message in %}", "Expected an expression"),
    "a fault of its own": ("{{ 1 + 'a' }}", "unsupported operand"),
    "what the sandbox forbids": ("{{ ''.__class__.__mro__ }}", "unsafe"),
    "a change of the messages": ("{{ messages.append(1) }}", "unsafe"),
}


@pytest.mark.parametrize(("template", "fault"), ABSURD.values(), ids=ABSURD)
def test_a_template_out_of_bounds_is_stopped(tokenizer, monkeypatch, template, fault):
    monkeypatch.setattr(sandbox, "MAX_PROMPT_CHARACTERS", 50_000)
    monkeypatch.setattr(sandbox, "MAX_TEMPLATE_BYTES", 2**27)
    tokenizer.chat_template = template
    with ChatRenderer(tokenizer, max_seconds=0.1) as renderer:
        for _ in range(2):  # the next one is asked of a new process
            with pytest.raises(ChatTemplateError, match=fault):
                renderer.render(TALKS[0])


def test_the_time_is_that_of_one_conversation_and_not_of_all(tokenizer):
    tokenizer.chat_template = "{% for i in range(99999) %}{% endfor %}x"
    with ChatRenderer(tokenizer, max_seconds=0.1) as renderer:
        for _ in range(80):  # of some milliseconds each
            assert renderer.render(TALKS[0]) == "x"


def test_the_process_ends_with_who_asks(tokenizer):
    renderer = ChatRenderer(tokenizer)
    renderer.render(TALKS[0])
    worker = renderer._worker
    assert worker is not None
    assert worker.poll() is None
    assert worker.stdin is not None
    worker.stdin.close()  # as when the process that asks is killed
    assert worker.wait() == 0
    renderer._worker = None
