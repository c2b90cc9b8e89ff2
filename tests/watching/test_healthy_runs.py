"""What seeds of the quickstart logged, step by step, gives rise to no warning, not even with stricter limits.

See record_seeds.py for how they were recorded.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from raiden.train.watching import LearningWatch
from raiden.train.watching.held_out import HeldOutFall

RUNS = json.loads((Path(__file__).parent.parent / "data" / "quickstart_seeds.json").read_text(encoding="utf-8"))
STRICT = {"after_n_steps": 2, "min_entropy": 0.2, "max_clipped_rise": 0.15, "max_alike": 0.35}


@pytest.fixture(params=RUNS, ids=[f"seed {run['seed']}" for run in RUNS])
def run(request):
    return request.param


@pytest.mark.parametrize("options", [{}, STRICT], ids=["as shipped", "strict"])
def test_a_healthy_run_is_not_warned_of(run, options):
    watch = LearningWatch(**options)
    assert [warning for step in run["steps"] for warning in watch.count(step)] == []


def test_its_held_out_replies_do_not_fall(run):
    fall = HeldOutFall(0.05)
    for number, step in enumerate(run["steps"], start=1):
        fall.add_step(number, step["reward"])
    assert [fall.evaluated(step, right / num, num) for step, right, num in run["sbk"]] == [None] * len(run["sbk"])


def test_the_figures_are_those_of_whole_runs(run):
    assert len(run["steps"]) == 39
    assert run["sbk"][-1][1] > run["sbk"][0][1]
