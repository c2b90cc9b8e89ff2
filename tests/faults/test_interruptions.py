"""Ctrl-C at each stage of a run, once and then twice: a word on how to go on, exit code 130, and the same result."""

from __future__ import annotations

import re
import signal
import time
from pathlib import Path

import pytest

from tests.faults.drills import SAVING, SEED, SYNCING, assert_nothing_broken, assert_same, chance
from tests.faults.moments import Counted
from tests.processes import Started

pytestmark = pytest.mark.faults
STAGES = {
    "loading the model": "raiden.train.module:PolicyModule.configure_model",
    "sampling": "raiden.rollout.engines.transformers:TransformersEngine.generate",
    "scoring": "raiden.rollout.sampler:Sampler._score",
    "weights on their way": SYNCING,
    "update": "raiden.train.grpo.module:GRPOModule._update_policy",
    "checkpoint": SAVING,
    "validation": "raiden.train.module:PolicyModule.validation_step",
    "export": "raiden.train.callbacks:export_policy",
}
FEW = 3000
"""Calls; each stage makes more of them, or is over before."""


def said_by(process: Started, place: Path, twice: bool) -> str:
    """What it says to its end; once it has been stopped, the key is pressed again where it is to be pressed twice."""
    while twice and not place.exists() and process.poll() is None:
        time.sleep(0.005)
    if twice:
        process.press_ctrl_c()
    said, _ = process.communicate()
    return said


@pytest.mark.parametrize("stage", STAGES)
def test_ctrl_c_once_then_twice_and_the_run_goes_on_bit_for_bit(stage, undisturbed, tmp_path):
    drill, numbers, logs = undisturbed["fit"], chance(stage), tmp_path / "logs"
    more: tuple[str, ...] = ()
    for twice in (False, True):
        moment, place = numbers.randint(1, FEW), tmp_path / f"place-{twice}"
        stopped = Counted(STAGES[stage], place, moment, signal.SIGINT)
        process = drill.start(logs, *more, before=stopped)
        said = said_by(process, place, twice)
        where = place.read_text() if place.exists() else "0"  # a run that was over before wrote a count
        print(f"RAIDEN_FAULTS_SEED={SEED}: stopped at call {moment}:\n{where}\n{said}")
        assert "Traceback" not in said
        assert process.returncode == 130 or (process.returncode == 0 and where.isdigit())
        if process.returncode and not twice:
            assert re.search("Stopped|stopped|KeyboardInterrupt, attempting graceful shutdown", said)
        assert_nothing_broken(logs, drill)
        more = ("--ckpt_path=last",)
    drill.start(logs, *more).finish()
    assert_same(logs, drill)
