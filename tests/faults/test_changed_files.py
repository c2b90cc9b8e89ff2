"""Files that change under a run: one that is going on has read them; one that goes on with others says so."""

from __future__ import annotations

import os
import shutil
from functools import partial
from pathlib import Path

import pytest

from tests.faults.drills import SAVING, assert_same
from tests.faults.moments import At
from tests.runs import write_samples_file

pytestmark = pytest.mark.faults
STEP = "raiden.train.grpo.module:GRPOModule.training_step"


@pytest.mark.parametrize("in_place", [False, True])
def test_files_that_change_while_a_run_goes_on_change_nothing(in_place, undisturbed, tiny_folder, tmp_path):
    drill, logs = undisturbed["fit"], tmp_path / "logs"
    samples = write_samples_file(tmp_path / "samples.json")
    model = shutil.copytree(tiny_folder, tmp_path / "model")
    more = (f"--data.train_file={samples}", f"--model.policy.path={model}")
    # Before the first step, whose optimizer would make the pages of a mapped file the process's own.
    change = partial(_overwrite if in_place else _replace, samples, model / "model.safetensors")
    drill.start(logs, *more, before=At(STEP, 1, change)).finish()
    assert_same(logs, drill)


@pytest.mark.parametrize("changed", [False, True])
def test_a_run_that_goes_on_with_other_samples_says_so(changed, undisturbed, tmp_path):
    drill, logs = undisturbed["fit"], tmp_path / "logs"
    samples = write_samples_file(tmp_path / "samples.json")
    file = f"--data.train_file={samples}"
    drill.kill(logs, SAVING, drill.calls[SAVING] // 2, file)
    if changed:
        samples.write_text(samples.read_text().replace("Where do you live?", "Where is your home?"))
    said = " ".join(drill.start(logs, file, "--ckpt_path=last").finish().split())
    assert ("the train prompts, `data.batch_size` or another" in said) == changed
    assert ("Restore the files and options that it began with" in said) == changed


def _overwrite(*files: Path) -> None:
    """With other bytes in the same file, as `rsync --inplace` does."""
    for file in files:
        with open(file, "r+b") as opened:
            opened.write(bytes(file.stat().st_size))


def _replace(*files: Path) -> None:
    """By others of the same name, as those do who write a file anew and rename it."""
    for file in files:
        other = file.with_name("other")
        other.write_text("other")
        os.replace(other, file)
