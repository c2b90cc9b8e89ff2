"""Disks that are full or read-only: one plain error that names the file, whole files stay, and the command goes on."""

from __future__ import annotations

from functools import partial

import pytest

from tests.datagen.commands import arguments, made, write_profiles
from tests.faults.drills import SAVING, assert_nothing_broken, assert_same, assert_told
from tests.faults.moments import At
from tests.processes import Started

pytestmark = pytest.mark.faults
STEP = "raiden.train.grpo.module:GRPOModule.training_step"
EXPORT = "raiden.train.callbacks:export_policy"


@pytest.mark.parametrize(
    ("function", "number", "leave_kib", "options", "file"),
    [
        (SAVING, 1, 300, (), "step-00000002.ckpt"),
        (SAVING, 2, 300, (), "step-00000004.ckpt"),
        (STEP, 3, 0, ("--checkpoint.every_n_steps=0",), "version_0"),
        (EXPORT, 1, 100, (), "export"),
    ],
    ids=["first checkpoint", "second checkpoint", "log", "export"],
)
def test_a_run_whose_disk_gets_full_says_so_and_goes_on_when_there_is_room(
    function, number, leave_kib, options, file, undisturbed, disk
):
    drill, logs = undisturbed["fit"], disk.folder / "logs"
    full = At(function, number, partial(disk.fill, leave_kib))
    said = drill.start(logs, *options, before=full).finish(code=2)
    assert_told(said, file, "(?i)no space left", "make room")
    assert_nothing_broken(logs, drill)
    assert not list(logs.rglob("*.part"))
    (disk.folder / "ballast").unlink()
    drill.start(logs, *options, "--ckpt_path=last").finish()
    assert_same(logs, drill)


def test_a_run_on_a_read_only_disk_is_refused_before_it_begins(undisturbed, disk):
    drill, logs = undisturbed["fit"], disk.folder / "logs"
    disk.set_read_only(True)
    said = drill.start(logs).finish(code=2)
    assert_told(said, str(logs), "(?i)read-only", "give another")
    assert "step 1" not in said


def test_a_run_whose_disk_became_read_only_goes_on_when_it_can_be_written_again(undisturbed, disk):
    drill, logs = undisturbed["fit"], disk.folder / "logs"
    drill.kill(logs, SAVING, drill.calls[SAVING] // 2)
    disk.set_read_only(True)
    said = drill.start(logs, "--ckpt_path=last").finish(code=2)
    assert_told(said, str(logs), "(?i)read-only", "to go on")
    disk.set_read_only(False)
    drill.start(logs, "--ckpt_path=last").finish()
    assert_same(logs, drill)


@pytest.mark.parametrize("fault", ["full", "read-only"])
def test_samples_that_the_disk_does_not_take_are_made_when_there_is_room(fault, disk, tmp_path):
    profiles = write_profiles(tmp_path / "profiles.jsonl", num_per_language=2)
    output, whole = disk.folder / "made.jsonl", tmp_path / "made.jsonl"
    Started(*arguments(whole, profiles=profiles), cwd=tmp_path).finish()
    disk.resize(64) if fault == "full" else disk.set_read_only(True)
    said = Started(*arguments(output, profiles=profiles), cwd=tmp_path).finish(code=2)
    assert_told(said, str(disk.folder), "(?i)no space left|read-only", "give another")
    disk.resize(8192) if fault == "full" else disk.set_read_only(False)
    Started(*arguments(output, profiles=profiles), cwd=tmp_path).finish()
    assert made(output) == made(whole)


@pytest.mark.parametrize("fault", ["full", "read-only"])
def test_an_evaluation_that_the_disk_does_not_take_leaves_the_last_one_as_it_was(fault, undisturbed, disk):
    drill, file = undisturbed["fit"], disk.folder / "report.json"
    file.write_text("{}")
    disk.fill(0) if fault == "full" else disk.set_read_only(True)
    options = [option for option in drill.arguments(drill.whole.parents[1])[1:] if not option.startswith("--check")]
    command = ["validate", *options, f"--output_file={file}"]
    said = Started(*command, cwd=disk.folder.parent).finish(code=2)
    assert_told(said, str(file), "(?i)no space left|read-only", "give")
    assert file.read_text() == "{}"


def test_an_export_that_the_disk_does_not_take_leaves_nothing(undisturbed, disk):
    drill = undisturbed["fit"]
    disk.resize(200)
    checkpoint = drill.whole / "checkpoints" / "step-00000006.ckpt"
    command = ["export", str(checkpoint), f"--output={disk.folder / 'exported'}"]
    said = Started(*command, cwd=disk.folder.parent).finish(code=2)
    assert_told(said, "exported", "(?i)no space left", "make room")
    assert not list(disk.folder.iterdir())
