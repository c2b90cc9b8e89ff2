#!/usr/bin/env bash
# torch 2.13.0 on a CPU: a generator uses the low 32 bits of its seed.
#
# What a good engineer would guess: manual_seed takes 64 bits, initial_seed() gives all of them back, so seeds that
#                                   differ anywhere give different streams.
# Seen: the Mersenne Twister is started from the low half. run << 32 | index is one stream for all runs, and so are
#       seeds read off a hash that differ in their upper half. initial_seed() still shows the whole number, and
#       torch.Generator().get_state() differs, so that a check of either finds two generators.
# Why it matters to role play: "one seed a completion" built as (step << 32) + row samples, on a CPU, the same noise
# at every step: the same rows are lucky for the whole run.
#
# Output seen:
#   torch 2.13.0+cpu
#   seed 5             initial_seed 5             draws [0.8303, 0.1261, 0.9075]
#   seed 5 + 2**32     initial_seed 4294967301    draws [0.8303, 0.1261, 0.9075]
#   seed 5 + 7 * 2**40 initial_seed 7696581394437 draws [0.8303, 0.1261, 0.9075]
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
draws = []
for name, seed in {"5": 5, "5 + 2**32": 5 + 2**32, "5 + 7 * 2**40": 5 + 7 * 2**40}.items():
    generator = torch.Generator().manual_seed(seed)
    draws.append(torch.rand(1000, generator=generator))
    first = [round(value, 4) for value in draws[-1][:3].tolist()]
    print(f"seed {name:13} initial_seed {generator.initial_seed():<13} draws {first}")
    assert generator.initial_seed() == seed
assert all(torch.equal(draws[0], other) for other in draws), "the behaviour has changed"
PY
