"""Tables and texts for experiment trackers, each in the form that it shows; curves reach all by Lightning itself."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lightning.pytorch.loggers import CSVLogger, Logger, MLFlowLogger, TensorBoardLogger, WandbLogger
from lightning.pytorch.utilities import rank_zero_only

from raiden.core.errors import ConfigError
from raiden.core.private import mlflow_uri
from raiden.evaluation.curves import GLANCE
from raiden.train.report import COLUMNS, as_markdown


def refuse_unfit(loggers: Iterable[Logger]) -> None:
    """What could not keep a run's curves.

    Raises:
        ConfigError: MLflow is to write them into files, where `val/sbk` cannot be a file and the folder of
            `val/sbk/language/en`.
    """
    # A path without `file:` is one too; Lightning's own `save_dir` knows only those with it.
    stores = [urlsplit(mlflow_uri(logger)).scheme for logger in loggers if isinstance(logger, MLFlowLogger)]
    if {"", "file"}.intersection(stores):
        raise ConfigError(
            "`trainer.logger.tracking_uri`: MLflow's files cannot keep curves whose names begin alike; give a "
            "database, `sqlite:///mlflow.db`, or a server, `http://localhost:5000`."
        )


@rank_zero_only
def log_table(logger: Logger, name: str, rows: Sequence[Sequence[str]], step: int, note: str = "") -> None:
    """Shows rows of completions (`COLUMNS`) under a name: TensorBoard and Aim as Markdown, wandb and MLflow as a table
    of their own, CSV as a file `NAME.csv` beside `metrics.csv`. A logger of another kind shows none.

    Args:
        note: stands below the table, where there is room for text.
    """
    if isinstance(logger, WandbLogger):
        logger.log_table(name, [*COLUMNS], [list(row) for row in rows], step=step)
    elif isinstance(logger, MLFlowLogger):
        cells = {column: [row[i] for row in rows] for i, column in enumerate(COLUMNS)}
        # A file a step: MLflow would read one for all steps again each time.
        logger.experiment.log_table(logger.run_id, cells, f"{name}/step-{step:08}.json")
    elif isinstance(logger, CSVLogger):
        _append(Path(logger.log_dir) / f"{name.replace('/', '-')}.csv", rows, step)
    else:
        log_text(logger, name, as_markdown(rows) + note, step)


@rank_zero_only
def log_glance(logger: Logger, values: Mapping[str, float], step: int) -> None:
    """What matters most, once more, for TensorBoard: it shows groups of curves by the alphabet, the first one open."""
    if isinstance(logger, TensorBoardLogger):
        for name, value in values.items():
            logger.experiment.add_scalar(f"{GLANCE}/{name}", value, step)


@rank_zero_only
def log_text(logger: Logger, name: str, text: str, step: int) -> None:
    """Shows a text; CSV files have no place for one."""
    experiment: Any = getattr(logger, "experiment", None)  # not all loggers have one
    if isinstance(logger, WandbLogger):
        logger.log_table(name, ["step", "text"], [[step, text]], step=step)
    elif isinstance(logger, MLFlowLogger):
        experiment.log_text(logger.run_id, text, f"{name}/step-{step:08}.txt")
    elif isinstance(logger, TensorBoardLogger) or hasattr(experiment, "add_text"):
        experiment.add_text(name, text, step)
    elif hasattr(experiment, "track"):  # Aim's run
        from aim import Text

        experiment.track(Text(text), name=name, step=step)


def _append(file: Path, rows: Sequence[Sequence[str]], step: int) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        if not out.tell():
            writer.writerow(["step", *COLUMNS])
        writer.writerows([step, *row] for row in rows)
