"""The configuration that a run keeps in its folder, and what a start that goes on with it has changed."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lightning import LightningModule, Trainer
from lightning.pytorch.cli import SaveConfigCallback
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from lightning.pytorch.utilities import rank_zero_warn
from yaml import YAMLError

from raiden.core.writing import writing
from raiden.core.yaml_text import load_yaml
from raiden.train.run_folder import CONFIG, folder_of
from raiden.train.run_options import RunOptions

_COMPARED = ("model", "data", "seed_everything")
"""What a run is. How long it goes on, where and on how many processes may change."""
_TODAY = "data.date"
"""Kept in checkpoints; a run that is begun again before its first has that of the new day."""
_MAX_TOLD = 12


class SaveRunConfig(SaveConfigCallback):
    """Keeps a run's whole configuration in its folder; a resumed run keeps the one it was started with."""

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Nothing yet: the model may be refused, and a folder without a run would be taken for the newest run."""

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        folder = folder_of(trainer)
        if folder is None or not trainer.is_global_zero:
            return
        config = self.config.clone()
        RunOptions(config.trainer).forget_version()
        text = self.parser.dump(config, skip_unset=False)
        if (folder / CONFIG).exists():
            _tell_changes(folder / CONFIG, text)
            return
        with writing(folder / CONFIG) as part:
            told = trainer.datamodule.chat.describe()  # type: ignore[attr-defined]
            part.write_text(f"{text}# {told}\n", encoding="utf-8")
        for logger in trainer.loggers:
            # The run's own folder has them as a file; TensorBoard would draw a flat curve beside them.
            if not isinstance(logger, TensorBoardLogger | CSVLogger):
                logger.log_hyperparams(load_yaml(text))


def _tell_changes(file: Path, text: str) -> None:
    try:
        before = dict(_flat(load_yaml(file.read_text(encoding="utf-8"))))
    except (OSError, ValueError, YAMLError, AttributeError) as error:
        rank_zero_warn(f"{file} cannot be read ({error}): whether the run's options have changed is not known.")
        return
    now = dict(_flat(load_yaml(text)))
    names = [name for name in {**before, **now} if before.get(name) != now.get(name) and name != _TODAY]
    changed = [f"`{name}` {before.get(name)} -> {now.get(name)}" for name in names]
    if not changed:
        return
    told = ", ".join(changed[:_MAX_TOLD]) + (f" and {len(changed) - _MAX_TOLD} more" if changed[_MAX_TOLD:] else "")
    kept = "model.optimizer.lr" in names or "model.optimizer.betas" in names or "model.optimizer.weight_decay" in names
    rank_zero_warn(
        f"the run goes on with other options than it began with: {told}. From here on it is not the run that it would "
        "have been"
        + ("; `lr`, `betas` and `weight_decay` stay those of its checkpoint" if kept else "")
        + ". Give the options that it began with, or start a new run without `--ckpt_path`."
    )


def _flat(config: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Full names of the options that are compared."""
    for name in _COMPARED:
        yield from _named(name, config.get(name))


def _named(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _named(f"{name}.{key}", inner)
    else:
        yield name, value
