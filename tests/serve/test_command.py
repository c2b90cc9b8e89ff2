"""`raiden serve` as users start it."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys

import httpx2 as httpx
import pytest
from starlette.applications import Starlette

from raiden.__main__ import main
from raiden.serve.server import address_of, make_server, open_socket

HOST = ["serve", "--model_path", "nowhere"]


def test_it_says_where_it_is_and_ctrl_c_ends_it_in_the_middle_of_a_reply(tiny_folder):
    command = [sys.executable, "-m", "raiden", "serve", "--model_path", str(tiny_folder), "--port", "0"]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True
    )
    lines = []
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line)
        if found := re.match(r"for clients: (http://127\.0\.0\.1:\d+/v1), model \"raiden\", or one of 77 ", line):
            break
    assert lines[0] == f"loading {tiny_folder}\n"
    assert lines[2] == "warming up: a first reply, to nobody\n"
    body = {"model": "raiden/Winifred Oakes", "messages": [{"role": "user", "content": "Go on."}], "stream": True}
    body |= {"max_tokens": 6000, "temperature": 2.0}
    with httpx.stream("POST", f"{found[1]}/chat/completions", json=body, timeout=60) as response:
        pieces = response.iter_text()
        next(pieces)
        next(pieces)
        process.send_signal(signal.SIGINT)
        rest = "".join(pieces)
    assert "the server is stopping" in rest
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, output, errors) == (130, "", "stopped\n")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--host", "0.0.0.0"], "needs a key; set RAIDEN_API_KEY"),
        (["--host", "no.such.host.example"], "needs a key"),
        (["--port", "70000"], "`port` must be at most 65535"),
        (["--temperature", "3"], "`temperature` must be 0 to 2"),
        (["--timeout", "0"], "`timeout` must be more than 0"),
        (["--concurrency", "0"], "`concurrency` must be at least 1"),
    ],
)
def test_options_that_cannot_work_are_told_before_anything_is_loaded(options, told, capsys, monkeypatch):
    monkeypatch.delenv("RAIDEN_API_KEY", raising=False)
    assert main([*HOST, *options]) == 2
    assert told in capsys.readouterr().err


def test_a_port_that_is_taken_is_told_before_anything_is_loaded(server, capsys):
    port = server.address.rpartition(":")[2]
    assert main([*HOST, "--port", port]) == 2
    assert f"127.0.0.1:{port} cannot be served at" in capsys.readouterr().err


def test_who_comes_before_the_models_have_answered_once_is_refused_and_then_told_that_all_is_ready():
    opened = open_socket("127.0.0.1", 0)
    came: list[str] = []

    class Model:
        async def warm_up(self):
            with pytest.raises(httpx.ConnectError):
                await asyncio.to_thread(httpx.get, address_of(opened))
            came.append("warm")

        async def close(self):
            came.append("closed")

    async def asked():
        while "ready" not in came:
            await asyncio.sleep(0.01)
        assert (await asyncio.to_thread(httpx.get, address_of(opened))).status_code == 404
        server.should_exit = True

    async def both():
        await asyncio.gather(server.serve(sockets=[opened]), asked())

    server = make_server(Starlette(), [Model(), Model()], lambda: came.append("ready"))
    asyncio.run(both())
    assert came == ["warm", "warm", "ready", "closed", "closed"]
