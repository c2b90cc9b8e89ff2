#!/usr/bin/env bash
# cn2an 0.5.24 (newest), cn2an.transform: a weight in liang becomes another number.
#
# What a good engineer would guess: 三两酒 (three liang of liquor) becomes 3两酒, as 三斤酒 becomes 3斤酒.
# Seen:                             三两酒 -> 32酒. 两 is also the digit two, and a run of digits without
#                                   十/百/千 is read like a year, so three liang are thirty-two of nothing;
#                                   三两天 (two or three days) likewise -> 32天, and 半斤八两 -> 0.5斤82.
# Why it matters to role play: "brings numbers of profile and reply to one notation" is what this function is
# for; a character who drinks three liang is then marked right for "32" and wrong for "3两". No warning is given.
#
# Output seen:
#   cn2an 0.5.24
#   我爱喝三斤酒 -> 我爱喝3斤酒
#   我爱喝三两酒 -> 我爱喝32酒
#   他去了三两天 -> 他去了32天
#   半斤八两 -> 0.5斤82
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check cn2an==0.5.24 setuptools==80.9.0
"$work/venv/bin/python" - <<'PY'
from importlib.metadata import version

import cn2an

print("cn2an", version("cn2an"))
expected = {
    "我爱喝三斤酒": "我爱喝3斤酒",
    "我爱喝三两酒": "我爱喝32酒",
    "他去了三两天": "他去了32天",
    "半斤八两": "0.5斤82",
}
seen = {text: cn2an.transform(text, "cn2an") for text in expected}
for text, result in seen.items():
    print(text, "->", result)
assert seen == expected, "the behaviour has changed"
PY
