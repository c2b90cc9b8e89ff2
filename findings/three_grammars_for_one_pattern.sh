#!/usr/bin/env bash
# llguidance 1.7.6, outlines_core 0.2.14 and xgrammar 0.2.8, as vLLM 0.32 pulls them in for structured output: one schema,
# three languages.
#
# What a good engineer would guess: {"type": "string", "pattern": "小明"} means what JSON Schema says, a string in
#                                   which 小明 occurs; \w is the \w of Python's re; "." matches no line end; bounds
#                                   of a number are kept or refused. And the three agree.
# Seen: outlines_core and xgrammar force the whole string to be 小明; in xgrammar \w knows ASCII only, so no Chinese,
#       Japanese or Korean name can be written, and "." matches a line end; outlines_core drops minimum and maximum
#       without a word and lets a judge write 6 of 5.
# Why it matters to role play: "the reply must mention 小明" is a constraint of one line. After a change of backend the
# same request makes the model say nothing but 小明, or makes a name pattern unable to hold any name of the profile.
#
# Output seen:
#   llguidance 1.7.6, outlines_core 0.2.14, xgrammar 0.2.8
#   pattern 小明 accepts "我是小明。"    llguidance True   outlines_core False  xgrammar False
#   \w+ accepts 小明                  llguidance True   outlines_core None   xgrammar False
#   .+ accepts a line end             llguidance False  outlines_core None   xgrammar True
#   maximum 5 accepts 6               llguidance False  outlines_core True   xgrammar False
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-compile \
    llguidance==1.7.6 outlines_core==0.2.14 xgrammar==0.2.8 torch==2.13.0
"$work/venv/bin/python" - <<'PY'
import json
import re
from importlib.metadata import version

from llguidance import LLMatcher, LLTokenizer
from outlines_core import json_schema
from xgrammar import Grammar
from xgrammar.testing import _is_grammar_accept_string as xgrammar_accepts

print(", ".join(f"{name} {version(name)}" for name in ("llguidance", "outlines_core", "xgrammar")))
byte_tokens = LLTokenizer("byte")


def llguidance_accepts(grammar: str, text: str) -> bool:
    matcher, tokens = LLMatcher(byte_tokens, grammar), byte_tokens.tokenize_str(text)
    return matcher.try_consume_tokens(tokens) == len(tokens) and matcher.is_accepting()


def by_schema(schema: dict, text: str) -> list[bool]:
    written = json.dumps(schema)
    return [
        llguidance_accepts(LLMatcher.grammar_from_json_schema(written), text),
        re.fullmatch(json_schema.build_regex_from_schema(written), text) is not None,
        xgrammar_accepts(Grammar.from_json_schema(written), text),
    ]


def by_regex(pattern: str, text: str) -> list[bool | None]:
    return [
        llguidance_accepts(LLMatcher.grammar_from_regex(pattern), text),
        None,  # outlines_core would only hand the expression back
        xgrammar_accepts(Grammar.from_regex(pattern), text),
    ]


cases = {
    'pattern 小明 accepts "我是小明。"': (by_schema({"type": "string", "pattern": "小明"}, '"我是小明。"'), [True, False, False]),
    r"\w+ accepts 小明": (by_regex(r"\w+", "小明"), [True, None, False]),
    ".+ accepts a line end": (by_regex(".+", "a\nb"), [False, None, True]),
    "maximum 5 accepts 6": (by_schema({"type": "integer", "minimum": 1, "maximum": 5}, "6"), [False, True, False]),
}
for name, (seen, expected) in cases.items():
    print(f"{name:33} llguidance {seen[0]!s:6} outlines_core {seen[1]!s:6} xgrammar {seen[2]}")
    assert seen == expected, "the behaviour has changed"
PY
