#!/usr/bin/env bash
# torch 2.13.0 on a CPU: the first rows of a larger torch.randn are not the smaller one, at its last 16 numbers.
#
# What a good engineer would guess: with one seed, randn(3, V) is the head of randn(4, V), as rand(3, V) is of
#                                   rand(4, V): numbers are drawn one after the other.
# Seen: normals are made in blocks of 16, and where the count is no multiple of 16 the last 16 numbers, which the
#       blocks had already filled in part, are drawn anew. So the last row of the smaller tensor ends in other
#       numbers, where V = 50,257 (GPT-2); with V = 49,152 the two agree. Nor is randn(3, V) three times randn(V).
# Why it matters to role play: noise for a batch of completions, added to their logits or weights, is expected to
# depend on the seed and the row. It agrees in every test with a round size, and in use one finished row fewer
# changes what another one samples, among its last 16 tokens only (where special tokens stand).
#
# Output seen:
#   torch 2.13.0+cpu
#   rand  V 50257: numbers that differ in rows 0 to 2: [0, 0, 0]
#   randn V 49152: numbers that differ in rows 0 to 2: [0, 0, 0]
#   randn V 50257: numbers that differ in rows 0 to 2: [0, 0, 16]
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-compile torch==2.13.0
"$work/venv/bin/python" - <<'PY'
import warnings

warnings.simplefilter("ignore")  # numpy is not installed here
import torch

print("torch", torch.__version__)
for draw, width, expected in (
    (torch.rand, 50257, [0, 0, 0]),
    (torch.randn, 49152, [0, 0, 0]),
    (torch.randn, 50257, [0, 0, 16]),
):
    three = draw(3, width, generator=torch.Generator().manual_seed(0))
    four = draw(4, width, generator=torch.Generator().manual_seed(0))
    differ = [(three[row] != four[row]).sum().item() for row in range(3)]
    print(f"{draw.__name__:5} V {width}: numbers that differ in rows 0 to 2: {differ}")
    assert differ == expected, "the behaviour has changed"
PY
