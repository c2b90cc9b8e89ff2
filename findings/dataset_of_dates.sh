#!/usr/bin/env bash
# datasets 5.2.0 (newest), load_dataset("json"): a string column becomes one of timestamps when all of its values
# happen to look like dates.
#
# What a good engineer would guess: JSON has no dates, so what is a string in the file is a string in the data set;
#                                   "1985-03-05" at most fails to be one thing in one row.
# Seen: if every keyword is a date the column is timestamp[s] and rows hold datetime objects, 1985-03-05 00:00:00;
#       one other string among them (seen after 200,000 dates as well) and all stay strings. The same holds within
#       lists (keywords: ["1985-03-05"]).
# Why it matters to role play: a file with the birthdays of all characters, or the shard of one question type, loads
# with other types than the whole; str(keyword) is then "1985-03-05 00:00:00", which no reply ever says: reward 0.
#
# Output seen:
#   datasets 5.2.0
#   ['1985-03-05', '1990-01-01']       -> timestamp[s] datetime.datetime(1985, 3, 5, 0, 0)
#   ['1985-03-05', 'Holmes']           -> string '1985-03-05'
#   [['1985-03-05'], ['1990-01-01']]   -> List of timestamp[s] [datetime.datetime(1985, 3, 5, 0, 0)]
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-compile datasets==5.2.0
cd "$work"
export HF_HOME="$work/cache" HF_DATASETS_DISABLE_PROGRESS_BARS=1
venv/bin/python - <<'PY'
import datetime
import json
from pathlib import Path

import datasets

datasets.disable_progress_bars()
print("datasets", datasets.__version__)
birthday = datetime.datetime(1985, 3, 5)
cases = [
    (["1985-03-05", "1990-01-01"], birthday),
    (["1985-03-05", "Holmes"], "1985-03-05"),
    ([["1985-03-05"], ["1990-01-01"]], [birthday]),
]
for number, (keywords, expected) in enumerate(cases):
    file = Path(f"{number}.jsonl")
    file.write_text("".join(json.dumps({"question": "When?", "keyword": keyword}) + "\n" for keyword in keywords))
    rows = datasets.load_dataset("json", data_files=str(file), split="train")
    feature = rows.features["keyword"]
    kind = f"List of {feature.feature.dtype}" if isinstance(keywords[0], list) else feature.dtype
    print(f"{keywords!s:34} -> {kind} {rows[0]['keyword']!r}")
    assert rows[0]["keyword"] == expected, "the behaviour has changed"
PY
