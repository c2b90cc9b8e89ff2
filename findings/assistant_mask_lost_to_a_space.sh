#!/usr/bin/env bash
# transformers 5.19.0 (newest of those that vLLM 0.32 admits) with tokenizers: a reply that begins with a space takes
# the assistant mask from the whole conversation.
#
# What a good engineer would guess: apply_chat_template(..., return_assistant_tokens_mask=True) marks every token
#                                   inside {% generation %}, whatever the reply's first character is.
# Seen: with a byte-level tokenizer whose post-processor trims offsets (trim_offsets=True, the constructor's default)
#       a leading space belongs to no token's span. char_to_token of the block's start is then None, which is taken
#       for "cut off by truncation": the loop over blocks ends, and this reply and all later ones are masked 0.
#       A leading newline does no harm, nor does the space with trim_offsets=False.
# Why it matters to role play: logs of chats are full of replies that begin with a space. Such a conversation adds no
# loss at all, later turns included, and nothing says so.
#
# Output seen:
#   transformers 5.19.0, tokenizers 0.23.3
#   trim_offsets=True  'hello'   trained on: 'hello<|im_end|>hello there<|im_end|>'
#   trim_offsets=True  ' hello'  trained on: ''
#   trim_offsets=True  '\nhello' trained on: '\nhello<|im_end|>hello there<|im_end|>'
#   trim_offsets=False ' hello'  trained on: ' hello<|im_end|>hello there<|im_end|>'
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check transformers==5.19.0 tokenizers==0.23.3 jinja2==3.1.6
"$work/venv/bin/python" - <<'PY'
import tokenizers
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

print(f"transformers {transformers.__version__}, tokenizers {tokenizers.__version__}")
template = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n"
    "{% if m.role == 'assistant' %}{% generation %}{{ m.content }}<|im_end|>{% endgeneration %}"
    "{% else %}{{ m.content }}<|im_end|>{% endif %}\n{% endfor %}"
)
marks = ["<|im_start|>", "<|im_end|>"]


def chat_tokenizer(trim_offsets: bool) -> PreTrainedTokenizerFast:
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    raw.post_processor = processors.ByteLevel(trim_offsets=trim_offsets)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    raw.train_from_iterator(
        ["hello there who why user assistant"] * 3,
        trainers.BpeTrainer(vocab_size=330, initial_alphabet=alphabet, special_tokens=marks, show_progress=False),
    )
    return PreTrainedTokenizerFast(tokenizer_object=raw, eos_token="<|im_end|>", chat_template=template)


later = "hello there<|im_end|>"
cases = [
    (True, "hello", "hello<|im_end|>" + later),
    (True, " hello", ""),
    (True, "\nhello", "\nhello<|im_end|>" + later),
    (False, " hello", " hello<|im_end|>" + later),
]
for trim_offsets, reply, expected in cases:
    tokenizer = chat_tokenizer(trim_offsets)
    chat = [
        {"role": "user", "content": "who"},
        {"role": "assistant", "content": reply},
        {"role": "user", "content": "why"},
        {"role": "assistant", "content": "hello there"},
    ]
    out = tokenizer.apply_chat_template(chat, tokenize=True, return_dict=True, return_assistant_tokens_mask=True)
    trained_on = tokenizer.decode([i for i, m in zip(out["input_ids"], out["assistant_masks"], strict=True) if m])
    print(f"trim_offsets={trim_offsets!s:5} {reply!r:9} trained on: {trained_on!r}")
    assert trained_on == expected, "the behaviour has changed"
PY
