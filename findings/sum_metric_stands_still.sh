#!/usr/bin/env bash
# torchmetrics 1.9.0 (newest) with torch 2.13.0: a SumMetric of whole numbers stops counting at 16,777,216.
#
# What a good engineer would guess: a sum of integers (tokens seen, prompts, wins) is kept in int64, as torch.sum
#                                   of integers is.
# Seen: values are cast to float32 and the state is one; from 2**24 on, adding 1 adds nothing, whatever the type of
#       the values, and no warning is given. MeanMetric's sum of weights stops likewise.
# Why it matters to role play: a counter of tokens that is fed by single tokens or turns is frozen within a day; fed by
# odd batches it drifts; and tokens a second, taken as a difference of two readings, is 0 for a run that goes well.
#
# Output seen:
#   torchmetrics 1.9.0, torch 2.13.0+cpu
#   SumMetric after 16777216 and a hundred times 1: 16777216, torch.float32
#   MeanMetric of 16777216 ones and a hundred zeros: weight 16777216
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-compile torch==2.13.0 torchmetrics==1.9.0
"$work/venv/bin/python" - <<'PY'
import torch
import torchmetrics
from torchmetrics import MeanMetric, SumMetric

print(f"torchmetrics {torchmetrics.__version__}, torch {torch.__version__}")
tokens, mean = SumMetric(), MeanMetric()
tokens.update(torch.tensor(2**24))
mean.update(torch.tensor(1.0), weight=torch.tensor(2**24))
for _ in range(100):
    tokens.update(torch.tensor(1))
    mean.update(torch.tensor(0.0), weight=torch.tensor(1))
total = tokens.compute()
print(f"SumMetric after 16777216 and a hundred times 1: {total.item():.0f}, {total.dtype}")
print(f"MeanMetric of 16777216 ones and a hundred zeros: weight {mean.weight.item():.0f}")
assert total == 2**24 and mean.weight == 2**24, "the behaviour has changed"
PY
