#!/usr/bin/env bash
# json-repair 0.64.6 (newest): of several JSON objects in a text, how many are kept depends on their keys and on
# the character between them.
#
# What a good engineer would guess: a text with two objects gives a list of two (or the first), whatever they say.
# Seen: objects on lines of their own with the same keys are taken for revisions of one: the last one only is
#       returned, as a plain dict. With other keys, or with a comma between, all come, as a list.
# Why it matters to role play: a judge asked for one verdict a line (JSON lines) about replies A, B and C, read by
# json_repair.loads as small judges need, has judged only C; nothing raises. One verdict with a comment more than
# the others brings all of them back, now as a list, where the caller reads a dict.
#
# Output seen:
#   json_repair 0.64.6
#   three lines, same keys     -> {'reply': 'C', 'score': 1}
#   two lines, one key more    -> [{'reply': 'A', 'score': 2, 'why': 'name'}, {'reply': 'B', 'score': 5}]
#   a comma between            -> [{'reply': 'A', 'score': 2}, {'reply': 'B', 'score': 5}]
#   two lists of one           -> [{'score': 5}]
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check json-repair==0.64.6
"$work/venv/bin/python" - <<'PY'
from importlib.metadata import version

from json_repair import loads

print("json_repair", version("json-repair"))
a, b, c = '{"reply": "A", "score": 2}', '{"reply": "B", "score": 5}', '{"reply": "C", "score": 1}'
cases = {
    "three lines, same keys": ("\n".join([a, b, c]), {"reply": "C", "score": 1}),
    "two lines, one key more": (
        '{"reply": "A", "score": 2, "why": "name"}\n' + b,
        [{"reply": "A", "score": 2, "why": "name"}, {"reply": "B", "score": 5}],
    ),
    "a comma between": (a + ", " + b, [{"reply": "A", "score": 2}, {"reply": "B", "score": 5}]),
    "two lists of one": ('[{"score": 2}]\n[{"score": 5}]', [{"score": 5}]),
}
for name, (text, expected) in cases.items():
    seen = loads(text)
    print(f"{name:26} -> {seen}")
    assert seen == expected, "the behaviour has changed"
PY
