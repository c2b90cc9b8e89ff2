"""Jinja templates of anybody's, rendered in a process of its own; see worker.py for what keeps them in bounds."""

import json
import subprocess
import sys
import weakref
from collections.abc import Mapping
from datetime import date as day
from pathlib import Path
from types import TracebackType
from typing import Any

from raiden.core.errors import ChatTemplateError
from raiden.core.limits import MAX_PROMPT_CHARACTERS, MAX_TEMPLATE_BYTES, MAX_TEMPLATE_SECONDS

_WORKER = Path(__file__).with_name("worker.py")


class Sandbox:
    """A Jinja template in a process of its own that starts with the first text, in the bounds of `core.limits`.

    Args:
        date: what the template takes for today, as YYYY-MM-DD; None: the day it is.
    """

    def __init__(self, source: str, date: str | None = None, max_seconds: float = MAX_TEMPLATE_SECONDS) -> None:
        self.source = source
        self.date = date or day.today().isoformat()
        self.max_seconds = max_seconds
        self._worker: subprocess.Popen[str] | None = None

    def __enter__(self) -> Any:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: Any, trace: TracebackType | None) -> None:
        self.close()

    def render_variables(self, variables: Mapping[str, Any], date: str | None = None) -> str:
        """The text that the template makes of its variables.

        Args:
            date: another day for this text.

        Raises:
            ChatTemplateError: the template refuses them, is broken, or goes out of bounds.
        """
        reply = self._ask({"variables": dict(variables), "date": date or self.date})
        if "fault" in reply:
            raise ChatTemplateError(reply["fault"])
        return reply["text"]

    def _ask(self, asked: Mapping[str, Any]) -> dict[str, str]:
        if self._worker is None:
            self._worker = self._start()
        worker = self._worker
        assert worker.stdin is not None
        assert worker.stdout is not None
        try:
            worker.stdin.write(json.dumps(asked) + "\n")
            worker.stdin.flush()
            line = worker.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            self.close()
            return {"fault": f"it takes more than {self.max_seconds:g} s of processor time, or too much memory"}
        return dict(json.loads(line))

    def _start(self) -> subprocess.Popen[str]:
        worker = subprocess.Popen(
            [sys.executable, "-P", str(_WORKER)],  # a script: to import raiden's rooms would take seconds
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        )
        limits = {
            "template": self.source,
            "max_seconds": self.max_seconds,
            "max_bytes": MAX_TEMPLATE_BYTES,
            "max_characters": MAX_PROMPT_CHARACTERS,
        }
        assert worker.stdin is not None
        worker.stdin.write(json.dumps(limits) + "\n")
        weakref.finalize(self, _end, worker)
        return worker

    def close(self) -> None:
        """Ends the process; another text would start a new one."""
        if self._worker is None:
            return
        worker, self._worker = self._worker, None
        _end(worker)


def _end(worker: subprocess.Popen[str]) -> None:
    if worker.poll() is None:
        worker.kill()
        worker.communicate()
