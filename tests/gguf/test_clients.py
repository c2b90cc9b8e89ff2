"""What Ollama and SillyTavern make of a conversation by the files beside an export, against the run's own prompts."""

from __future__ import annotations

import re

import pytest

from raiden.core.types import Message
from raiden.data.chat_template import ChatTemplate
from raiden.data.clients import ClientSettings, modelfile, preset, turns_of
from raiden.data.clients.ollama import go_template
from raiden.data.clients.sillytavern import CARD, NAME
from raiden.data.prompts import PromptSettings, prompt_of_card, system_message
from tests.conftest import CHATML

LLAMA_3 = (
    "{{ bos_token }}{% for m in messages %}<|start|>{{ m.role }}<|end|>\n\n{{ m.content | trim }}<|eot|>{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant<|end|>\n\n{% endif %}"
)
GEMMA = (
    "{{ bos_token }}{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
    "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('alternate') }}"
    "{% endif %}<turn>{{ 'model' if m.role == 'assistant' else m.role }}\n{{ m.content | trim }}<end>\n{% endfor %}"
    "{% if add_generation_prompt %}<turn>model\n{% endif %}"
)
NO_THINK = CHATML.replace(
    "assistant\n{% endif %}",
    "assistant\n{% if enable_thinking is defined and not enable_thinking %}<think>\n\n</think>\n\n{% endif %}"
    "{% endif %}",
)
NUMBERED = CHATML.replace("<|im_start|>{{", "<|im_start|>{{ loop.index }} {{")
TALK = [
    Message("system", "Name: Ada\n\nYou are Ada."),
    Message("user", "Who are you?"),
    Message("assistant", "Ada."),
    Message("user", "Since when?"),
]
SETTINGS = ClientSettings(num_context=4096, temperature=0.7, max_tokens=24)


def chat_of(tokenizer, template):
    tokenizer.chat_template = template
    return ChatTemplate(tokenizer, PromptSettings())


def by_go(template, messages):
    """What Go's text/template makes of the few actions that a Modelfile of ours has."""
    actions = re.split(r"({{.*?}})", template)
    text, place, is_open, branch = "", 0, False, []
    loop_at = 0
    depth, queue, taken, current = 0, list(messages), False, messages[0]
    while place < len(actions):
        action = actions[place]
        if not action.startswith("{{"):
            text += action if all(branch) else ""
        elif action == "{{ range .Messages }}":
            loop_at, current = place, queue.pop(0)
            branch.append(True)
            depth = len(branch)
        elif action.startswith("{{ if eq"):
            branch.append(f'"{current.role}"' in action)
            taken = branch[-1]
        elif action.startswith("{{ else if eq"):
            branch[-1] = not taken and f'"{current.role}"' in action
            taken = taken or branch[-1]
        elif action == "{{ if not $open }}":
            branch.append(not is_open)
        elif action == "{{ .Content }}":
            text += current.content if all(branch) else ""
        elif action in ("{{ $open = true }}", "{{ $open = false }}"):
            is_open = action == "{{ $open = true }}" if all(branch) else is_open
        elif action == "{{ end }}":
            if len(branch) == depth and queue:
                current, place = queue.pop(0), loop_at
            else:
                branch.pop()
        else:
            assert action == "{{ $open := false }}", action
        place += 1
    assert branch == []
    return text


@pytest.mark.parametrize(
    "template", [CHATML, LLAMA_3, GEMMA, NO_THINK], ids=["chatml", "llama 3", "gemma", "no think"]
)
def test_programs_without_jinja_make_the_prompts_of_the_run(template, tiny_tokenizer):
    chat = chat_of(tiny_tokenizer, template)
    turns = turns_of(chat)
    for talk in (TALK[:2], TALK):
        assert turns.render(talk) == chat.render(talk)
        assert by_go(go_template(turns), talk) == chat.render(talk)
        assert by_sillytavern(preset("x", "", turns, [], SETTINGS)["instruct"], talk) == chat.render(talk)


def by_sillytavern(instruct, talk):
    """The story string, the chat, and what it lets the model go on with; see formatInstructModeChat of SillyTavern."""
    text = instruct["story_string_prefix"] + talk[0].content + instruct["story_string_suffix"]
    for number, message in enumerate(talk[1:]):
        kind = "input" if message.role == "user" else "output"
        first = instruct[f"first_{kind}_sequence"] if number == 0 else ""
        text += (first or instruct[f"{kind}_sequence"]) + message.content + instruct[f"{kind}_suffix"]
    return text + (instruct["last_output_sequence"] or instruct["output_sequence"])


def test_a_template_whose_turns_differ_is_left_to_the_programs(tiny_tokenizer):
    assert turns_of(chat_of(tiny_tokenizer, NUMBERED)) is None
    told = modelfile("x.gguf", "Be Ada.", None, ["<|im_end|>"], SETTINGS)
    assert "TEMPLATE" not in told
    assert set(preset("x", "", None, [], SETTINGS)) == {"sysprompt", "preset", "reasoning"}


def test_a_modelfile_says_what_the_run_said(tiny_tokenizer):
    turns = turns_of(chat_of(tiny_tokenizer, CHATML))
    told = modelfile("ada.gguf", 'You are "Ada".\nBe brief.', turns, ["<|im_end|>"], SETTINGS, "ollama create ada")
    assert told.splitlines()[:2] == ["# ollama create ada", "FROM ./ada.gguf"]
    assert 'SYSTEM """You are "Ada".\nBe brief."""' in told
    assert 'PARAMETER stop "<|im_end|>"' in told
    assert "PARAMETER temperature 0.7\nPARAMETER top_p 1.0\nPARAMETER top_k 0\n" in told
    assert "PARAMETER num_predict 24" in told
    with pytest.raises(ValueError, match="three quotation marks"):
        modelfile("ada.gguf", 'a """ b', turns, [], SETTINGS)


def test_a_preset_has_what_sillytavern_looks_for_and_the_run_s_prompt_around_its_card(tiny_tokenizer):
    turns = turns_of(chat_of(tiny_tokenizer, CHATML))
    system = prompt_of_card(NAME, CARD, "en", PromptSettings())
    found = preset("ada", system, turns, ["<|im_end|>"], SETTINGS)
    # What preset-manager.js calls valid.
    wanted = {
        "instruct": {"name", "input_sequence", "output_sequence"},
        "context": {"name", "story_string"},
        "sysprompt": {"name", "content"},
        "preset": {"temp", "top_k", "top_p", "rep_pen"},
        "reasoning": {"name", "prefix", "suffix", "separator"},
    }
    assert {name: keys - set(found[name]) for name, keys in wanted.items()} == {name: set() for name in wanted}
    assert found["preset"]["temp"] == 0.7
    fields = {"Name": "Ada", "Age": "36"}
    ours = system_message("Ada", fields, "en").content
    assert system.replace(NAME, "Ada").replace(CARD, "Name: Ada\nAge: 36") == ours


def test_under_profile_the_card_is_the_prompt():
    assert prompt_of_card(NAME, CARD, "en", PromptSettings(prompt="profile")) == CARD
