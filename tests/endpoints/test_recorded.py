"""What was paid for once is on the disk before anybody has it, and is never asked again."""

import asyncio
import errno
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace

import pytest

from raiden.core.errors import ConfigError, InputError
from raiden.endpoints import RecordedEndpoint, RequestError, RetryingEndpoint
from raiden.endpoints.openai import OpenAIEndpoint
from tests.endpoints.requests import GREETING, draft_request, draft_requests
from tests.servers.chat_server import Behaviour, ChatServer


def run(behaviour, path, use, model="m"):
    """What `use` makes of a recorded endpoint, and how many requests the server saw."""

    async def main():
        async with ChatServer(behaviour) as server:
            retrying = RetryingEndpoint(
                OpenAIEndpoint(server.base_url, model_name=model), max_retries=2, base_wait=0.01
            )
            endpoint = RecordedEndpoint(retrying, path)
            try:
                return await use(endpoint), len(server.bodies)
            finally:
                await endpoint.close()
                await endpoint.close()

    return asyncio.run(main())


async def ask_all(endpoint):
    replies = await asyncio.gather(*map(endpoint.complete, draft_requests(20)))
    return [reply.text for reply in replies], endpoint.usage


def test_a_known_request_is_answered_from_the_file_and_charges_nothing(tmp_path):
    path = tmp_path / "run" / "record.jsonl"
    (texts, usage), num_sent = run(Behaviour(), path, ask_all)
    assert (num_sent, usage.num_replies, usage.num_replayed) == (20, 20, 0)
    (again, later), num_sent = run(Behaviour(), path, ask_all)
    assert again == texts
    assert (num_sent, later.num_replies, later.num_replayed) == (0, 20, 20)
    assert (later.prompt_tokens, later.completion_tokens) == (0, 0)


def test_another_model_is_another_reply(tmp_path):
    run(Behaviour(), tmp_path / "record", ask_all)
    _, num_sent = run(Behaviour(), tmp_path / "record", ask_all, model="another")
    assert num_sent == 20


def test_equal_requests_at_the_same_time_are_sent_once(tmp_path):
    async def use(endpoint):
        replies = await asyncio.gather(*(endpoint.complete(GREETING) for _ in range(8)))
        return {reply.text for reply in replies}

    texts, num_sent = run(Behaviour(latency=0.05), tmp_path / "record", use)
    assert (len(texts), num_sent) == (1, 1)


def test_one_who_gives_up_leaves_the_reply_to_the_others(tmp_path):
    async def use(endpoint):
        first, second = (asyncio.create_task(endpoint.complete(GREETING)) for _ in range(2))
        await asyncio.sleep(0.05)
        first.cancel()
        return (await second).text

    text, num_sent = run(Behaviour(latency=0.2), tmp_path / "record", use)
    assert text
    assert num_sent == 1


def test_a_failure_is_not_kept_but_its_tokens_are_counted(tmp_path):
    async def use(endpoint):
        with pytest.raises(RequestError):
            await endpoint.complete(draft_request())
        return endpoint.usage

    usage, _ = run(Behaviour(script=["half_json"] * 3), tmp_path / "record", use)
    assert (usage.num_replies, usage.num_failed) == (0, 1)
    assert usage.completion_tokens > 0
    _, num_sent = run(Behaviour(), tmp_path / "record", lambda endpoint: endpoint.complete(draft_request()))
    assert num_sent == 1


@pytest.mark.parametrize("num_lost", [1, 7, 60])
def test_a_line_cut_short_is_taken_off_and_asked_again(tmp_path, num_lost):
    path = tmp_path / "record"
    (texts, _), _ = run(Behaviour(), path, ask_all)
    whole = path.read_bytes()
    path.write_bytes(whole[:-num_lost])
    (again, usage), num_sent = run(Behaviour(), path, ask_all)
    assert again == texts
    assert (num_sent, usage.num_replayed) == (1, 19)
    assert sorted(path.read_bytes().splitlines()) == sorted(whole.splitlines())


@pytest.mark.parametrize("broken", [b'{"key": \n', b"\n", b"[1]\n", b'{"key": "k", "text": "t"}\n', b"\xff\n"])
def test_any_other_broken_line_is_named(tmp_path, broken):
    path = tmp_path / "record"
    run(Behaviour(), path, ask_all)
    lines = path.read_bytes().splitlines(keepends=True)
    damaged = b"".join([*lines[:3], broken, *lines[3:]])
    path.write_bytes(damaged)
    with pytest.raises(InputError, match=r"record:4: not "):
        run(Behaviour(), path, ask_all)
    assert path.read_bytes() == damaged


def test_a_second_process_is_refused(tmp_path):
    async def use(endpoint):
        script = "import sys; from raiden.core.journal import Journal; Journal(sys.argv[1], str)"
        return subprocess.run(
            [sys.executable, "-c", script, str(tmp_path / "record")], capture_output=True, text=True, check=False
        )

    second, _ = run(Behaviour(), tmp_path / "record", use)
    assert second.returncode != 0
    assert "another process is writing to it" in second.stderr
    run(Behaviour(), tmp_path / "record", use)  # the lock ended with the first


def test_a_path_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(ConfigError, match="cannot be opened"):
        RecordedEndpoint(RetryingEndpoint(OpenAIEndpoint("http://127.0.0.1:1/v1")), tmp_path)


KILLED = """
import asyncio, sys
from raiden.endpoints import RecordedEndpoint, RetryingEndpoint
from raiden.endpoints.openai import OpenAIEndpoint
from tests.endpoints.requests import draft_requests

async def main():
    endpoint = RecordedEndpoint(RetryingEndpoint(OpenAIEndpoint(sys.argv[1], model_name="m")), sys.argv[2])
    async def ask(request):
        await endpoint.complete(request)
        print(request.seed, flush=True)
    await asyncio.gather(*map(ask, draft_requests(40)))

asyncio.run(main())
"""


def test_every_reply_that_was_handed_on_outlives_a_kill(tmp_path):
    path = tmp_path / "record"

    async def main():
        async with ChatServer(Behaviour(latency=0.02, jitter=0.5)) as server:
            child = await asyncio.create_subprocess_exec(
                sys.executable, "-c", textwrap.dedent(KILLED), server.base_url, str(path), stdout=subprocess.PIPE
            )
            handed_on = {int(await child.stdout.readline()) for _ in range(12)}
            child.send_signal(signal.SIGKILL)
            handed_on |= {int(line) for line in (await child.stdout.read()).split()}
            await child.wait()
            num_sent = len(server.bodies)
            endpoint = RecordedEndpoint(RetryingEndpoint(OpenAIEndpoint(server.base_url, model_name="m")), path)
            for request in draft_requests(40):
                if request.seed in handed_on:
                    await endpoint.complete(request)
            await endpoint.close()
            return endpoint.usage.num_replayed, len(handed_on), len(server.bodies) - num_sent

    num_replayed, num_handed_on, num_sent_again = asyncio.run(main())
    assert num_replayed == num_handed_on >= 12
    assert num_sent_again == 0


def test_a_slow_disk_holds_requests_back(tmp_path, monkeypatch):
    """What is asked for and not on the disk is never more than `concurrency`, whatever waits for the disk."""
    path, fsync = tmp_path / "record", os.fsync
    num_kept, num_lost_by_a_kill = 0, []

    async def main():
        async with ChatServer(Behaviour()) as server:

            def slow(fd):
                nonlocal num_kept
                time.sleep(0.05)
                num_lost_by_a_kill.append(len(server.bodies) - num_kept)
                fsync(fd)
                num_kept = path.read_bytes().count(b"\n")

            monkeypatch.setattr(os, "fsync", slow)
            retrying = RetryingEndpoint(OpenAIEndpoint(server.base_url, model_name="m"), concurrency=4)
            endpoint = RecordedEndpoint(retrying, path)
            await asyncio.gather(*map(endpoint.complete, draft_requests(20)))
            await endpoint.close()

    asyncio.run(main())
    assert num_kept == 20
    assert max(num_lost_by_a_kill) <= 4


def test_a_full_disk_is_an_error_and_leaves_no_half_line(tmp_path, monkeypatch):
    path = tmp_path / "record"
    run(Behaviour(), path, lambda endpoint: endpoint.complete(GREETING))
    before = path.read_bytes()
    write, written = os.write, []

    def fill_up(fd, data):
        if written:
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(write(fd, data[:10]))
        return written[0]

    monkeypatch.setattr(os, "write", fill_up)
    with pytest.raises(OSError, match="No space left"):
        run(Behaviour(), path, lambda endpoint: endpoint.complete(draft_request()))
    assert path.read_bytes() == before


def test_the_log_tells_who_was_asked_what_and_what_came_of_it(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    path = tmp_path / "log.jsonl"

    async def main():
        async with ChatServer(Behaviour(script=["500", "", "400", "400"])) as server:
            retrying = RetryingEndpoint(OpenAIEndpoint(server.base_url), base_wait=0.01)
            endpoint = RecordedEndpoint(retrying, tmp_path / "record", path)
            await endpoint.complete(GREETING)
            with pytest.raises(RequestError):
                await endpoint.complete(replace(GREETING, seed=1))
            await endpoint.close()

    asyncio.run(main())
    replied, failed = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert replied["request"]["messages"] == [{"role": "user", "content": "Good morning!"}]
    assert replied["endpoint"]["model"] == "test-model"
    assert replied["reply"]["num_retries"] == 1
    assert replied["seconds"] >= 0
    assert "HTTP 400" in failed["error"]
    assert "sk-secret" not in path.read_text(encoding="utf-8")
