"""Ctrl-C, SIGTERM and a terminal that goes: the first such signal ends a command in order, the second at once, as any
does when the command is over."""

import os
import select
import signal
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

STOPPED = 130
"""Exit code of a command that was stopped."""


def stop_signals() -> list[signal.Signals]:
    """Those that stop a command; a lost terminal is none under `nohup`, which has it ignored."""
    ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return [signal.SIGINT, signal.SIGTERM] if ignored else [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


def hear(number: int) -> None:
    """Called with a signal that has come: once the terminal is gone, where printing is an error, prints go nowhere."""
    if number == signal.SIGHUP:
        for output in 1, 2:
            if stat.S_ISCHR(os.fstat(output).st_mode):  # `isatty` says no of a terminal that is gone
                silence(output)


def reader_is_gone(output: int) -> bool:
    """Whether nobody is left who could read what is written to this file descriptor, as after `| head`."""
    poll = select.poll()
    poll.register(output, 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))


def silence(output: int) -> None:
    """From here on what is written to this file descriptor goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, output)
    os.close(nowhere)


class _Command:
    """One that may be stopped; calling it is the signal."""

    was_stopped = False

    def __call__(self, number: int, frame: Any) -> None:
        hear(number)
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
    before = {number: signal.getsignal(number) for number in stop_signals()}
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
        for number in stop_signals():
            signal.signal(number, lambda number, frame: os._exit(STOPPED))


def listen() -> None:
    """Takes the signals back from a library that has set handlers of its own; outside of `stoppable` nothing."""
    if _running:
        for number in stop_signals():
            signal.signal(number, _running[-1])


def was_stopped() -> bool:
    """Whether a signal has come to the command that is running: what is raised from then on are its echoes."""
    return bool(_running) and _running[-1].was_stopped
