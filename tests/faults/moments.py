"""Moments of a run, counted in calls instead of seconds: the same on any machine, and as fine as Python's steps."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any


def find(name: str) -> tuple[Any, str]:
    """The owner and the attribute of `module:Class.method`."""
    module, _, path = name.partition(":")
    *owners, attribute = path.split(".")
    owner = import_module(module)
    for part in owners:
        owner = getattr(owner, part)
    return owner, attribute


@dataclass(frozen=True)
class Counted:
    """Counts the calls, of Python's functions and of C's, that the main thread makes within a function.

    At call number `moment` the process is killed by `number`, and `file` says where that was. A run that reaches its
    end writes the count instead.
    """

    within: str
    """`module:Class.method`; calls outside of it are not counted."""
    file: Path
    moment: int | None = None
    number: int = signal.SIGKILL

    def __call__(self) -> None:
        owner, attribute = find(self.within)
        function = getattr(owner, attribute)
        count, outer = 0, None

        def note(frame: FrameType, event: str, arg: object) -> None:
            nonlocal count
            if outer is not None:
                outer(frame, event, arg)
            if event in ("call", "c_call"):
                count += 1
                if count == self.moment:
                    self.file.write_text(_place(frame, arg if event == "c_call" else None))
                    os.kill(os.getpid(), self.number)

        @wraps(function)
        def counted(*args: Any, **options: Any) -> Any:
            nonlocal outer
            outer = sys.getprofile()
            sys.setprofile(note)
            try:
                return function(*args, **options)
            finally:
                sys.setprofile(outer)
                self.file.write_text(str(count))

        setattr(owner, attribute, counted)


@dataclass(frozen=True)
class All:
    """Plants several faults."""

    faults: Sequence[Callable[[], None]]

    def __call__(self) -> None:
        for fault in self.faults:
            fault()


@dataclass(frozen=True)
class Sends:
    """Sends the process that it is called in a signal."""

    number: int
    to_group: bool = False
    """To all processes of the command, as a terminal does."""

    def __call__(self) -> None:
        (os.killpg if self.to_group else os.kill)(os.getpid(), self.number)


@dataclass(frozen=True)
class At:
    """Plants a fault at the moment when a function (`module:Class.method`) is called for the `number`-th time."""

    function: str
    number: int
    fault: Callable[[], object]

    def __call__(self) -> None:
        owner, attribute = find(self.function)
        function = getattr(owner, attribute)
        count = 0

        @wraps(function)
        def planted(*args: Any, **options: Any) -> Any:
            nonlocal count
            count += 1
            if count == self.number:
                self.fault()
            return function(*args, **options)

        setattr(owner, attribute, planted)


def _place(frame: FrameType | None, called: Callable[..., Any] | None) -> str:
    lines = [] if called is None else [f"calls {getattr(called, '__qualname__', called)}"]
    while frame is not None and frame.f_code.co_filename != __file__:
        lines.append(f"{frame.f_code.co_filename}:{frame.f_lineno} {frame.f_code.co_qualname}")
        frame = frame.f_back
    return "\n".join(lines)
