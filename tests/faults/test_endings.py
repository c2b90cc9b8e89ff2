"""A run of two processes ends together, whatever ends it: a message, no orphan, the checkpoints as they were."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest

from raiden.train.checkpoints import checkpoints_of
from tests.processes import is_running
from tests.runs import fit_arguments, raiden, write_samples_file

pytestmark = [pytest.mark.faults, pytest.mark.slow]
TWO = ["--trainer.devices=2", "--trainer.strategy=fsdp2", "--trainer.limit_val_batches=0"]


class Run:
    """A long run of two processes, past its second checkpoint."""

    def __init__(self, model: Path, folder: Path) -> None:
        samples = write_samples_file(folder / "samples.json")
        arguments = fit_arguments(model, samples, folder / "logs", *TWO, "--trainer.max_epochs=500")
        self.folder = folder / "logs" / "tiny" / "version_0"
        self.first = raiden(*arguments, cwd=folder)
        self.first.read_until(r"^step 5 ")
        self.second = int(Path(f"/proc/{self.first.pid}/task/{self.first.pid}/children").read_text().split()[0])

    def end(self) -> str:
        """The rest of what it said; the pipe ends with its last process, long before a collective would give up."""
        output, _ = self.first.communicate()
        return output


@pytest.fixture
def run(tiny_folder, tmp_path):
    run = Run(tiny_folder, tmp_path)
    yield run
    if run.first.poll() is None:
        os.killpg(run.first.pid, signal.SIGKILL)


def assert_over(run: Run) -> None:
    assert not is_running(run.second)
    assert run.folder / "checkpoints" / "step-00000004.ckpt" in checkpoints_of(run.folder)


def test_when_the_second_process_is_killed_the_first_one_says_so_and_ends(run):
    os.kill(run.second, signal.SIGKILL)
    output = run.end()
    assert "error: process 1 of the run was ended by SIGKILL" in output
    assert "Go on with --ckpt_path last" in output
    assert run.first.returncode == 1
    assert_over(run)


def test_when_the_first_process_is_killed_the_second_one_says_so_and_ends(run):
    run.first.kill()
    output = run.end()
    assert "error: the run's first process is gone, so this one ends as well. Go on with --ckpt_path last" in output
    assert_over(run)


def test_ctrl_c_ends_both_with_a_word_on_how_to_go_on(run):
    run.first.press_ctrl_c()
    output = run.end()
    assert re.search(r"Stopped\. The last checkpoint is .*; go on with --ckpt_path last", output)
    assert "Traceback" not in output
    assert run.first.returncode == 130
    assert_over(run)
