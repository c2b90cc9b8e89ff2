"""Long work that shows its progress and ends cleanly on Ctrl-C."""

import asyncio
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from raiden.core.signals import STOPPED as STOPPED
from raiden.core.signals import hear, stop_signals

_LINE_EVERY = 10.0


async def until_stopped(work: Coroutine[Any, Any, None], shown: Coroutine[Any, Any, None]) -> bool:
    """Does the work and shows it; returns whether it was stopped by a signal."""
    loop, task = asyncio.get_running_loop(), asyncio.create_task(work)

    def stop(number: int) -> None:
        hear(number)
        task.cancel()

    numbers = stop_signals()
    for number in numbers:
        loop.add_signal_handler(number, stop, number)
    try:
        async with meanwhile(shown):
            await task
    except asyncio.CancelledError:
        return True
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
    return False


@asynccontextmanager
async def meanwhile(shown: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Shows something until the block ends."""
    display = asyncio.create_task(shown)
    try:
        yield
    finally:
        display.cancel()
        await asyncio.wait([display])


class Progress:
    """Counts what is done: a bar in a terminal, elsewhere a line every few seconds.

    Args:
        total: how many there are.
        unit: what is counted.
    """

    def __init__(self, total: int, unit: str) -> None:
        self.total = total
        self.unit = unit
        self.num_done = 0

    def advance(self) -> None:
        """One more is done."""
        self.num_done += 1

    async def show(self) -> None:
        """Shows progress until it is cancelled."""
        if sys.stdout.isatty():
            await self._show_bar()
        started = monotonic()
        while True:
            await asyncio.sleep(_LINE_EVERY)
            rate = self.num_done / (monotonic() - started)
            print(f"{self.num_done}/{self.total} {self.unit}, {rate:.1f} a second", flush=True)

    async def _show_bar(self) -> None:
        columns = (BarColumn(), MofNCompleteColumn(), TextColumn(self.unit), TimeRemainingColumn())
        with Bar(*columns, console=Console()) as bar:
            task = bar.add_task("", total=self.total)
            try:
                while True:
                    bar.update(task, completed=self.num_done)
                    await asyncio.sleep(0.2)
            finally:
                bar.update(task, completed=self.num_done)
