"""Runs that nothing happened to."""

from __future__ import annotations

import pytest

from tests.faults.disks import disk  # noqa: F401
from tests.faults.drills import CURVES, Drill


@pytest.fixture(scope="session")
def undisturbed(tiny_folder, tmp_path_factory) -> dict[str, Drill]:
    """By command; each is run when it is first asked for."""
    return {name: Drill(name, tiny_folder, tmp_path_factory.mktemp(name)) for name in CURVES}
