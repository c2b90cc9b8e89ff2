"""Functions run on several real processes, joined by gloo."""

from __future__ import annotations

import os
import random
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import distributed, multiprocessing

_PORTS = random.SystemRandom()


def in_processes(num: int, function: Callable[..., Any], *arguments: Any, seconds: float = 480) -> list[Any]:
    """What `function(*arguments)` gives on each of `num` processes, by rank.

    The processes find each other as those that a cluster has started do. One that fails ends them all.

    Args:
        seconds: after which a job that hangs is ended, and the test with it.
    """
    with TemporaryDirectory() as folder:
        # From the server that tests.processes forks runs from, which has the libraries loaded: that takes longer than
        # most of what is asked for here.
        multiprocessing.set_forkserver_preload(["tests.preloaded"])
        context = multiprocessing.start_processes(
            _one,
            (num, free_port(), folder, function, arguments),
            nprocs=num,
            join=False,
            daemon=True,
            start_method="forkserver",
        )
        try:
            # Each call waits until a process has ended.
            while not context.join(timeout=seconds):
                assert not all(process.is_alive() for process in context.processes), f"no end after {seconds} s"
        finally:
            for process in context.processes:
                process.kill()
        return [torch.load(Path(folder) / f"{rank}.pt", weights_only=False) for rank in range(num)]


def _one(
    rank: int, num: int, port: int, folder: str, function: Callable[..., Any], arguments: tuple[Any, ...]
) -> None:
    os.environ.update(
        MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), WORLD_SIZE=str(num), LOCAL_RANK=str(rank), NODE_RANK="0"
    )
    torch.set_num_threads(1)
    torch.save(function(*arguments), Path(folder) / f"{rank}.pt")
    if distributed.is_initialized():
        distributed.barrier()
        distributed.destroy_process_group()


def free_port() -> int:
    """A port that nothing listens to, for processes that are yet to start.

    From below those that systems hand out by themselves, or one of many other tests might be given it before then.
    """
    while True:
        with socket.socket() as listener, suppress(OSError):
            listener.bind(("127.0.0.1", _PORTS.randrange(16_000, 32_000)))
            return int(listener.getsockname()[1])
