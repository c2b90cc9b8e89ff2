"""What libraries say that speaks neither of the user's data nor of the user's options."""

from __future__ import annotations

import logging
import threading
import warnings


def quieten() -> None:
    """Takes it away."""
    warnings.filterwarnings("ignore", message=".*isinstance.treespec, LeafSpec.*")
    warnings.filterwarnings("ignore", message=".*LightningCLI's args parameter.*")
    # Lightning counts raiden's loaders as slow because they have no worker processes; they need none.
    warnings.filterwarnings("ignore", message=".*does not have many workers.*")
    # The metric puts the processes' shares together before they are logged.
    warnings.filterwarnings("ignore", message=".*sync_dist=True.*")
    # The schedule runs over rollouts, and the first of them may have nothing to learn from.
    warnings.filterwarnings("ignore", message=r".*lr_scheduler\.step\(\)` before `optimizer\.step.*")
    # Those of a run that goes on have been given other names.
    warnings.filterwarnings("ignore", message=".*Previous log files in this directory will be deleted.*")
    # What ends TensorBoard's thread is raised again by its next write.
    threading.excepthook = lambda args: None if isinstance(args.exc_value, OSError) else threading.__excepthook__(args)
    logging.getLogger("lightning.pytorch.utilities.rank_zero").addFilter(
        lambda record: not record.getMessage().startswith("💡 Tip")
    )
