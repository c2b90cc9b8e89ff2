"""`raiden chat` as users start it, and a server for it to talk to."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.chat_server import Behaviour, ChatServer

COMMAND = [sys.executable, "-m", "raiden", "chat"]


@contextmanager
def serving(behaviour: Behaviour) -> Iterator[ChatServer]:
    """A server in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = ChatServer(behaviour)
    try:
        asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result()
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(server.__aexit__(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def piped(home: Path, lines: str, *options: str, code: int = 0) -> str:
    """What a chat says whose lines come through a pipe; it must end with this code."""
    environment = os.environ | {"XDG_DATA_HOME": str(home)}
    result = subprocess.run([*COMMAND, *options], input=lines, capture_output=True, text=True, env=environment)
    assert result.returncode == code, result.stdout + result.stderr
    return result.stdout + result.stderr
