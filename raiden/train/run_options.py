"""Where a run's folder lies, by the options of its trainer and of its loggers."""

from collections.abc import Sequence
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any

from jsonargparse import Namespace
from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger
from lightning.pytorch.loggers.csv_logs import ExperimentWriter

from raiden.train.run_folder import newest_run, run_named

_FOLDER = "logs"
_NAME = "raiden"
_KEEP_VERSIONS = (TensorBoardLogger, CSVLogger)


class RunOptions:
    """What the options of a trainer say of runs: the folders that they lie in, and the version that was asked for.

    Loggers that keep files by version (TensorBoard, CSV) have their folders; a run with any other logger, remote or
    none, has its own in `default_root_dir/NAME`, where NAME is what the logger is told that the run is about.
    """

    def __init__(self, trainer: Namespace) -> None:
        loggers = trainer.logger if isinstance(trainer.logger, list) else [trainer.logger]
        described = [logger for logger in loggers if isinstance(logger, Namespace)]
        self._versioned = [logger for logger in described if issubclass(_class(logger), _KEEP_VERSIONS)]
        self._default = Path(trainer.default_root_dir or _FOLDER) / _name(described)

    @property
    def roots(self) -> list[Path]:
        """Folders of runs; the run's own files lie in the first."""
        roots = [Path(one.init_args.save_dir) / (_name_of(one) or "") for one in self._versioned]
        return list(dict.fromkeys(roots)) or [self._default]

    @property
    def version(self) -> str | int | None:
        """The one that is asked for."""
        return next((v for one in self._versioned if (v := one.init_args.get("version")) is not None), None)

    @property
    def last_run(self) -> Path | None:
        """The run that `--ckpt_path last` means: the one whose version is asked for, else the newest."""
        root = self.roots[0]
        return newest_run(root) if self.version is None else run_named(root, self.version)

    def log_to(self, run: Path) -> None:
        """Has all loggers use the version of this run."""
        number = run.name.removeprefix("version_")
        for one in self._versioned:
            one.init_args.version = int(number) if number.isdecimal() else run.name

    def forget_version(self) -> None:
        """Leaves the version open, for a configuration that another run can be started with."""
        for one in self._versioned:
            one.init_args.version = None

    def keep_metrics(self, run: Path) -> None:
        """Renames what CSV loggers have written of a run that goes on; Lightning would delete it."""
        for root in self.roots:
            file = root / run.name / ExperimentWriter.NAME_METRICS_FILE
            if file.exists():
                number = 1 + len(list(file.parent.glob(f"{file.stem}-*{file.suffix}")))
                file.rename(file.with_stem(f"{file.stem}-{number}"))


def own_curves(loggers: Sequence[Logger], run: Path) -> list[Logger]:
    """What keeps a run's curves in its folder, for its report, where none of its loggers does; all log the same."""
    if any(isinstance(logger, TensorBoardLogger) for logger in loggers):
        return []
    return [TensorBoardLogger(run.parent, name="", version=run.name, default_hp_metric=False)]


def _class(logger: Namespace) -> Any:
    module, _, name = logger.class_path.rpartition(".")
    return getattr(import_module(module), name)


def _name_of(logger: Namespace) -> Any:
    """What is set, else what the logger takes by itself."""
    return logger.init_args.get("name", signature(_class(logger)).parameters["name"].default)


def _name(loggers: list[Namespace]) -> str:
    for logger in loggers:
        for option in ("name", "project", "experiment_name"):
            if name := logger.get("init_args", Namespace()).get(option):
                return str(name)
    return _NAME
