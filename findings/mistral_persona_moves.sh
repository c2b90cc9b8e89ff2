#!/usr/bin/env bash
# mistral-common 1.13.1 (newest; Mistral's own tokeniser, used by vLLM's tokenizer_mode "mistral"): the system prompt
# does not stay where it was.
#
# What a good engineer would guess: the system message is rendered at the head of the conversation, so that each
#                                   turn's prompt begins with all of the turn before.
# Seen: in the formats v2 and v3 (sentencepiece and Tekken: Mistral 7B v0.3, Mixtral 8x22B, Nemo) it is put into the
#       last user message: after one more turn it has gone from the first. In v1 and v7 it stays at the head.
# Why it matters to role play: the character's profile is the system message. Replies of turn 1 are trained after a
# profile that stands before turn 1, and seen in turn 2's prompt without it; no prompt is a prefix of the next, so
# prefix caches, packing by shared prefix and "mask the history, train on the rest" all compute something else.
#
# Output seen:
#   mistral_common 1.13.1
#   v1       turn 2: <s>▁[INST]▁You▁are▁Holmes.<0x0A><0x0A>hi▁[/INST]▁hello</s>▁[INST]▁who▁[/INST]
#   v2       turn 2: <s>[INST]▁hi[/INST]▁hello</s>[INST]▁You▁are▁Holmes.<0x0A><0x0A>who[/INST]
#   v3       turn 2: <s>[INST]▁hi[/INST]▁hello</s>[INST]▁You▁are▁Holmes.<0x0A><0x0A>who[/INST]
#   v3 tekken turn 2: <s>[INST]hi[/INST]hello</s>[INST]You are Holmes.\n\nwho[/INST]
#   v7       turn 2: <s>[SYSTEM_PROMPT]▁You▁are▁Holmes.[/SYSTEM_PROMPT][INST]▁hi[/INST]▁hello</s>[INST]▁who[/INST]
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check "mistral-common[sentencepiece]==1.13.1"
"$work/venv/bin/python" - <<'PY'
from importlib.metadata import version

from mistral_common.protocol.instruct.messages import AssistantMessage, SystemMessage, UserMessage
from mistral_common.protocol.instruct.request import ChatCompletionRequest
from mistral_common.tokens.tokenizers.mistral import MistralTokenizer

print("mistral_common", version("mistral-common"))
turn_1 = [SystemMessage(content="You are Holmes."), UserMessage(content="hi")]
turn_2 = [*turn_1, AssistantMessage(content="hello"), UserMessage(content="who")]
formats = {
    "v1": (MistralTokenizer.v1(), True),
    "v2": (MistralTokenizer.v2(), False),
    "v3": (MistralTokenizer.v3(), False),
    "v3 tekken": (MistralTokenizer.v3(is_tekken=True), False),
    "v7": (MistralTokenizer.v7(), True),
}
for name, (tokenizer, prefix_expected) in formats.items():
    first, second = (
        tokenizer.encode_chat_completion(ChatCompletionRequest(messages=turns)) for turns in (turn_1, turn_2)
    )
    print(f"{name:8} turn 2: {second.text!r}"[:-1].replace(": '", ": "))
    is_prefix = second.tokens[: len(first.tokens)] == first.tokens
    assert is_prefix == prefix_expected, "the behaviour has changed"
PY
