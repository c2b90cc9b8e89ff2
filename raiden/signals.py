"""Ctrl-C and SIGTERM: the first ends a command in order, the second at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

STOPPED = 130
"""Exit code of a command that was stopped."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class _Command:
    """One that may be stopped; calling it is the signal."""

    was_stopped = False

    def __call__(self, number: int, frame: Any) -> None:
        if self.was_stopped:
            os._exit(STOPPED)
        self.was_stopped = True
        raise KeyboardInterrupt


_running: list[_Command] = []


@contextmanager
def stoppable() -> Iterator[None]:
    """The first signal within it raises KeyboardInterrupt, another one ends the process."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    _running.append(_Command())
    listen()
    try:
        yield
    finally:
        _running.pop()
        for number, handler in before.items():
            signal.signal(number, handler)


def listen() -> None:
    """Takes the signals back from a library that has set handlers of its own; outside of `stoppable` nothing."""
    if _running:
        for number in _SIGNALS:
            signal.signal(number, _running[-1])


def was_stopped() -> bool:
    """Whether a signal has come to the command that is running: what is raised from then on are its echoes."""
    return bool(_running) and _running[-1].was_stopped
