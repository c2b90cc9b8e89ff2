"""Two runs in one folder: neither touches the other's files."""

from __future__ import annotations

import signal

import pytest

from tests.faults.drills import assert_same, assert_told
from tests.faults.moments import At, Sends

pytestmark = pytest.mark.faults


def test_a_run_that_is_going_on_is_not_gone_on_with_a_second_time(undisturbed, tmp_path):
    drill, logs = undisturbed["fit"], tmp_path / "logs"
    # It stands still in its fourth step, so that it is still there, however slowly the second one starts.
    first = drill.start(logs, before=At("raiden.train.grpo.module:GRPOModule.training_step", 4, Sends(signal.SIGSTOP)))
    first.wait_until_stopped()
    said = drill.start(logs, "--ckpt_path=last").finish(code=2)
    assert_told(said, "version_0", "another process")
    first.send_signal(signal.SIGCONT)
    first.finish()
    assert_same(logs, drill)


def test_two_runs_started_at_the_same_moment_have_folders_of_their_own(undisturbed, tmp_path):
    drill, logs = undisturbed["fit"], tmp_path / "logs"
    runs = [drill.start(logs) for _ in range(2)]
    for run in runs:
        run.finish()
    assert len(list(logs.rglob("config.yaml"))) == 2
    for folder in (logs / "tiny").iterdir():
        assert_same(logs, drill, folder)
