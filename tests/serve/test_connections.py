"""Clients that come, go and break off; nothing of theirs is left behind."""

from __future__ import annotations

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx2 as httpx
import pytest
import torch

from raiden.rollout.engines.continuous_batch import ContinuousBatch
from tests.serve.conftest import serving

LONG = {"model": "raiden", "messages": [{"role": "user", "content": "Go on."}], "max_tokens": 8000, "temperature": 1.0}


def send(server, body, reads=1):
    """Sends a request, reads a little of its answer and hangs up."""
    address = urlsplit(server.address)
    content = json.dumps(body).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Type: application/json\r\n"
    with socket.create_connection((address.hostname, address.port), timeout=60) as connection:
        connection.sendall(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
        for _ in range(reads):
            assert connection.recv(200)


def never_ends(server):
    """The model writes to the limit: its end is none."""
    rows = server.model._rows
    assert isinstance(rows, ContinuousBatch)
    rows.stop_ids = frozenset()


def test_a_cut_connection_ends_its_completion(tiny_folder):
    with serving(tiny_folder) as server:
        never_ends(server)
        threads = threading.active_count()
        for body, reads in ((LONG | {"stream": True}, 3), (LONG | {"n": 4, "stream": True}, 2), (LONG, 0)):
            send(server, body, reads)
            started = time.monotonic()
            server.wait_until_idle()
            assert time.monotonic() - started < 20
        cut = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        address = urlsplit(server.address)
        for content in (b"", cut, cut + b"Content-Length: 100\r\n\r\n{", b"\x16\x03\x01 no HTTP\r\n\r\n"):
            with socket.create_connection((address.hostname, address.port)) as connection:
                connection.sendall(content)
        short = LONG | {"max_tokens": 3}
        assert httpx.post(f"{server.address}/v1/chat/completions", json=short, timeout=60).status_code == 200
        server.wait_until_idle()
        assert threading.active_count() <= threads + 1  # the one that makes prompts


def test_sixteen_clients_at_once_are_all_answered_and_nothing_grows(tiny_folder):
    with serving(tiny_folder, max_rows=8, max_waiting=64) as server:
        rows = server.model._rows
        rows.prefixes.max_bytes = 2**20

        def visit(number):
            for turn in range(4):
                kind = (number + turn) % 4
                content = f"{number} and {turn}. " * (1 + 5 * kind)
                body = LONG | {"messages": [{"role": "user", "content": content}], "max_tokens": 5 + 7 * kind}
                if kind == 3:
                    send(server, body | {"max_tokens": 4000, "stream": True})
                    continue
                body |= {"n": 1 + kind, "stop": ["x"] if kind else None}
                answer = httpx.post(f"{server.address}/v1/chat/completions", json=body, timeout=120)
                assert answer.status_code == 200, answer.text
                assert len(answer.json()["choices"]) == 1 + kind

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(visit, range(16)))
        server.wait_until_idle()
        assert rows.prefixes.num_bytes <= 2**20
        assert not rows._prefilling
        assert not rows._decoding


def test_an_engine_that_fails_is_told_and_the_next_request_is_answered(tiny_folder, monkeypatch):
    with serving(tiny_folder) as server:

        def broken(rows):
            if rows.num_rows:  # none: the end of the reply that warmed it up
                monkeypatch.undo()
                raise torch.OutOfMemoryError("tried to allocate 2 GiB")

        monkeypatch.setattr(ContinuousBatch, "_go_on", broken)
        chat = f"{server.address}/v1/chat/completions"
        fault = httpx.post(chat, json=LONG | {"max_tokens": 9}, timeout=60)
        assert fault.status_code == 503
        assert "tried to allocate" in fault.json()["error"]["message"]
        assert httpx.post(chat, json=LONG | {"max_tokens": 9}, timeout=60).status_code == 200


def test_a_reply_that_takes_too_long_is_ended_and_the_answer_says_so(tiny_folder):
    with serving(tiny_folder, timeout=0.5) as server:
        never_ends(server)
        chat = f"{server.address}/v1/chat/completions"
        whole = httpx.post(chat, json=LONG, timeout=60)
        assert (whole.status_code, whole.json()["error"]["code"]) == (504, "timeout")
        server.wait_until_idle()
        stream = httpx.post(chat, json=LONG | {"stream": True}, timeout=60).text
        events = [event.removeprefix("data: ") for event in stream.strip().split("\n\n")]
        assert json.loads(events[-2])["error"]["code"] == "timeout"
        assert events[-1] == "[DONE]"
        server.wait_until_idle()


@pytest.mark.parametrize("stage", ["join", "step"])
def test_an_engine_that_fails_once_is_told_and_answers_the_next(stage, tiny_folder, monkeypatch):
    with serving(tiny_folder) as server:
        own, ask = getattr(ContinuousBatch, stage), LONG | {"max_tokens": 3}

        def fail(*arguments):
            monkeypatch.setattr(ContinuousBatch, stage, own)
            raise RuntimeError("no memory")

        monkeypatch.setattr(ContinuousBatch, stage, fail)
        first, second = (httpx.post(f"{server.address}/v1/chat/completions", json=ask, timeout=20) for _ in range(2))
        assert (first.status_code, first.json()["error"]["code"]) == (503, "engine_failed")
        assert second.status_code == 200
