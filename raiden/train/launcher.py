"""The processes of a run on this machine: they end together, whatever ends one of them, and hold a card each."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event, Thread
from typing import Any

import torch
from lightning.pytorch.strategies.launchers import _SubprocessScriptLauncher
from lightning.pytorch.utilities import rank_zero_info

from raiden.core.errors import ConfigError
from raiden.core.processes import Processes
from raiden.core.signals import STOPPED, was_stopped

_STARTED_BY = "RAIDEN_STARTED_BY"
_REMEDY = "Go on with --ckpt_path last"
_POLL_SECONDS = 0.2
_GRACE_SECONDS = 10.0
"""For the first process to end by an error of its own, after another one has."""


class Launcher(_SubprocessScriptLauncher):
    """Lightning's, with another watch: its own kills the first process without a word, and sees not that end."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._stopping = Event()

    def launch(self, function: Callable[..., Any], *args: Any, trainer: Any = None, **kwargs: Any) -> Any:
        self.cluster_environment.validate_settings(num_devices=self.num_processes, num_nodes=self.num_nodes)
        os.environ[_STARTED_BY] = str(os.getpid())
        self._call_children_scripts()
        Thread(target=_watch_others, args=(self.procs, self._stopping), daemon=True).start()
        return function(*args, **kwargs)

    def kill(self, signum: int | signal.Signals) -> None:
        self._stopping.set()  # as the user wished, so nothing has to be told
        super().kill(signum)


def await_watcher() -> None:
    """Waits for a moment: what went wrong here is often but the echo of another process's end.

    Where that is so, the watch says so and ends this process.
    """
    time.sleep(3 * _POLL_SECONDS)


def end_with_first_process() -> None:
    """In a process that `Launcher` started: ends it as soon as the first one is gone; elsewhere nothing.

    Without this a process would wait for the dead one in a collective, up to the timeout, its GPU taken.
    """
    first = int(os.environ.get(_STARTED_BY, os.getpid()))
    if first != os.getpid():
        Thread(target=_watch_first, args=(first,), daemon=True).start()


def _watch_first(first: int) -> None:
    while os.getppid() == first:
        time.sleep(_POLL_SECONDS)
    _say(f"the run's first process is gone, so this one ends as well. {_REMEDY}")
    os._exit(1)


def _watch_others(others: Sequence[subprocess.Popen[Any]], stopping: Event) -> None:
    while any(process.poll() is None for process in others) and not any(process.poll() for process in others):
        time.sleep(_POLL_SECONDS)
    for rank, process in enumerate(others, 1):
        if process.returncode and not stopping.is_set():
            _end_all(rank, process.returncode, others)


def _end_all(rank: int, code: int, others: Sequence[subprocess.Popen[Any]]) -> None:
    """Ends the run because of the process `rank`, which ended with this code."""
    if code < 0:
        cause = " (perhaps for want of memory)" if -code == signal.SIGKILL else ""
        _say(f"process {rank} of the run was ended by {signal.Signals(-code).name}{cause}; all end. {_REMEDY}")
    else:
        # It has told its error; where it is one of all processes, the first one tells it as well and ends by itself.
        time.sleep(_GRACE_SECONDS)
    for other in others:
        other.kill()
    os._exit(STOPPED if was_stopped() else 1)


def _say(what: str) -> None:
    print(f"\nerror: {what}", file=sys.stderr, flush=True)


@dataclass(frozen=True)
class HeldDevice:
    """The device of one process."""

    rank: int
    host: str
    device: str
    """As torch counts those that the process sees."""
    name: str
    card: str
    """The card's own number, the same for whoever sees it under whatever index."""

    def __str__(self) -> str:
        return f"process {self.rank} on {self.host}: {self.device}, {self.name} ({self.card})"


def own_device(strategy: Any, processes: Processes) -> torch.device:
    """The device of this process; says which process holds which card. All processes have to ask together.

    Raises:
        ConfigError: two hold the same one.
    """
    device: torch.device = strategy.root_device
    if device.type != "cuda":
        return device
    card = torch.cuda.get_device_properties(device)
    held = processes.gather([HeldDevice(processes.rank, socket.gethostname(), str(device), card.name, str(card.uuid))])
    refuse_one_card_for_two(held)
    rank_zero_info("\n".join(map(str, held)))
    return device


def refuse_one_card_for_two(held: Sequence[HeldDevice]) -> None:
    """
    Raises:
        ConfigError: two processes of a machine hold the same card.
    """
    first: dict[tuple[str, str], HeldDevice] = {}
    for one in held:
        other = first.setdefault((one.host, one.card), one)
        if other is not one:
            visible = os.environ.get("CUDA_VISIBLE_DEVICES", "not set")
            raise ConfigError(
                f"`trainer.devices`: {other} and process {one.rank} hold the same card. Start one process a card: "
                "`trainer.devices` (and SLURM's --ntasks-per-node) is their number on a machine, and "
                f"CUDA_VISIBLE_DEVICES ({visible}) has to leave all of them to each process."
            )
