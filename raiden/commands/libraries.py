"""How the libraries under `raiden fit` are set before a run: what jsonargparse reads, and what is not said."""

import logging
import threading
import warnings
from typing import Any

from jsonargparse import get_loader, set_loader, set_parsing_settings

from raiden.core.yaml_text import refuse_unfolding

_LOAD: Any = get_loader("yaml")


def configure_jsonargparse() -> None:
    """Strings beneath a config's fields become its help; YAML is read within bounds."""
    from yaml import YAMLError

    set_parsing_settings(docstring_parse_attribute_docstrings=True)
    set_loader("yaml", _load, exceptions=(YAMLError,))


def _load(text: str) -> Any:
    refuse_unfolding(text)
    return _LOAD(text)


def hide_warnings() -> None:
    """What speaks neither of the data nor of the options of the user is not shown."""
    warnings.filterwarnings("ignore", message=".*isinstance.treespec, LeafSpec.*")
    warnings.filterwarnings("ignore", message=".*LightningCLI's args parameter.*")
    # Lightning counts raiden's loaders as slow because they have no worker processes; they need none.
    warnings.filterwarnings("ignore", message=".*does not have many workers.*")
    # The metric puts the processes' shares together before they are logged.
    warnings.filterwarnings("ignore", message=".*sync_dist=True.*")
    # Those of a run that goes on have been given other names.
    warnings.filterwarnings("ignore", message=".*Previous log files in this directory will be deleted.*")
    # What ends TensorBoard's thread is raised again by its next write.
    threading.excepthook = lambda args: None if isinstance(args.exc_value, OSError) else threading.__excepthook__(args)
    logging.getLogger("lightning.pytorch.utilities.rank_zero").addFilter(
        lambda record: not record.getMessage().startswith("💡 Tip")
    )
