"""The text templates that TRL ships, as models bring them: no prompt is refused or loses a word, and formats hold."""

from __future__ import annotations

import copy
from pathlib import Path
from types import SimpleNamespace

import pytest
import trl.chat_template_utils
from transformers import AddedToken

from raiden.core.errors import ConfigError
from raiden.data.chat_template import ChatTemplate
from raiden.data.prompts import PromptSettings, build_messages
from raiden.data.samples import parse_sample
from raiden.rewards.reply import take_answer
from raiden.rollout.engines import TransformersEngine, VLLMEngine
from tests.records import sample_record

FOLDER = Path(trl.chat_template_utils.__file__).parent / "chat_templates"
NAMES = sorted(path.stem for path in FOLDER.glob("*.jinja") if not path.stem.endswith("_training"))
ALWAYS_REASON = {"deepseek_r1_distill", "deepseekv3"}
"""They open a block and have no option that closes it."""
HISTORIES = {
    "empty": [],
    "greeting first": [("assistant", "Ahoy, I keep the lamp!"), ("user", "Hi.")],
    "two user turns in a row": [("user", "Hello?"), ("user", "Anybody?"), ("assistant", "Ahoy.")],
    "reasoning in an earlier turn": [
        ("user", "Hello?"),
        ("assistant", "<think>\nWho calls? A secret.\n</think>\n\nAhoy there."),
    ],
}
MARKS = "<think> </think> <answer> </answer> <|channel|> <|message|> <|start|> <|end|> <|channel> <channel|> <|eom|>"
"""Of reasoning, answers and channels: special tokens in one tokenizer, text in the next."""
REPLY = "I am Ada."
THOUGHT = f"<think>\nWho am I?\n</think>\n\n{REPLY}"


@pytest.fixture
def with_template(tiny_tokenizer, monkeypatch):
    """The tiny tokenizer with the template of a name."""

    def with_template(name):
        monkeypatch.setattr(tiny_tokenizer, "chat_template", (FOLDER / f"{name}.jinja").read_text(encoding="utf-8"))
        return tiny_tokenizer

    return with_template


def sample(history):
    turns = [{"role": role, "content": content} for role, content in history]
    record = sample_record(
        character_name="Ada",
        character_profile={"Name": "Ada", "Job": "keeper of the lamp"},
        conversation_history=turns,
        question="Who are you?",
        metadata={"language": "en"},
    )
    return parse_sample(record, "here")


def is_in_order(text, pieces):
    position = 0
    for piece in pieces:
        position = text.find(piece, position) + len(piece)
        if position < len(piece):
            return False
    return True


def fault(chat, written, response_format):
    """What the reward says of the format of tokens that a model writes behind its prompt."""
    return take_answer(
        chat.read(chat.tokenizer.encode(written, add_special_tokens=False)), response_format
    ).format_fault


@pytest.mark.parametrize("response_format", ["plain", "think"])
@pytest.mark.parametrize("name", NAMES)
def test_every_history_becomes_a_prompt_and_formats_are_judged_right(with_template, name, response_format):
    tokenizer = with_template(name)
    settings = PromptSettings(response_format, date="2026-11-28")
    if response_format == "plain" and name in ALWAYS_REASON:
        with pytest.raises(ConfigError, match="set the response format to think, or give a template without it"):
            ChatTemplate(tokenizer, settings)
        return
    chat = ChatTemplate(tokenizer, settings)
    with chat.renderer:
        for history in HISTORIES.values():
            messages = build_messages(sample(history), settings)
            text = chat.render(messages)
            said = [content.rpartition("</think>")[2].strip() for _, content in history]
            assert is_in_order(text, ["keeper of the lamp", *said, "Who are you?"])
            assert "secret" not in text
            theirs = tokenizer.apply_chat_template(
                chat.conversation(messages),
                add_generation_prompt=True,
                return_dict=False,
                **chat.kwargs,
                bos_token="",
            )
            if not chat.traits.is_dated:
                assert chat.tokenize([text]) == [tuple(theirs)]
    right, wrong = (REPLY, THOUGHT) if response_format == "plain" else (THOUGHT, REPLY)
    assert fault(chat, chat.write(right), response_format) == ""
    assert fault(chat, chat.write(right) + " <think>", response_format)
    assert fault(chat, chat.write(wrong), response_format)
    assert fault(chat, "", response_format)


def generated(engine, tokenizer, written):
    """What an engine makes of tokens that a model has written behind its prompt."""
    engine.tokenizer, engine.stop_ids = tokenizer, [tokenizer.eos_token_id]
    ids = [*tokenizer.encode(written, add_special_tokens=False), tokenizer.eos_token_id]
    if isinstance(engine, TransformersEngine):
        return engine._completion(ids, [0.0] * len(ids))
    output = SimpleNamespace(token_ids=ids, logprobs=[{token: SimpleNamespace(logprob=0.0)} for token in ids])
    return engine._completion(output)


@pytest.mark.parametrize("engine", [TransformersEngine(), VLLMEngine()], ids=["transformers", "vllm"])
@pytest.mark.parametrize("response_format", ["plain", "think"])
@pytest.mark.parametrize("name", sorted(set(NAMES) - ALWAYS_REASON))
def test_tags_that_are_special_tokens_are_text_to_the_reward(with_template, name, response_format, engine):
    tokenizer = copy.deepcopy(with_template(name))
    tokenizer.add_tokens([AddedToken(mark, special=True) for mark in MARKS.split()], special_tokens=True)
    assert "think" not in tokenizer.decode(tokenizer.encode(THOUGHT), skip_special_tokens=True)
    chat = ChatTemplate(tokenizer, PromptSettings(response_format))

    def judged(written):
        completion = generated(engine, tokenizer, written)
        assert completion.finish_reason == "stop"
        reply = take_answer(chat.read(completion.token_ids, completion.text), response_format)
        return reply.format_fault, reply.text.strip()

    right, wrong = (REPLY, THOUGHT) if response_format == "plain" else (THOUGHT, REPLY)
    assert judged(chat.write(right)) == ("", REPLY)
    assert judged(chat.write(wrong))[0]
    assert judged(chat.write(right) + " <think>")[0]
    if response_format == "think" and not chat.traits.frame.has_channels:
        tagged = THOUGHT.replace(REPLY, f"<answer>{REPLY}</answer>")
        assert judged(chat.write(tagged)) == ("", REPLY)


@pytest.mark.parametrize(
    ("name", "response_format", "switch", "end"),
    [
        ("qwen3", "plain", {"enable_thinking": False}, "<think>\n\n</think>\n\n"),
        ("qwen3", "think", {}, "<|im_start|>assistant\n"),
        ("qwen3_6", "plain", {"enable_thinking": False}, "<think>\n\n</think>\n\n"),
        ("qwen3_6", "think", {}, "<think>\n"),
        ("qwen3_5_nothink", "plain", {}, "<think>\n\n</think>\n\n"),
        ("qwen3_5_nothink", "think", {"enable_thinking": True}, "<think>\n"),
        ("nemotron_3_nano", "plain", {"enable_thinking": False}, "<think></think>"),
        ("glm4moe", "plain", {"enable_thinking": False}, "<think></think>"),
        ("deepseekv3", "think", {}, "<think>\n"),
        ("llama3_2", "plain", {}, "assistant<|end_header_id|>\n\n"),
    ],
)
def test_the_switch_that_the_format_needs_is_found_and_told(with_template, name, response_format, switch, end):
    settings = PromptSettings(response_format)
    chat = ChatTemplate(with_template(name), settings)
    assert chat.switch == switch
    assert all(f"{option}={str(value).lower()} was chosen" in chat.describe() for option, value in switch.items())
    with chat.renderer:
        assert chat.render(build_messages(sample([]), settings)).endswith(end)


def test_a_switch_of_the_users_own_is_left_alone_or_refused_by_name(with_template):
    tokenizer = with_template("qwen3")
    on = ChatTemplate(tokenizer, PromptSettings(chat_template_kwargs={"enable_thinking": True}))
    assert (on.switch, on.kwargs) == ({}, {"enable_thinking": True})
    with pytest.raises(ConfigError, match=r"drop enable_thinking from `data.chat_template_kwargs`"):
        ChatTemplate(with_template("qwen3_6"), PromptSettings(chat_template_kwargs={"enable_thinking": True}))


@pytest.mark.parametrize(
    ("name", "written"),
    [
        (
            "gptoss",
            "<|channel|>analysis<|message|>Who am I?<|end|><|start|>assistant<|channel|>final<|message|>I am Ada.",
        ),
        ("gemma4", "<|channel>thought\nWho am I?\n<channel|>I am Ada."),
        ("gemma4_v2", "<|channel>thought\nWho am I?\n<channel|>I am Ada."),
        ("muse_glimmer", " to=self<|message|>Who am I?<|eom|><|start|>assistant to=user<|message|>I am Ada."),
    ],
)
def test_a_channel_is_read_as_a_block_whether_its_marks_are_tokens_or_text(with_template, name, written):
    chat = ChatTemplate(with_template(name), PromptSettings("think"))
    assert fault(chat, written, "think") == ""
    assert take_answer(chat.read(chat.tokenizer.encode(written)), "think").text.strip() == "I am Ada."
    cut = written[: written.index("I am Ada")].rpartition("Who")[0]
    assert fault(chat, cut + "Who am", "think")


def test_what_was_found_is_what_stands_in_the_templates(with_template):
    found = {name: ChatTemplate(with_template(name)).traits for name in NAMES}
    assert {name for name, t in found.items() if not t.takes_system} == {"gemma"}
    assert {name for name, t in found.items() if t.alternates} == {"cohere", "cohere2", "gemma", "gemma3"}
    assert {name for name, t in found.items() if t.is_dated} == {"llama3_2", "gptoss"}
    assert {name for name, t in found.items() if t.closes} == {"qwen3_5_nothink"}
    assert {name for name, t in found.items() if t.opened} == ALWAYS_REASON | {
        "nemotron_3_5_lightning",
        "nemotron_3_nano",
        "nemotron_3_super",
        "nemotron_3_ultra",
        "qwen3_5_think",
        "qwen3_6",
        "qwen3_8",
    }


def test_a_system_message_may_stand_in_the_last_turn(tiny_tokenizer, monkeypatch):
    mistral = (
        "{% set system = messages[0].content if messages[0].role == 'system' else '' %}{% for m in messages %}"
        "{% if m.role == 'user' %}[INST]{% if loop.last %}{{ system }}\n\n{% endif %}{{ m.content }}[/INST]"
        "{% elif m.role == 'assistant' %}{{ m.content }}</s>{% endif %}{% endfor %}"
    )
    monkeypatch.setattr(tiny_tokenizer, "chat_template", mistral)
    assert ChatTemplate(tiny_tokenizer).traits.takes_system


def test_the_day_in_a_prompt_is_the_one_that_was_set(with_template):
    for name, form in (("llama3_2", "31 Jan 2026"), ("gptoss", "2026-01-31")):
        settings = PromptSettings(date="2026-01-31")
        chat = ChatTemplate(with_template(name), settings)
        with chat.renderer:
            assert form in chat.render(build_messages(sample([]), settings))
