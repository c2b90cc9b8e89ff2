"""Where a run's curves can be kept."""

from __future__ import annotations

import pytest
from lightning.pytorch.loggers import CSVLogger, MLFlowLogger

from raiden.core.errors import ConfigError
from raiden.train.trackers import refuse_unfit


class Kept(MLFlowLogger):
    """MLflow's logger, where MLflow is not installed."""

    def __init__(self, tracking_uri: str) -> None:
        self._tracking_uri = tracking_uri


@pytest.mark.parametrize("uri", ["mlruns", "./mlruns", "/data/mlruns", "file:./mlruns", "file:///data/mlruns"])
def test_a_store_in_files_is_refused_for_it_cannot_hold_names_that_begin_alike(uri, tmp_path):
    with pytest.raises(ConfigError, match="give a database, `sqlite:"):
        refuse_unfit([CSVLogger(tmp_path), Kept(uri)])


@pytest.mark.parametrize("uri", ["sqlite:///mlflow.db", "http://localhost:5000", "databricks://profile"])
def test_other_stores_are_taken(uri):
    refuse_unfit([Kept(uri)])
