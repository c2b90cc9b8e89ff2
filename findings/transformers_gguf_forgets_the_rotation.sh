#!/usr/bin/env bash
# transformers 5.19.0 (gguf 0.19.0): of a GGUF file it reads weights and most sizes, but for one family neither how the
# rotation is scaled, nor how wide the heads are, nor that there are biases. Nothing is raised or said.
#
# What a good engineer would guess: `from_pretrained(folder, gguf_file=...)` gives the model that llama.cpp runs from the
#                                   same file, or refuses it.
# Seen: `rope.scaling.*` is read for gpt-oss alone: a Llama whose positions are divided by 4 comes back with `rope_type`
#       default. So does one of Llama 3.1's kind, whose divisors are the tensor `rope_freqs.weight`, which no part of the
#       model takes. A Qwen3 has heads of 128, whatever `attention.key_length` says. A Llama with `attn_q.bias` has none.
# Why it matters: one goes on training from another model than one talked with in llama.cpp; short texts hide it.
#
# Output seen:
#   transformers 5.19.0
#   linear, factor 4    rope_type default
#   llama 3.1 divisors  rope_type default
#   qwen3 heads of 64   head_dim 128
#   llama with biases   attention_bias False
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check transformers==5.19.0 gguf==0.19.0 torch==2.13.0
cd "$work"
"$work/venv/bin/python" - <<'PY'
import gguf
import numpy as np
import transformers


def config_of(name, arch, extra=None, head_dim=None, tensors=()):
    writer = gguf.GGUFWriter(f"{name}.gguf", arch)
    for add, value in (
        (writer.add_block_count, 1),
        (writer.add_context_length, 8192),
        (writer.add_embedding_length, 256),
        (writer.add_feed_forward_length, 512),
        (writer.add_head_count, 4),
        (writer.add_head_count_kv, 4),
        (writer.add_layer_norm_rms_eps, 1e-6),
        (writer.add_rope_freq_base, 500000.0),
        (writer.add_vocab_size, 32),
    ):
        add(value)
    if head_dim:
        writer.add_key_length(head_dim)
        writer.add_value_length(head_dim)
    if extra:
        extra(writer)
    for tensor, shape in (("token_embd.weight", (32, 256)), *tensors):
        writer.add_tensor(tensor, np.ones(shape, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return transformers.AutoConfig.from_pretrained(".", gguf_file=f"{name}.gguf")


def divide_by_four(writer):
    writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
    writer.add_rope_scaling_factor(4.0)


print("transformers", transformers.__version__)
linear = config_of("linear", "llama", divide_by_four)
divided = config_of("divided", "llama", tensors=[("rope_freqs.weight", (32,))])
wide = config_of("wide", "qwen3", head_dim=64)
biased = config_of("biased", "llama", tensors=[("blk.0.attn_q.bias", (256,))])
seen = [
    ("linear, factor 4", "rope_type", linear.rope_parameters["rope_type"]),
    ("llama 3.1 divisors", "rope_type", divided.rope_parameters["rope_type"]),
    ("qwen3 heads of 64", "head_dim", wide.head_dim),
    ("llama with biases", "attention_bias", biased.attention_bias),
]
for what, option, value in seen:
    print(f"{what:19} {option} {value}")
assert [value for *_, value in seen] == ["default", "default", 128, False], "the behaviour has changed"
PY
