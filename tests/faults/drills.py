"""What every drill asks of a run: its files as those of a run that nothing happened to."""

from __future__ import annotations

import os
import random
import re
import signal
from functools import cached_property
from pathlib import Path

from tests.faults.moments import All, Counted
from tests.processes import Before, Started
from tests.runs import checkpoint_hash, fit_arguments, logged, sft_arguments, weights_hash, write_samples_file

SEED = int(os.environ.get("RAIDEN_FAULTS_SEED", "12"))
"""Of the moments; another one drills others."""


def chance(*what: object) -> random.Random:
    """Random numbers for one drill, the same each time."""
    return random.Random(repr((SEED, *what)))


# An engine with weights of its own, so that there is a moment at which they go over.
FIT = ("--model.engine=tests.engines.copied.CopyEngine",)
ANYWHERE = "lightning.pytorch:Trainer.fit"
SAVING = "raiden.train.checkpoints:AtomicCheckpointIO.save_checkpoint"
SYNCING = "tests.engines.copied:CopyEngine.update_weights"
PLACES = {"fit": (ANYWHERE, SAVING, SYNCING), "sft": (ANYWHERE, SAVING)}
CURVES = {
    "fit": ("reward", "rewards/length/mean", "loss", "entropy", "grad_norm", "lr", "val/reward", "num_tokens"),
    "sft": ("loss", "entropy", "grad_norm", "lr", "val/loss", "val/reward", "num_tokens"),
}


class Drill:
    """A command, what it leaves when nothing happens to it, and how many calls it makes within a function."""

    def __init__(self, command: str, model: Path, folder: Path) -> None:
        self.command, self.model, self.folder = command, model, folder
        self.samples = write_samples_file(folder / "samples.json")
        self._whole = folder / "logs" / "tiny" / "version_0"

    def arguments(self, logs: Path, *more: str) -> list[str]:
        if self.command == "sft":
            return sft_arguments(self.model, self.samples, logs, *more)
        return fit_arguments(self.model, self.samples, logs, *FIT, *more)

    @cached_property
    def calls(self) -> dict[str, int]:
        """How many the undisturbed run makes within each function; it is run when it is first asked for."""
        counted = {within: Counted(within, self.folder / f"count{i}") for i, within in enumerate(PLACES[self.command])}
        self.start(self._whole.parents[1], "--checkpoint.keep=99", before=All([*counted.values()])).finish()
        return {within: int(place.file.read_text()) for within, place in counted.items()}

    @property
    def whole(self) -> Path:
        """The log folder of the undisturbed run, with all of its checkpoints."""
        assert self.calls
        return self._whole

    def start(self, logs: Path, *more: str, before: Before | None = None) -> Started:
        return Started(*self.arguments(logs, *more), cwd=logs.parent, before=before)

    def kill(self, logs: Path, within: str, moment: int, *more: str) -> str:
        """Where the run was killed, or nothing when it was over before."""
        place = logs.parent / "place"
        killed = self.start(logs, *more, before=Counted(within, place, moment))
        said, _ = killed.communicate()
        if killed.returncode == 0:
            return ""
        assert killed.returncode == -signal.SIGKILL, said
        return place.read_text()


def assert_told(said: str, *words: str) -> None:
    """One error, with these words, and nothing that only a developer could read."""
    assert said.count("error: ") == 1, said
    told = " ".join(said.partition("error: ")[2].split())
    for word in words:
        assert re.search(word, told), said
    assert "Traceback" not in said, said


def assert_nothing_broken(logs: Path, drill: Drill) -> None:
    """Each checkpoint that has its name can be read, and is that of the undisturbed run, which kept all."""
    for path in logs.rglob("*.ckpt"):
        assert checkpoint_hash(path) == checkpoint_hash(drill.whole / "checkpoints" / path.name), path.name


def assert_same(logs: Path, drill: Drill, run: Path | None = None) -> None:
    """The newest run, or this one, has the same weights, curves and export, and nothing half written beside them."""
    whole, runs = drill.whole, [path.parent for path in logs.rglob("config.yaml")]
    run = run or max(runs, key=lambda path: int(path.name.removeprefix("version_")))
    assert weights_hash(run) == weights_hash(whole)
    for name in CURVES[drill.command]:
        assert logged(run, name) == logged(whole, name), name
    for path in (whole / "export").iterdir():
        assert (run / "export" / path.name).read_bytes() == path.read_bytes(), path.name
    assert not list(run.rglob("*.part"))
