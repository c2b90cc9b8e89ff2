"""A run's own folder, whatever its loggers are: made before anything is loaded, and written to by one process."""

import errno
import fcntl
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from lightning import Callback
from lightning.pytorch.utilities import rank_zero_only

from raiden.core.errors import ConfigError, RunIsFinished
from raiden.core.signals import listen
from raiden.core.writing import remove, remove_parts
from raiden.evaluation.run_page import SUMMARY

CONFIG = "config.yaml"
CHECKPOINTS = "checkpoints"
_LOCK = ".lock"
_REMEDY = "give another `trainer.logger.save_dir` (`trainer.default_root_dir` where the logger has none)"


class RunFolder(Callback):
    """The folder that a run's configuration, checkpoints, summary and export lie in; no other run's do."""

    def __init__(self) -> None:
        self.path: Path | None = None
        self.goes_on = False
        """Whether the run had its folder before."""
        self._made: list[Path] = []
        self._parents: list[Path] = []
        self._lock: IO[bytes] | None = None

    def begin(self, roots: Sequence[Path], version: str | int | None = None) -> Path:
        """Makes `version_0`, `version_1`, ... in the folders of runs: the first name that is free in all of them.

        Of processes that do so at the same moment each gets a name of its own.

        Args:
            roots: the run's own files lie in the first; the others are those of further loggers.
            version: the name in place of a number; no run may have it.

        Raises:
            ConfigError: nothing can be written there, or another run has the name.
        """
        try:
            for root in roots:
                for path in reversed([path for path in (root, *root.parents) if not path.exists()]):
                    path.mkdir(exist_ok=True)
                    self._parents.append(path)
            if version is None:
                version = max((_number(p) + 1 for root in roots for p in root.glob("version_*")), default=0)
                while not self._make([root / version_name(version) for root in roots]):
                    version += 1
            own = roots[0] / version_name(version)
            if not own.exists():
                self._make([own])
            self._own(own)
        except OSError as error:
            place = error.filename or roots[0]
            raise ConfigError(f"`trainer.logger`: {place} cannot be made ({error.strerror}); {_REMEDY}.") from error
        if (own / CONFIG).exists():
            raise ConfigError(
                f"`trainer.logger.version`: {own} is of a run that was started before; leave the option out for a "
                "new number, or go on with that run by `--ckpt_path last`."
            )
        return own

    def go_on(self, path: Path) -> None:
        """Takes the folder of a run that goes on.

        Raises:
            ConfigError: another process is writing to it.
        """
        self.goes_on = True
        try:
            self._own(path)
        except OSError as error:
            raise ConfigError(f"{path}: cannot be written ({error.strerror}); make it writable to go on.") from error
        remove_parts(path / CHECKPOINTS)
        remove_parts(path)

    def gone(self, error: OSError) -> ConfigError | None:
        """The error where a file of the folder is missing because the folder was taken away; None where it is not."""
        name = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else ""
        if self.path is None or error.errno != errno.ENOENT or not name.startswith(f"{self.path}{os.sep}"):
            return None
        return ConfigError(
            f"{name} is gone: the run's folder was moved or deleted while it went on. Put it back and go on with "
            "`--ckpt_path last`, or start a new run."
        )

    def close(self) -> None:
        """Lets others have the folder; where no training began in it, it goes away again."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None
        if self._made and not (self._made[0] / CONFIG).exists():
            for path in self._made:
                remove(path)
            for path in reversed(self._parents):
                with suppress(OSError):  # it is not empty
                    path.rmdir()
        self._made = []

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        self.path = trainer.strategy.broadcast(self.path)
        listen()  # Lightning has set handlers of its own by now

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        listen()  # Lightning ignores Ctrl-C from now on; a second one shall end the process

    def on_load_checkpoint(self, trainer: Any, pl_module: Any, checkpoint: dict[str, Any]) -> None:
        """Raises RunIsFinished where a run that goes on has come to its end before, export and all."""
        if not self.goes_on or self.path is None or not trainer.training:
            return
        done, end = checkpoint["raiden"]["num_steps_done"], pl_module.num_steps
        if end is not None and done >= end and _summary(self.path).get("steps") == done:
            export = _summary(self.path).get("export")
            raise RunIsFinished(
                f"The run in {self.path} is finished: {done} of {end} steps"
                + (f", its export is {export}" if export else "")
                + ". To train on, raise `trainer.max_epochs` or `trainer.max_steps`; to begin anew, leave "
                "`--ckpt_path last` out."
            )

    def _make(self, paths: Sequence[Path]) -> bool:
        """Makes all of the folders, or none where one is there already."""
        made: list[Path] = []
        for path in dict.fromkeys(paths):
            try:
                path.mkdir()
            except FileExistsError:
                for other in made:
                    other.rmdir()
                return False
            made.append(path)
        self._made += made
        return True

    def _own(self, path: Path) -> None:
        self.path = path
        # It stays open as long as the run: the system lets go of it however the process ends.
        self._lock = open(path / _LOCK, "ab")  # noqa: SIM115
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigError(
                f"the run in {path} is going on in another process; wait for its end, or start a run of its own "
                "without `--ckpt_path last`."
            ) from error


def folder_of(trainer: Any) -> Path | None:
    """The folder of a trainer's run; None: it keeps nothing. All processes have to ask.

    A trainer made by hand, without a RunFolder, has its logger's.
    """
    if trainer.fast_dev_run:
        return None
    if own := _run_folder(trainer):
        return own.path
    return Path(trainer.log_dir) if trainer.log_dir else None


def goes_on(trainer: Any) -> bool:
    """Whether a trainer's run goes on in the folder that it had; known before its checkpoint is read."""
    own = _run_folder(trainer)
    return own is not None and own.goes_on


def _run_folder(trainer: Any) -> RunFolder | None:
    return next((callback for callback in trainer.callbacks if isinstance(callback, RunFolder)), None)


def newest_run(root: Path) -> Path | None:
    """The folder of the run that was started last, among `version_0`, `version_1`, ... in a folder of runs.

    One without a configuration is that of a start that failed.
    """
    return max((path.parent for path in root.glob(f"version_*/{CONFIG}")), key=_number, default=None)


def run_named(root: Path, version: str | int) -> Path | None:
    """The folder of a run that was started under this version."""
    run = root / version_name(version)
    return run if (run / CONFIG).exists() else None


def version_name(version: str | int) -> str:
    """
    >>> version_name(3), version_name("mine")
    ('version_3', 'mine')
    """
    return f"version_{version}" if isinstance(version, int) else version


def is_first_process() -> bool:
    """Of all nodes; known before any process group is up."""
    node = os.environ.get("NODE_RANK", os.environ.get("GROUP_RANK", "0"))
    return getattr(rank_zero_only, "rank", 0) == 0 and node == "0"


def _number(path: Path) -> int:
    number = path.name.removeprefix("version_")
    return int(number) if number.isdecimal() else -1


def _summary(run: Path) -> dict[str, Any]:
    try:
        summary: Any = json.loads((run / SUMMARY).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return summary if isinstance(summary, dict) else {}
