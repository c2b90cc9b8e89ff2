"""A real terminal for a test, in tmux."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.processes import PATIENCE

WIDTH = 110
needs_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux: apt-get install tmux")


class Terminal:
    """One window with one program in it; it stays to be read after the program's end."""

    def __init__(self, socket: Path) -> None:
        self._tmux = ["tmux", "-u", "-f", "/dev/null", "-S", str(socket)]

    def open(self, command: list[str], environment: Mapping[str, str]) -> None:
        variables = [f"{name}={value}" for name, value in environment.items()]
        program = shlex.join(["env", *variables, *command])
        # Ctrl-C reaches this shell too. tmux itself at times does not learn how a program ended.
        script = f"trap : INT; {program}; echo [ended: $?]; sleep 3600"
        self._call("new-session", "-d", "-x", str(WIDTH), "-y", "50", script)

    def _call(self, *arguments: str) -> str:
        return subprocess.run([*self._tmux, *arguments], check=True, capture_output=True, text=True).stdout

    def type(self, text: str) -> None:
        """Types a line and ends it."""
        self._call("send-keys", "-l", text)
        self.press("Enter")

    def press(self, *keys: str) -> None:
        self._call("send-keys", *keys)

    def text(self) -> str:
        return self._call("capture-pane", "-p", "-J")

    def wait_for(self, words: str, times: int = 1, seconds: float = PATIENCE) -> str:
        """The screen, as soon as the words stand on it so many times."""
        end = time.monotonic() + seconds
        while (text := self.text()).count(words) < times:
            assert time.monotonic() < end, f"{words!r} never came:\n{text}"
            time.sleep(0.05)
        return text

    def exit_code(self) -> int:
        """Of the program, once it has ended."""
        return int(self.wait_for("[ended: ").split("[ended: ")[1].split("]")[0])

    def close(self) -> None:
        self._call("kill-server")


@contextmanager
def terminal(folder: Path, command: list[str], environment: Mapping[str, str]) -> Iterator[Terminal]:
    """A program in a terminal, for the time of the block."""
    window = Terminal(folder / "tmux")
    window.open(command, environment)
    try:
        yield window
    finally:
        window.close()
