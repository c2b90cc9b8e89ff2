"""What a terminal is told while nothing else can be."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def told_if_slow(what: str, seconds: float) -> Iterator[None]:
    """Within it, a terminal is told what is waited for once that has taken so many seconds; files are told nothing."""
    if not sys.stderr.isatty():
        yield
        return
    timer = threading.Timer(seconds, print, (what,), {"file": sys.stderr, "flush": True})
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
