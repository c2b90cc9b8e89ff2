"""Whether `Direct` is what a model computes: found by trying, on a tiny random copy of the model."""

from __future__ import annotations

from typing import Any

import torch

from raiden.packing import ATTENTION, pack
from raiden.policy.tiny import tiny_config, tiny_model
from raiden.rollout.engines.decoding import Decode, Prefill
from raiden.rollout.engines.direct import Direct, looks_direct

_AGREE = 1e-4
"""Share of the largest logit by which they may differ, in float32; what is computed otherwise differs by more."""
_PROMPTS = [[(7 * i) % 47 + 2 for i in range(20)], [(7 * i) % 47 + 2 for i in range(18)] + [5, 4, 3], [9, 8, 7]]
"""Some share a beginning; windows and the first training's length are shorter than some."""
_NUM_STEPS = 4

_found: dict[str, bool] = {}


def computes_directly(model: Any) -> bool:
    """Whether one-token passes of this model can be those of `Direct`; tried once in a process for the same config."""
    if not looks_direct(model):
        return False
    key = f"{type(model.config)} {model.config.to_json_string(use_diff=False)}"
    if key not in _found:
        try:
            _found[key] = _difference(model.config) < _AGREE
        except Exception:  # whatever another's code makes of sizes that it was not written for
            _found[key] = False
    return _found[key]


@torch.no_grad()
def _difference(config: Any) -> float:
    model = tiny_model(tiny_config(config), ATTENTION).float().eval()
    if not looks_direct(model):
        return torch.inf
    layout = pack(_PROMPTS)
    prefill = Prefill(layout, torch.device("cpu"))
    model(
        input_ids=torch.tensor([layout.token_ids]),
        position_ids=torch.tensor([layout.position_ids]),
        use_cache=False,
        tree=prefill,
    )
    rows = [s.sequence for s in layout.segments if s.sequence is not None]
    plain, direct = (Decode(prefill, layout, rows, _NUM_STEPS) for _ in range(2))
    forward, worst = Direct(model), 0.0
    for step in range(_NUM_STEPS):
        plain.next(list(range(len(rows))))
        direct.next(list(range(len(rows))))
        ids = torch.tensor([[3 + step, 11, 5 + step]])
        positions = (plain.lengths + step)[None]
        expected = model(input_ids=ids, position_ids=positions, use_cache=False, tree=plain).logits
        found = forward(ids, positions, direct)
        worst = max(worst, ((found - expected).abs().max() / expected.abs().max()).nan_to_num(nan=torch.inf).item())
    return worst
