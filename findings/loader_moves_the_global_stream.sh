#!/usr/bin/env bash
# torch 2.13.0: to walk through a DataLoader that shuffles nothing changes all random numbers after it.
#
# What a good engineer would guess: shuffle=False, num_workers=0, no transform: nothing random is done, so the global
#                                   generator is left alone.
# Seen: every iterator draws a base seed for workers that do not exist, from the global generator. A generator of the
#       loader's own keeps the global one still.
# Why it matters to role play: one validation more (another val_check_interval, a sanity check, a resumed run that does
# not repeat it) and every completion sampled afterwards is another one; "the same seed" compares two different runs.
#
# Output seen:
#   torch 2.13.0+cpu
#   no loader                0.4963
#   loader walked through    0.0885
#   ... with its generator   0.4963
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-compile torch==2.13.0
"$work/venv/bin/python" - <<'PY'
import warnings

warnings.simplefilter("ignore")  # numpy is not installed here
import torch
from torch.utils.data import DataLoader

print("torch", torch.__version__)


def draw_after(loader: DataLoader | None) -> float:
    torch.manual_seed(0)
    if loader is not None:
        assert [int(row) for row in loader] == [1, 2, 3]
    return torch.rand(1).item()


rows = [1, 2, 3]
none = draw_after(None)
walked = draw_after(DataLoader(rows, shuffle=False, num_workers=0))
own = draw_after(DataLoader(rows, shuffle=False, num_workers=0, generator=torch.Generator()))
print(f"no loader                {none:.4f}\nloader walked through    {walked:.4f}\n... with its generator   {own:.4f}")
assert own == none != walked, "the behaviour has changed"
PY
