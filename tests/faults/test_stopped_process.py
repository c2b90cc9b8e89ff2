"""One of two processes stands still for a while, as on a machine that is out of memory or being moved."""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.distributed.processes import free_port
from tests.faults.moments import At, Sends
from tests.processes import Before, Started
from tests.runs import fit_arguments, logged, write_samples_file

pytestmark = pytest.mark.faults
STEP = "raiden.train.grpo.module:GRPOModule.training_step"
SECONDS = 5
"""Not a minute: a process that waits in a collective does nothing else until the group's limit of half an hour, and
five seconds are more than any step of these runs takes, so all that may happen meanwhile has happened."""


def start(model: Path, folder: Path, befores: Sequence[Before | None] = (None, None)) -> list[Started]:
    """Two processes that find each other by variables, as those of two nodes do."""
    folder.mkdir()
    options = ["--trainer.num_nodes=2", "--trainer.devices=1", "--trainer.strategy=fsdp2"]
    arguments = fit_arguments(model, write_samples_file(folder / "samples.json"), folder / "logs", *options)
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    return [
        Started(*arguments, cwd=folder, env={**place, "NODE_RANK": str(rank)}, before=before)
        for rank, before in enumerate(befores)
    ]


def test_a_process_that_stands_still_for_a_while_delays_the_run_and_changes_nothing(tiny_folder, tmp_path):
    for process in start(tiny_folder, tmp_path / "whole"):
        process.finish()
    first, second = start(tiny_folder, tmp_path / "paused", (None, At(STEP, 4, Sends(signal.SIGSTOP))))
    second.wait_until_stopped()
    time.sleep(SECONDS)
    assert first.poll() is None
    second.send_signal(signal.SIGCONT)
    assert "step 6 " in first.finish()
    second.finish()
    whole, paused = (tmp_path / name / "logs" / "tiny" / "version_0" for name in ("whole", "paused"))
    for name in ("reward", "loss", "entropy", "grad_norm", "num_tokens", "val/reward"):
        assert logged(paused, name) == logged(whole, name), name
    for path in (whole / "export").iterdir():
        assert (paused / "export" / path.name).read_bytes() == path.read_bytes(), path.name
