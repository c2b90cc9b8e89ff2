"""`raiden` in processes that start in a fraction of a second, for tests that kill, stop and starve them.

They are forked from a server that has loaded the libraries, and are otherwise like those that a user starts: each in
a session of its own, with its own signals, output and exit code.
"""

from __future__ import annotations

import atexit
import importlib
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread

import pytest

ROOT = Path(__file__).parent.parent
_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["tests.preloaded"])

PATIENCE = 300
"""Seconds that a test waits for what takes seconds: a machine with other work may be many times slower."""
Before = Callable[[], None]
"""Called in the process before the command, for a fault that is planted from inside; it can be pickled."""


class Started:
    """A command that was started; its interface is that of `subprocess.Popen`.

    Args:
        arguments: behind `raiden`.
        env: variables beside those of this process.
        before: called in the new process before the command.
    """

    def __init__(
        self, *arguments: str, cwd: Path, env: Mapping[str, str] | None = None, before: Before | None = None
    ) -> None:
        with pytest.MonkeyPatch.context() as patch:
            # Wherever the test is, the server finds what it shall load.
            patch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
            forkserver.ensure_running()
        reader, writer = _SERVER.Pipe(duplex=False)
        environment = {**os.environ, **(env or {})}
        self._process = _SERVER.Process(target=_run, args=(arguments, cwd, environment, before, writer), daemon=True)
        self._process.start()
        writer.close()
        assert self._process.pid is not None
        self.pid = self._process.pid
        self.stdout = os.fdopen(os.dup(reader.fileno()), encoding="utf-8")
        reader.close()

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float) -> int | None:
        self._process.join(timeout)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def wait_until_stopped(self) -> None:
        """Until it stands still, as a SIGSTOP makes it."""
        end = time.monotonic() + PATIENCE
        while _state(self.pid) != "T":
            assert self.poll() is None, f"it has ended:\n{self.stdout.read()}"
            assert time.monotonic() < end, "it never stood still"
            time.sleep(0.01)

    def press_ctrl_c(self) -> None:
        """What a terminal does: the interrupt goes to all processes of the command."""
        with suppress(ProcessLookupError):  # it has ended
            os.killpg(self.pid, signal.SIGINT)

    def read_until(self, pattern: str) -> str:
        """What it says up to a line in which the pattern is found."""
        said = ""
        for line in self.stdout:
            said += line
            if re.search(pattern, line):
                return said
        raise AssertionError(f"it never said {pattern!r}:\n{said}")

    def communicate(self, timeout: float = PATIENCE) -> tuple[str, None]:
        """The rest of what it says, when it and all processes that it started have ended."""
        said: list[str] = []
        reading = Thread(target=lambda: said.append(self.stdout.read()), daemon=True)
        reading.start()
        reading.join(timeout)
        if reading.is_alive():
            os.killpg(self.pid, signal.SIGKILL)
            reading.join()
            raise subprocess.TimeoutExpired("raiden", timeout, said[0])
        self._process.join()
        return said[0], None

    def finish(self, code: int = 0) -> str:
        """The rest of what it says; it must end with this code."""
        said, _ = self.communicate()
        assert self.returncode == code, said
        return said


def _state(pid: int) -> str:
    """That of `man proc`; a process that has ended is listed as Z until somebody asks for its code."""
    stat = Path(f"/proc/{pid}/stat")
    return stat.read_text().rpartition(")")[2].split()[0] if stat.exists() else "X"


def is_running(pid: int) -> bool:
    return _state(pid) not in "ZX"


def _run(
    arguments: tuple[str, ...], cwd: Path, env: dict[str, str], before: Before | None, output: Connection
) -> None:
    """In the new process: what `python -m raiden` does."""
    assert "tests.preloaded" in sys.modules, "the server could not load it, see there"
    os.setsid()
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell's background jobs inherit it
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(output.fileno(), stream.fileno())
    output.close()
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = ["raiden", *arguments]
    entry = importlib.import_module("raiden.__main__")
    sys.modules["__main__"] = entry  # what Lightning starts further processes from
    try:
        if before is not None:
            before()
        code = entry.main()
    except KeyboardInterrupt:
        traceback.print_exc()
        sys.stdout.flush()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    finally:
        atexit._run_exitfuncs()
    sys.exit(code)
