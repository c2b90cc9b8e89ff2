"""A run killed at any moment and resumed ends with the same weights and the same log as one never stopped."""

from __future__ import annotations

import re
import signal

import pytest

from raiden.checkpoints import checkpoints_of
from tests.runs import finish, fit_arguments, logged, raiden, weights_hash, write_samples_file


@pytest.fixture(scope="module")
def undisturbed(tiny_folder, tmp_path_factory):
    """A run that was never stopped: its folder, and the arguments that made it."""
    folder = tmp_path_factory.mktemp("undisturbed")
    samples = write_samples_file(folder / "samples.json")
    finish(raiden(*fit_arguments(tiny_folder, samples, folder / "logs"), cwd=folder))
    return folder / "logs" / "tiny" / "version_0", samples


def test_the_undisturbed_run_learns_something(undisturbed):
    run, _ = undisturbed
    assert len(logged(run, "reward")) == 6
    assert any(logged(run, "grad_norm").values())


def test_only_the_newest_checkpoints_are_kept(undisturbed):
    run, _ = undisturbed
    assert [p.name for p in checkpoints_of(run)] == ["step-00000004.ckpt", "step-00000006.ckpt"]


@pytest.mark.parametrize("step", [1, 3, 5])
def test_a_killed_run_goes_on_bit_for_bit(step, undisturbed, tiny_folder, tmp_path):
    whole, samples = undisturbed
    arguments = fit_arguments(tiny_folder, samples, tmp_path / "logs")
    process = raiden(*arguments, cwd=tmp_path)
    for line in process.stdout:
        if re.match(rf"step {step} ", line):
            process.send_signal(signal.SIGKILL)
            break
    process.communicate()
    assert process.returncode == -signal.SIGKILL

    output = finish(raiden(*arguments, "--ckpt_path=last", cwd=tmp_path))
    run = tmp_path / "logs" / "tiny" / "version_0"
    assert ("starting from the beginning" if step == 1 else "Going on from") in output
    assert weights_hash(run) == weights_hash(whole)
    for name in ("reward", "rewards/length/mean", "loss", "entropy", "grad_norm", "lr", "val/reward", "num_tokens"):
        assert logged(run, name) == logged(whole, name), name
