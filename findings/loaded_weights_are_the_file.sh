#!/usr/bin/env bash
# transformers 5.19.0, safetensors 0.8.0, torch 2.13.0, CPU: a loaded model changes when its file is written in place.
#
# What a good engineer would guess: from_pretrained reads the weights; what happens to the file afterwards is nothing
#                                   to the model in memory.
# Seen: the parameters are the mapped pages of model.safetensors until they are first written to. Bytes written into
#       the file (same size, same inode) are the model's weights at once, without an error.
# Why it matters to role play: a reference policy or a frozen base under an adapter is never written to, so it stays on
# the file for the whole run. Copying a new export over the old one (cp, rsync --inplace) replaces the reference of a
# run that goes on: KL and old log-probabilities are then those of another model.
#
# Output seen:
#   transformers 5.19.0, safetensors 0.8.0, torch 2.13.0+cpu
#   greatest weight as loaded: above 0; after zeros were written into the file: 0.0
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-compile \
    torch==2.13.0 transformers==5.19.0 safetensors==0.8.0
cd "$work"
export HF_HUB_DISABLE_PROGRESS_BARS=1 TRANSFORMERS_VERBOSITY=error
venv/bin/python - <<'PY'
import safetensors
import torch
import transformers
from transformers import AutoModelForCausalLM, Qwen2Config, Qwen2ForCausalLM

print(f"transformers {transformers.__version__}, safetensors {safetensors.__version__}, torch {torch.__version__}")
config = Qwen2Config(
    vocab_size=300,
    hidden_size=64,
    intermediate_size=128,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
)
Qwen2ForCausalLM(config).save_pretrained("model")
model = AutoModelForCausalLM.from_pretrained("model")


def greatest_weight() -> float:
    return max(parameter.abs().max().item() for parameter in model.parameters())


as_loaded = greatest_weight()
with open("model/model.safetensors", "r+b") as file:
    content = file.read()
    header = 8 + int.from_bytes(content[:8], "little")
    file.seek(header)
    file.write(bytes(len(content) - header))
afterwards = greatest_weight()
print(f"greatest weight as loaded: {'above 0' if as_loaded > 0 else 0}; after zeros were written into the file: {afterwards}")
assert as_loaded > 0 and afterwards == 0, "the behaviour has changed"
PY
