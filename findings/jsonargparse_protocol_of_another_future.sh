#!/usr/bin/env bash
# jsonargparse 4.53.0: a class that implements a Protocol word for word is refused where one of the two files begins with
# `from __future__ import annotations` and the other does not, if a method returns None.
#
# What a good engineer would guess: the future import changes when annotations are evaluated, not what they mean; for
#                                   `-> int` it is so, and for `-> None` in both files or in neither as well.
# Seen: "Import path plain.Memory does not implement protocol Store". Resolved from a string, `None` becomes NoneType;
#       written as itself it stays None, and the two are compared as types. Methods without annotations are refused too.
# Why it matters to a trainer: "any class with these methods" in a configuration is then not any class, and the message
#       does not say what is amiss. A base class is checked by inheritance and knows no such difference.
#
# Output seen:
#   jsonargparse 4.53.0
#   returns None: both as strings ok, one as strings refused
#   returns int:  both as strings ok, one as strings ok
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check jsonargparse==4.53.0 pyyaml==6.0.3
cd "$work"
for returned in None int; do
    cat >"store_$returned.py" <<PY
from __future__ import annotations

from typing import Protocol


class Store(Protocol):
    def put(self, key: str) -> $returned: ...
PY
    cat >"plain_$returned.py" <<PY
class Memory:
    def put(self, key: str) -> $returned:
        return None
PY
    { echo "from __future__ import annotations"; cat "plain_$returned.py"; } >"future_$returned.py"
done
"$work/venv/bin/python" - <<'PY'
from importlib import import_module

import jsonargparse

print("jsonargparse", jsonargparse.__version__)


def verdict(kind, returned):
    parser = jsonargparse.ArgumentParser(exit_on_error=False)
    parser.add_argument("--store", type=import_module(f"store_{returned}").Store)
    try:
        parser.parse_args([f"--store={kind}_{returned}.Memory"])
    except jsonargparse.ArgumentError as error:
        assert "does not implement protocol Store" in str(error), error
        return "refused"
    return "ok"


seen = {returned: (verdict("future", returned), verdict("plain", returned)) for returned in ("None", "int")}
for returned, (both, one) in seen.items():
    print(f"{f'returns {returned}:':13} both as strings {both}, one as strings {one}")
assert seen == {"None": ("ok", "refused"), "int": ("ok", "ok")}, "the behaviour has changed"
PY
