"""Records what healthy runs of the quickstart logged: `python -m tests.watching.record_seeds RUN_FOLDER...`

Run `raiden fit --config configs/quickstart.yaml --seed_everything N` for each seed, look that it learned, then this:
it writes tests/data/quickstart_seeds.json, which the limits of `watch` are held against.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import yaml

from raiden.evaluation.curves import read_curves

_METRICS = ("reward", "frac_reward_zero_std", "completions/clipped_ratio", "entropy", "completions/alike")
_NUM_SBK = 64
"""Held-out SBK questions of the quickstart."""


def recorded(run: Path) -> dict[str, object]:
    """The figures of each step, and of each evaluation its step, right SBK replies and SBK questions."""
    curves = {curve.name: {p.step: p.value for p in curve.points} for curve in read_curves(run)}
    values = [{name: round(curves[name][step], 4) for name in _METRICS} for step in curves["reward"]]
    sbk = [[step, round(share * _NUM_SBK), _NUM_SBK] for step, share in curves["val/sbk"].items()]
    return {"seed": yaml.safe_load((run / "config.yaml").read_text())["seed_everything"], "steps": values, "sbk": sbk}


if __name__ == "__main__":
    runs = [recorded(Path(folder)) for folder in sys.argv[1:]]
    (Path(__file__).parent.parent / "data" / "quickstart_seeds.json").write_text(json.dumps(runs))
