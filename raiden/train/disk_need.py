"""How much of the disk a run will take."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from raiden.core.errors import ConfigError
from raiden.core.writing import in_bytes

_OPTIMIZER_STATES = 2
"""Of AdamW, each as large as what is trained."""
_LOGS = 64 * 10**6
"""Bytes for curves, completions and reports; those of long runs may be more."""


@dataclass(frozen=True)
class DiskNeed:
    """What lies on the disk when it is most, in bytes."""

    checkpoint: int
    """Of one: weights (adapters only, where there are any) and the optimizer's states."""
    num_checkpoints: int
    """Those that are kept, and the one that is being written."""
    export: int
    """Of the exported model; 0 where there is none."""

    @property
    def total(self) -> int:
        return self.num_checkpoints * self.checkpoint + self.export + _LOGS

    def __str__(self) -> str:
        """
        >>> print(DiskNeed(1_614_000_000, 3, 538_000_000))
        3 checkpoints of 1.6 GB, one of them being written, an export of 538.0 MB: 5.4 GB with the logs
        """
        plural = "s" if self.num_checkpoints > 1 else ""
        checkpoints = f"{self.num_checkpoints} checkpoint{plural} of {in_bytes(self.checkpoint)}"
        checkpoints += ", one of them being written" if self.num_checkpoints > 1 else ""
        export = f", an export of {in_bytes(self.export)}" if self.export else ""
        return f"{checkpoints}{export}: {in_bytes(self.total)} with the logs"


def disk_need(
    trained: int, stored: int, export: int, keep: int, every_n_steps: int, num_steps: int | None
) -> DiskNeed:
    """From the options of a run and the size of its model.

    Args:
        trained: bytes of the weights that are trained.
        stored: bytes of the weights that are in a checkpoint.
        export: bytes of the exported weights; 0 where there is no export.
        keep: checkpoints that are kept.
        every_n_steps: steps between checkpoints; 0: one at the end.
        num_steps: of the run; None where it has no end.
    """
    num_checkpoints = keep + 1
    if every_n_steps == 0:
        num_checkpoints = 1
    elif num_steps is not None:
        num_checkpoints = max(1, min(num_checkpoints, -(-num_steps // every_n_steps)))
    return DiskNeed(stored + _OPTIMIZER_STATES * trained, num_checkpoints, export)


def refuse_too_little_room(need: DiskNeed, folder: Path, checkpoints: Iterable[Path]) -> str:
    """What the run needs and what is there, for its log.

    Args:
        checkpoints: those that the run has there already.

    Raises:
        ConfigError: the disk has not so much room; the message says what would do.
    """
    files = (file for path in checkpoints for file in ([path] if path.is_file() else path.rglob("*")))
    free = shutil.disk_usage(folder).free + sum(file.stat().st_size for file in files)
    if free < need.total:
        raise ConfigError(
            f"{folder}: the run needs room for {need}, and {in_bytes(free)} are free on that disk; make room, keep "
            "fewer checkpoints (`checkpoint.keep`), do without the export (`export.enabled` false), or log to "
            "another disk (`trainer.logger.save_dir`)."
        )
    return f"{folder}: {need}; {in_bytes(free)} are free"
