"""The machine's clock set back, between two starts and in the middle of a run."""

from __future__ import annotations

import time
from dataclasses import dataclass

import pytest

from tests.faults.drills import SAVING, assert_same
from tests.faults.moments import At, Counted

pytestmark = pytest.mark.faults
STEP = "raiden.train.grpo.module:GRPOModule.training_step"
DAY = 24 * 3600


@dataclass(frozen=True)
class SetClock:
    """From now on the process is told another time of day; setting the machine's own would be felt by all others."""

    seconds: float

    def __call__(self) -> None:
        now, now_ns = time.time, time.time_ns
        time.time = lambda: now() + self.seconds
        time.time_ns = lambda: now_ns() + int(self.seconds * 10**9)


def test_a_run_goes_on_the_day_before(undisturbed, tmp_path):
    """The file of the second start's curves has the earlier name."""
    drill, logs = undisturbed["fit"], tmp_path / "logs"
    killed = drill.start(logs, before=Counted(SAVING, tmp_path / "place", drill.calls[SAVING] // 2))
    killed.communicate()
    drill.start(logs, "--ckpt_path=last", before=SetClock(-DAY)).finish()
    names = sorted(path.name for path in logs.rglob("events.*"))
    assert len(names) == 2
    assert int(names[1].split(".")[3]) - int(names[0].split(".")[3]) > DAY / 2
    assert_same(logs, drill)


def test_a_clock_set_back_in_the_middle_changes_nothing(undisturbed, tmp_path):
    drill, logs = undisturbed["fit"], tmp_path / "logs"
    said = drill.start(logs, before=At(STEP, 3, SetClock(-DAY))).finish()
    assert "-" not in said.partition("6 steps, ")[2].split(" s")[0]  # the time it took
    assert_same(logs, drill)
