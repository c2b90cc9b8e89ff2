#!/usr/bin/env bash
# transformers 5.19.0 and 4.57.6 (newest of either line): a config.json that 5 has saved is read by 4 without a
# word, and with another rotary base.
#
# What a good engineer would guess: the older version either understands the file or refuses it.
# Seen: 5 writes the base as rope_parameters.rope_theta; 4 looks for rope_theta at the top level, finds none and
#       takes the class's default, 10,000, in place of the model's 1,000,000 (Qwen 2.5) or 500,000 (Llama 3). The
#       unknown field is kept as an attribute that nothing reads. No warning, no missing weight: all shapes fit.
# Why it matters to role play: the policy is trained and exported under 5, and the engine or the evaluation lives
# in an environment of its own that still pins 4. It answers fluently to short prompts and loses what stands far
# back, which are the profile and the conversation's memory.
#
# Output seen:
#   transformers 5.19.0 saved   qwen2 1000000.0   llama 500000.0
#   transformers 4.57.6 reads   qwen2 10000.0   llama 10000.0
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for version in 5.19.0 4.57.6; do
    python3 -m venv "$work/$version"
    "$work/$version/bin/pip" install --quiet --disable-pip-version-check "transformers==$version"
done
cd "$work"
export TRANSFORMERS_VERBOSITY=warning
5.19.0/bin/python - <<'PY'
import transformers
from transformers import LlamaConfig, Qwen2Config

saved = {
    "qwen2": Qwen2Config(rope_parameters={"rope_type": "default", "rope_theta": 1e6}),
    "llama": LlamaConfig(rope_parameters={"rope_type": "default", "rope_theta": 5e5}),
}
for name, config in saved.items():
    config.save_pretrained(name)
bases = [f"{name} {config.rope_parameters['rope_theta']}" for name, config in saved.items()]
print("transformers", transformers.__version__, "saved  ", "   ".join(bases))
PY
4.57.6/bin/python - <<'PY'
import transformers
from transformers import AutoConfig

read = {name: AutoConfig.from_pretrained(name).rope_theta for name in ("qwen2", "llama")}
print("transformers", transformers.__version__, "reads  ", "   ".join(f"{name} {base}" for name, base in read.items()))
assert read == {"qwen2": 10000.0, "llama": 10000.0}, "the behaviour has changed"
PY
