#!/usr/bin/env bash
# transformers 5.19.0, TextStreamer and TextIteratorStreamer: Japanese written in kana is not streamed.
#
# What a good engineer would guess: the streamer hands on each character as soon as its bytes are whole; that it
#                                   treats CJK specially is in its source and its comments.
# Seen: it holds back everything after the last space unless the last character is a Chinese ideograph. Kana, the
#       full-width full stop and comma are none, and Japanese has no spaces: a sentence in kana comes in one piece
#       when generation ends; a mixed one comes in lumps that end in a kanji. Chinese comes character by character,
#       but its final full stop only at the end.
# Why it matters to role play: a chat with a Japanese character looks hung for the length of a reply, and the time to
# the first token, measured at the streamer, is the time to the last.
#
# Output seen:
#   transformers 5.19.0
#   en: 3 pieces ['I ', 'am ', 'Holmes.']
#   zh: 7 pieces ['我', '是', '福', '尔', '摩', '斯', '。']
#   ja: 1 pieces ['わたしはホームズです。ロンドンにすんでいます。']
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-compile transformers==5.19.0 tokenizers==0.23.3
"$work/venv/bin/python" - <<'PY'
import numpy as np
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, TextStreamer

print("transformers", transformers.__version__)
alphabet = {byte: number for number, byte in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
raw = Tokenizer(models.BPE(vocab=alphabet, merges=[]))
raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
raw.decoder = decoders.ByteLevel()
tokenizer = PreTrainedTokenizerFast(tokenizer_object=raw)


class Pieces(TextStreamer):
    def __init__(self) -> None:
        super().__init__(tokenizer)
        self.pieces: list[str] = []

    def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
        if text:
            self.pieces.append(text)


replies = {
    "en": ("I am Holmes.", 3),
    "zh": ("我是福尔摩斯。", 7),
    "ja": ("わたしはホームズです。ロンドンにすんでいます。", 1),
}
for language, (reply, expected) in replies.items():
    streamer = Pieces()
    for token in tokenizer(reply)["input_ids"]:
        streamer.put(np.array([token]))
    streamer.end()
    print(f"{language}: {len(streamer.pieces)} pieces {streamer.pieces}")
    assert len(streamer.pieces) == expected, "the behaviour has changed"
PY
