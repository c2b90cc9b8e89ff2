"""Checkpoints that are whole or not there, the newest few of them, and where a run goes on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.pytorch.callbacks import Checkpoint

from raiden.errors import ConfigError
from raiden.saved_state import load_saved

FOLDER = "checkpoints"


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes beside the target and renames: a kill at any moment leaves the old checkpoints and no broken one.

    Lightning's own writer goes through the system's temporary folder, often another disk, from where the last
    move is a copy; and it holds the whole file in memory first.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(target.name + ".part")
        with part.open("wb") as file:
            torch.save(checkpoint, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, target)

    def load_checkpoint(self, path: Any, map_location: Any = None, weights_only: bool | None = None) -> dict[str, Any]:
        """Plain data, whatever is asked for: reading a checkpoint runs no code of whoever wrote it."""
        checkpoint: dict[str, Any] = load_saved(path, mmap=False)  # the optimizer keeps its tensors
        return checkpoint


class NewestCheckpoints(Checkpoint):
    """Saves every so many steps and at the end, and keeps the newest.

    Steps are rollouts: Lightning's ModelCheckpoint counts optimizer steps, and with several of them a rollout
    it may never meet its number.
    """

    def __init__(self, every_n_steps: int = 10, keep: int = 2) -> None:
        """
        Args:
            every_n_steps: steps between checkpoints; 0 saves at the end only.
            keep: how many of this run's are kept, the newest; at least 1.
        """
        if every_n_steps < 0:
            raise ConfigError(f"`checkpoint.every_n_steps` must be at least 0, got {every_n_steps}.")
        if keep < 1:
            raise ConfigError(f"`checkpoint.keep` must be at least 1, got {keep}.")
        self.every_n_steps = every_n_steps
        self.keep = keep
        self.last_path: Path | None = None

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        self.last_path = Path(trainer.ckpt_path) if trainer.ckpt_path else None

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        if self.every_n_steps and pl_module.num_steps_done % self.every_n_steps == 0:
            self._save(trainer, pl_module)

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        self._save(trainer, pl_module)

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        if self.last_path is not None:
            print(f"\nStopped. The last checkpoint is {self.last_path}; go on with --ckpt_path last", flush=True)

    def _save(self, trainer: Any, pl_module: Any) -> None:
        if trainer.log_dir is None or trainer.fast_dev_run:
            return
        path = Path(trainer.log_dir) / FOLDER / checkpoint_name(pl_module.num_steps_done)
        if path != self.last_path:
            trainer.save_checkpoint(path, weights_only=False)
            self.last_path = path
            for old in checkpoints_of(path.parent.parent)[: -self.keep]:
                trainer.strategy.remove_checkpoint(old)


def checkpoint_name(step: int) -> str:
    """File name of a step's checkpoint; names sort as steps do."""
    return f"step-{step:08d}.ckpt"


def checkpoints_of(run: Path) -> list[Path]:
    """The whole checkpoints of a run's log folder, oldest first."""
    return sorted((run / FOLDER).glob("step-*.ckpt"))


def newest_run(folder: Path) -> Path | None:
    """The log folder of the run that was started last, among `version_0`, `version_1`, ... in `folder`.

    One without a configuration is that of a start that failed.
    """
    configured = (p.parent for p in folder.glob("version_*/config.yaml"))
    runs = [p for p in configured if p.name.removeprefix("version_").isdigit()]
    return max(runs, key=lambda p: int(p.name.removeprefix("version_")), default=None)
