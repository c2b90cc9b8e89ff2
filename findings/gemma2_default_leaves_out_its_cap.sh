#!/usr/bin/env bash
# transformers 5.19.0 with torch 2.13.0: Gemma 2, loaded without an option, leaves its cap of attention scores out.
#
# What a good engineer would guess: the default attention computes what the config says (`attn_logit_softcapping`), or
#                                   warns, as it does for what an implementation cannot do elsewhere.
# Seen: the default is sdpa, whose function takes the cap among its other keyword arguments and drops it. Only "eager"
#       caps. With a cap of 1 logits are off by more than 3; with Gemma 2's own 50 by little, token for token.
# Why it matters to role play: an engine that caps, as vLLM does, samples from another policy than the trainer computes,
# and the importance ratios of a run that is on policy are not 1.
#
# Output seen:
#   transformers 5.19.0, torch 2.13.0+cpu
#   default is sdpa; logits differ from eager's by 3.56, without a warning: True
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-compile torch==2.13.0 transformers==5.19.0
"$work/venv/bin/python" - 2>"$work/errors" <<'PY'
import warnings

import torch
import transformers
from transformers import AutoModelForCausalLM, Gemma2Config

config = dict(
    vocab_size=64, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
    num_key_value_heads=2, head_dim=8, query_pre_attn_scalar=8, attn_logit_softcapping=1.0, initializer_range=0.3,
    pad_token_id=0, bos_token_id=1, eos_token_id=1,
)


def logits(**options):
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(Gemma2Config(**config), **options).eval()
    with torch.no_grad():
        return model(input_ids=torch.arange(2, 14)[None]).logits, model.config._attn_implementation


print(f"transformers {transformers.__version__}, torch {torch.__version__}")
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    default, name = logits()
    eager, _ = logits(attn_implementation="eager")
difference = (default - eager).abs().max().item()
silent = not any("cap" in str(w.message) for w in told)
print(f"default is {name}; logits differ from eager's by {difference:.2f}, without a warning: {silent}")
assert name == "sdpa" and difference > 1 and silent, "the behaviour has changed"
PY
if grep -i cap "$work/errors"; then echo "the behaviour has changed: it is told now"; exit 1; fi
