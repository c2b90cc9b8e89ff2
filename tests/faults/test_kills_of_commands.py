"""`generate` and `validate` killed at random moments: files are whole or not there, and the same command ends well."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.datagen import commands
from tests.faults.drills import chance
from tests.faults.moments import Counted
from tests.processes import Started
from tests.runs import fit_arguments, write_samples_file

pytestmark = pytest.mark.faults


class Command:
    """A command that writes files: what it leaves when nothing happens to it, and its calls within a function."""

    def __init__(self, folder: Path, within: str, *arguments: str) -> None:
        self.within, self.arguments = within, arguments
        file = folder / "count"
        self.whole = folder / "whole"
        Started(*self.to(self.whole), cwd=folder, before=Counted(within, file)).finish()
        self.calls = int(file.read_text())

    def to(self, folder: Path) -> list[str]:
        folder.mkdir(exist_ok=True)
        return [*self.arguments, f"--output_file={folder / 'made.json'}"]


@pytest.fixture(scope="module")
def generate(tmp_path_factory) -> Command:
    folder = tmp_path_factory.mktemp("generate")
    profiles = commands.write_profiles(folder / "profiles.jsonl", num_per_language=2)
    arguments = ("generate", f"--profiles_file={profiles}", "--include_cm")
    return Command(folder, "raiden.commands.generate:main", *arguments)


@pytest.fixture(scope="module")
def validate(tiny_folder, tmp_path_factory) -> Command:
    folder = tmp_path_factory.mktemp("validate")
    fit = fit_arguments(tiny_folder, write_samples_file(folder / "samples.json"), folder / "logs")
    Started(*fit, "--trainer.limit_train_batches=1", cwd=folder).finish()
    arguments = [option for option in fit[1:] if not option.startswith("--checkpoint")]
    return Command(folder, "lightning.pytorch:Trainer.validate", "validate", *arguments, "--ckpt_path=last")


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("name", ["generate", "validate"])
def test_a_command_killed_twice_leaves_whole_files_and_ends_as_it_should(name, number, request, tmp_path):
    command, numbers = request.getfixturevalue(name), chance(name, number)
    before = (command.whole / "made.json").read_bytes()
    for _ in range(2):
        moment, place = numbers.randint(1, command.calls), tmp_path / "place"
        killed = Started(
            *command.to(tmp_path / "out"), cwd=tmp_path, before=Counted(command.within, place, moment)
        )  # fmt: skip
        said, _ = killed.communicate()
        # A start that goes on has less to do than a whole run, and may be over before the moment comes.
        assert killed.returncode in (-signal.SIGKILL, 0), said
        print(f"at call {moment} or the end:\n{place.read_text()}")
        output = tmp_path / "out" / "made.json"
        assert not output.exists() or output.read_bytes() == before
    Started(*command.to(tmp_path / "out"), cwd=tmp_path).finish()
    assert files(tmp_path / "out") == files(command.whole)


def files(folder: Path) -> dict[str, bytes]:
    """All of the folder's files, but for the one that names the folder."""
    paths = [path for path in folder.rglob("*") if path.is_file() and path.name != "made.json.run.jsonl"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}
