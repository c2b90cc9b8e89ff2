#!/usr/bin/env bash
# trl 1.16.0 (its copies of the models' own chat templates), rendered by jinja2 3.1.6 with the settings of transformers:
# for SmolVLM and Idefics3 a conversation whose contents are strings becomes a prompt without a word of it.
#
# What a good engineer would guess: a message's content may be a string, as in nearly every data set and API, and a
#                                   template that cannot take one raises, as that of LLaVA-NeXT does.
# Seen: these two loop over the content and print its parts of the type "text". The parts of a string are its
#       characters, which have no type: nothing is printed, nothing is raised. Roles and end marks stay, so the prompt
#       has a length and looks alive. As a list of parts the same text is there. Qwen2.5-VL's takes both.
# Why it matters to role play: the character's profile and the question are gone, and every prompt of a run is the same.
#
# Output seen:
#   qwen2_5_vl strings: profile and question are there
#   smolvlm    strings: '<|im_start|>System: <end_of_utterance>\nUser: <end_of_utterance>\nAssistant:'
#   smolvlm    parts:   profile and question are there
#   idefics3   strings: '<|begin_of_text|>System: <end_of_utterance>\nUser: <end_of_utterance>\nAssistant:'
#   idefics3   parts:   profile and question are there
#   llava_next strings: UndefinedError: 'str object' has no attribute 'text'
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps trl==1.16.0 jinja2==3.1.6 markupsafe==3.0.3
"$work/venv/bin/python" - <<'PY'
from pathlib import Path
from sysconfig import get_paths

from jinja2 import UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment

templates = Path(get_paths()["purelib"], "trl/chat_templates")
environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
turns = {"system": "You are Ada.", "user": "Who are you?"}


def rendered(name, as_parts):
    messages = [
        {"role": role, "content": [{"type": "text", "text": text}] if as_parts else text}
        for role, text in turns.items()
    ]
    template = environment.from_string((templates / f"{name}.jinja").read_text())
    try:
        prompt = template.render(messages=messages, add_generation_prompt=True, bos_token="", eos_token="")
    except UndefinedError as error:
        prompt = f"UndefinedError: {error}"
    is_there = all(text in prompt for text in turns.values())
    shown = prompt if prompt.startswith("Undefined") else "profile and question are there" if is_there else repr(prompt)
    print(f"{name:10} {'parts:  ' if as_parts else 'strings:'} {shown}")
    return prompt, is_there


assert rendered("qwen2_5_vl", as_parts=False)[1], "the behaviour has changed"
for name in ("smolvlm", "idefics3"):
    prompt, is_there = rendered(name, as_parts=False)
    assert not any(text in prompt for text in turns.values()), "the behaviour has changed"
    assert rendered(name, as_parts=True)[1], "the behaviour has changed"
assert rendered("llava_next", as_parts=False)[0].startswith("UndefinedError"), "the behaviour has changed"
PY
