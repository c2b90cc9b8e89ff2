"""Checkpoints that are whole or not there, the newest few of them."""

import random
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.pytorch.callbacks import Checkpoint

from raiden.core.errors import ConfigError, RunIsFinished, require_at_least
from raiden.core.writing import discard, writing
from raiden.policy import num_bytes_of
from raiden.policy.saved_state import load_saved, refuse_nonfinite
from raiden.train.run_folder import CHECKPOINTS, folder_of


class AtomicCheckpointIO(TorchCheckpointIO):
    """A kill at any moment leaves the old checkpoints and no broken one.

    Lightning's own writer goes through the system's temporary folder, often another disk, from where the last
    move is a copy; and it holds the whole file in memory first.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        with writing(path, num_bytes_of(checkpoint)) as part, part.open("wb") as file:
            torch.save(checkpoint, file)  # into a file of Python's: torch's own would not say what the disk said

    def load_checkpoint(self, path: Any, map_location: Any = None, weights_only: bool | None = None) -> dict[str, Any]:
        """Plain data, whatever is asked for: reading a checkpoint runs no code of whoever wrote it."""
        checkpoint: dict[str, Any] = load_saved(path, mmap=False)  # the optimizer keeps its tensors
        refuse_nonfinite(checkpoint, path)
        return checkpoint


class NewestCheckpoints(Checkpoint):
    """Saves every so many steps and at the end, and keeps the newest."""

    def __init__(self, every_n_steps: int = 10, keep: int = 2) -> None:
        """
        Args:
            every_n_steps: steps between checkpoints; 0 saves at the end only.
            keep: how many of this run's are kept, the newest; at least 1.
        """
        require_at_least("checkpoint.every_n_steps", every_n_steps, 0)
        require_at_least("checkpoint.keep", keep, 1)
        self.every_n_steps = every_n_steps
        self.keep = keep
        self.last_path: Path | None = None
        self._folder: Path | None = None
        self._names: list[str] = []
        self._progress: dict[str, Any] | None = None

    def state_dict(self) -> dict[str, Any]:
        return {"names": self._names}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._names = list(state_dict["names"])

    def on_sanity_check_start(self, trainer: Any, pl_module: Any) -> None:
        self._begin(trainer)

    on_train_start = on_sanity_check_start  # where nothing is validated before

    def _begin(self, trainer: Any) -> None:
        """Not on_fit_start: a sharded run reads its checkpoint after that, and the trainer names none before."""
        self.last_path = Path(trainer.ckpt_path) if trainer.ckpt_path else None
        run = folder_of(trainer)
        if run is None:
            return
        self._folder = run / CHECKPOINTS
        if checkpoints_of(run) and not self._is_own(self.last_path):
            raise ConfigError(
                f"{self._folder} holds checkpoints of another run; log to another folder, or go on with that run by "
                "`--ckpt_path last`."
            )

    def _is_own(self, path: Path | None) -> bool:
        return path is not None and self._folder is not None and path.resolve().parent == self._folder.resolve()

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        self._progress = deepcopy(trainer.fit_loop.state_dict())
        if self.every_n_steps and pl_module.num_steps_done % self.every_n_steps == 0:
            self._save(trainer, pl_module)

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        self._save(trainer, pl_module)

    def on_save_checkpoint(self, trainer: Any, pl_module: Any, checkpoint: dict[str, Any]) -> None:
        """A checkpoint of the end says how far the loops were after the last step, as any other does.

        From their state in `on_train_end` Lightning (2.6.6) goes on with the first epoch's order once more, or, under
        `max_steps`, leaves an epoch out.
        """
        if self._progress is not None:
            checkpoint["loops"]["fit_loop"] = self._progress

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        if self._folder is None or isinstance(exception, RunIsFinished) or not trainer.is_global_zero:
            return
        if self.last_path is None or not self.last_path.exists():
            print("\nStopped before the first checkpoint.", file=sys.stderr)
            return
        where = "last" if self._is_own(self.last_path) else self.last_path
        print(f"\nStopped. The last checkpoint is {self.last_path}; go on with --ckpt_path {where}", file=sys.stderr)

    def _save(self, trainer: Any, pl_module: Any) -> None:
        name = f"step-{pl_module.num_steps_done:08d}.ckpt"  # names sort as steps do
        if self._folder is None or self._folder / name == self.last_path:
            return
        self._names.append(name)  # before: the checkpoint shall know itself
        path = self._folder / name
        trainer.save_checkpoint(path, weights_only=False)
        self.last_path = path
        # Only what this run has written, whatever else lies there.
        old, self._names = self._names[: -self.keep], self._names[-self.keep :]
        for name in old if trainer.is_global_zero else ():
            discard(self._folder / name)


def checkpoints_of(run: Path) -> list[Path]:
    """The whole checkpoints of a run's folder, oldest first."""
    return sorted((run / CHECKPOINTS).glob("step-*.ckpt"))


def generator_states() -> dict[str, Any]:
    """Where torch's (CPU), Python's and NumPy's generators stand; raiden draws from none, a callback may."""
    name, keys, *rest = np.random.get_state(legacy=True)
    return {
        "torch": torch.get_rng_state(),
        "python": random.getstate(),
        "numpy": (name, np.asarray(keys).tolist(), *rest),
    }


def restore_generators(states: dict[str, Any]) -> None:
    """Puts them back to where they stood."""
    torch.set_rng_state(states["torch"])
    random.setstate(states["python"])
    name, keys, *rest = states["numpy"]
    np.random.set_state((name, np.array(keys, dtype=np.uint32), *rest))
