#!/usr/bin/env bash
# transformers 5.19.0 and tokenizers 0.23.3: a saved tokenizer remembers how it was last called.
#
# What a good engineer would guess: truncation=True, max_length=4 and padding=True are arguments of one call; what
#                                   save_pretrained writes does not depend on calls made before.
# Seen: they are written into tokenizer.json. AutoTokenizer resets them at each call, so the trainer never sees it;
#       whoever reads the same file with the tokenizers package (servers in Rust, indexers, quick scripts) gets every
#       text cut to the length of that one batch, without a word.
# Why it matters to role play: one padded and truncated evaluation batch before the export, and the served character
# reads the first tokens of its prompt only. A profile is long; the question, at the end, is what is cut.
#
# Output seen:
#   transformers 5.19.0, tokenizers 0.23.3
#   saved before any call: truncation None
#   saved after a call:    truncation {'direction': 'Right', 'max_length': 4, 'strategy': 'LongestFirst', 'stride': 0}
#   the text has 7 tokens; AutoTokenizer reads 7, tokenizers.Tokenizer.from_file reads 4
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-compile transformers==5.19.0 tokenizers==0.23.3
cd "$work"
venv/bin/python - <<'PY'
import json
from pathlib import Path

import tokenizers
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoTokenizer, PreTrainedTokenizerFast

print(f"transformers {transformers.__version__}, tokenizers {tokenizers.__version__}")
text = "you are holmes , where is watson"
words = {word: number for number, word in enumerate(["[PAD]", *text.split()])}
raw = Tokenizer(models.WordLevel(words, unk_token="[PAD]"))
raw.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
tokenizer = PreTrainedTokenizerFast(tokenizer_object=raw, pad_token="[PAD]")


def saved_truncation(folder: str) -> dict | None:
    tokenizer.save_pretrained(folder)
    return json.loads(Path(folder, "tokenizer.json").read_text())["truncation"]


before = saved_truncation("before")
tokenizer(["you are holmes , where", "watson"], truncation=True, max_length=4, padding=True)
after = saved_truncation("after")
print("saved before any call: truncation", before)
print("saved after a call:    truncation", after)
whole = len(AutoTokenizer.from_pretrained("after")(text)["input_ids"])
cut = len(Tokenizer.from_file("after/tokenizer.json").encode(text).ids)
print(f"the text has 7 tokens; AutoTokenizer reads {whole}, tokenizers.Tokenizer.from_file reads {cut}")
assert before is None and (whole, cut) == (7, 4), "the behaviour has changed"
PY
