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

WIDTH = 110
needs_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux: apt-get install tmux")


class Terminal:
    """One window with one program in it; after the program's end it stays to be read."""

    def __init__(self, socket: Path) -> None:
        self._tmux = ["tmux", "-u", "-f", "/dev/null", "-S", str(socket)]

    def open(self, command: list[str], environment: Mapping[str, str]) -> None:
        variables = [f"{name}={value}" for name, value in environment.items()]
        program = shlex.join(["env", *variables, *command])
        # In one call: a program that ends at once would take its window along.
        self._call(
            "new-session",
            "-d",
            "-x",
            str(WIDTH),
            "-y",
            "50",
            "sleep 600",
            ";",
            "set",
            "remain-on-exit",
            "on",
            ";",
            "respawn-pane",
            "-k",
            program,
        )

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

    def wait_for(self, words: str, times: int = 1, seconds: float = 60) -> str:
        """The screen, as soon as the words stand on it so many times."""
        end = time.monotonic() + seconds
        while (text := self.text()).count(words) < times:
            assert time.monotonic() < end, f"{words!r} never came:\n{text}"
            time.sleep(0.05)
        return text

    def exit_code(self, seconds: float = 30) -> int:
        """Of the program, once it has ended."""
        end = time.monotonic() + seconds
        while not (told := self._call("display", "-p", "#{pane_dead_status}").strip()):
            assert time.monotonic() < end, f"it goes on:\n{self.text()}"
            time.sleep(0.05)
        return int(told)

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
