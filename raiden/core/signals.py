"""Ctrl-C and SIGTERM: the first ends a command in order, the second at once, as any does when the command is over."""

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
def stoppable(restores: bool = True) -> Iterator[None]:
    """The first signal within it raises KeyboardInterrupt, another one ends the process.

    Args:
        restores: whether the handlers of before are set again at its end.
    """
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
        for number, handler in before.items() if restores else ():
            signal.signal(number, handler)


def end_at_once() -> None:
    """From here on a signal ends the process without a word: nothing is left to be stopped in order.

    For the end of a process, where Python would print the traceback of whatever library is cleaning up.
    """
    if threading.current_thread() is threading.main_thread():
        for number in _SIGNALS:
            signal.signal(number, lambda number, frame: os._exit(STOPPED))


def listen() -> None:
    """Takes the signals back from a library that has set handlers of its own; outside of `stoppable` nothing."""
    if _running:
        for number in _SIGNALS:
            signal.signal(number, _running[-1])


def was_stopped() -> bool:
    """Whether a signal has come to the command that is running: what is raised from then on are its echoes."""
    return bool(_running) and _running[-1].was_stopped
