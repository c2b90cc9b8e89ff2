"""Fixtures of the reward tests, and the lines they add to the summary."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from raiden.core.types import Sample

from .cases import build_sample


@pytest.fixture
def make_sample() -> Callable[..., Sample]:
    return build_sample


_REPORT: list[str] = []


@pytest.fixture
def report() -> Callable[[str], None]:
    """Adds a line to the summary that pytest prints at its end."""
    return _REPORT.append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in _REPORT:
        terminalreporter.write_line(line)
