"""A real HTTP server that speaks `/v1/models` and `/v1/chat/completions`, and fails when it is told to.

In a test's own event loop: `async with ChatServer(Behaviour(...)) as server: ... server.base_url`.
As a process: `with serve("--latency", "0.2") as base_url`, or by hand `python -m tests.servers.chat_server --port 0`,
which prints its address. `GET /stats` tells what has been asked so far.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from aiohttp import web

from tests.servers.streaming import ENDS, stream
from tests.servers.writer import warm_up, write

FAULTS = (
    "429",
    "500",
    "503",
    "401",
    "400",
    "hang",
    "cut",
    "half_body",
    "half_json",
    "empty",
    "reasoning",
    "truncated",
)


@dataclass
class Behaviour:
    """How the server replies, and how it fails."""

    latency: float = 0.0
    """Seconds from a request's arrival to its reply."""
    jitter: float = 0.0
    """Seconds at most that are added, by the request's digest."""
    models: tuple[str, ...] = ("test-model",)
    api_key: str = ""
    """The only key that is let in; empty lets all in."""
    refused_fields: tuple[str, ...] = ()
    """What is answered with 400: `chat_template_kwargs`, `response_format`, `json_schema`."""
    faults: dict[str, float] = field(default_factory=dict)
    """Shares of the requests, chosen by digest, whose first tries fail, by kind; see FAULTS."""
    num_faults: int = 1
    """How many tries of a request fail that was chosen to."""
    script: list[str] = field(default_factory=list)
    """Faults of the first requests in their order; an empty string is none."""
    retry_after: str = "0"
    """The header of a 429."""
    reasoning: bool = False
    """Whether each reply begins with a think block."""
    wrong_share: float = 0.0
    """Of the answers in character, how many do not know."""
    piece_latency: float = 0.0
    """Seconds before each piece of a streamed reply."""
    context: int = 0
    """Characters of a request's messages beyond which it is refused; 0 takes any number."""
    refuses: Callable[[dict[str, Any]], bool] = lambda body: False
    """Whether the chat template refuses the messages of a request."""
    says: Callable[[list[dict[str, str]]], str] | None = None
    """What is replied to these messages; None leaves it to the writer."""
    first_logps: dict[str, Any] | None = None
    """What each reply might have begun with, told to whoever asks for log-probabilities; None tells nothing."""


class ChatServer:
    """The server and what it has seen."""

    def __init__(self, behaviour: Behaviour | None = None, port: int = 0) -> None:
        self.behaviour = behaviour or Behaviour()
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.arrivals: list[float] = []
        self.num_by_digest: Counter[str] = Counter()
        """Requests by what was asked: messages and seed."""
        self.num_replies_by_digest: Counter[str] = Counter()
        """Those of them that got a whole, right reply."""
        self.num_in_flight = self.max_in_flight = 0
        self._port = port
        self._runner: web.AppRunner | None = None

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._port}/v1"

    async def __aenter__(self) -> ChatServer:
        app = web.Application()
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/v1/chat/completions", self._complete)
        app.router.add_get("/stats", self._stats)
        # A server that is told to hang must not hold up its own end.
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _models(self, request: web.Request) -> web.Response:
        if refused := self._refuse_key(request):
            return refused
        return web.json_response({"object": "list", "data": [_model(name) for name in self.behaviour.models]})

    async def _stats(self, _: web.Request) -> web.Response:
        return web.json_response(
            {
                "num_requests": len(self.bodies),
                "num_by_digest": self.num_by_digest,
                "num_replies_by_digest": self.num_replies_by_digest,
                "max_in_flight": self.max_in_flight,
                "arrivals": self.arrivals,
            }
        )

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        self.num_in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.num_in_flight)
        try:
            return await self._reply(request)
        finally:
            self.num_in_flight -= 1

    async def _reply(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        digest = _digest(body)
        number = len(self.bodies)
        self.bodies.append(body)
        self.headers.append(dict(request.headers))
        self.arrivals.append(time.monotonic())
        self.num_by_digest[digest] += 1
        fault = self._fault(digest)
        if refused := self._refuse_key(request) or self._refuse_field(body) or self._refuse_length(body):
            return refused
        text = self._text(body["messages"], body.get("seed", 0))
        latency = self.behaviour.latency + self.behaviour.jitter * int(digest[:4], 16) / 0xFFFF
        await asyncio.sleep(self.arrivals[number] + latency - time.monotonic())  # to write the text takes some of it
        if fault and not (fault in ENDS and body.get("stream")):
            return await self._fail(fault, text, request)
        if self.behaviour.reasoning:
            text = f"<think>The user wants me to reply: {{}}.</think>\n{text}"
        self.num_replies_by_digest[digest] += 1
        if body.get("stream"):
            return await stream(request, text, self.behaviour.piece_latency, fault or "stop")
        completion = _completion(text, body)
        if body.get("logprobs") and self.behaviour.first_logps is not None:
            told = [{"token": token, "logprob": logp} for token, logp in self.behaviour.first_logps.items()]
            completion["choices"][0]["logprobs"] = {"content": [{"top_logprobs": told[: body["top_logprobs"]]}]}
        return web.json_response(completion)

    def _text(self, messages: list[dict[str, str]], seed: int) -> str:
        says = self.behaviour.says
        return says(messages) if says else write(messages, seed, self.behaviour.wrong_share)

    def _fault(self, digest: str) -> str:
        if len(self.bodies) <= len(self.behaviour.script):
            return self.behaviour.script[len(self.bodies) - 1]
        if self.num_by_digest[digest] > self.behaviour.num_faults:
            return ""
        share = int(digest[-8:], 16) / 0xFFFFFFFF
        for fault, fault_share in self.behaviour.faults.items():
            share -= fault_share
            if share < 0:
                return fault
        return ""

    def _refuse_key(self, request: web.Request) -> web.Response | None:
        key = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.behaviour.api_key and key != self.behaviour.api_key:
            return _error(401, f"Incorrect API key provided: {key}")
        return None

    def _refuse_field(self, body: dict[str, Any]) -> web.Response | None:
        if self.behaviour.refuses(body):
            return _error(400, "Conversation roles must alternate user/assistant/user/assistant/...")
        schema = "json_schema" if body.get("response_format", {}).get("type") == "json_schema" else ""
        for name in self.behaviour.refused_fields:
            if name in body or name == schema:
                return _error(400, f"unknown field: {name}")
        return None

    def _refuse_length(self, body: dict[str, Any]) -> web.Response | None:
        length, context = sum(len(message["content"]) for message in body["messages"]), self.behaviour.context
        if not context or length <= context:
            return None
        return _error(400, f"This model's maximum context length is {context}. However, you requested {length}.")

    async def _fail(self, fault: str, text: str, request: web.Request) -> web.StreamResponse:
        if fault == "429":
            return _error(429, "slow down", {"Retry-After": self.behaviour.retry_after})
        if fault.isdigit():
            return _error(int(fault), "told to fail")
        if fault == "hang":
            await asyncio.sleep(3600)
        if fault == "cut":
            return await _cut(request, json.dumps(_completion(text, {})).encode())
        if fault == "half_body":
            whole = json.dumps(_completion(text, {}))
            return web.Response(text=whole[: len(whole) // 2], content_type="application/json")
        half = text[: max(1, len(text) // 2)]
        spoiled = {"half_json": half, "empty": "", "reasoning": "<think>" + text, "truncated": half}[fault]
        return web.json_response(_completion(spoiled, {}, "length" if fault == "truncated" else "stop"))


async def _cut(request: web.Request, whole: bytes) -> web.StreamResponse:
    """Promises the whole body, sends half of it and drops the connection."""
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(whole))})
    await response.prepare(request)
    await response.write(whole[: len(whole) // 2])
    assert request.transport is not None
    request.transport.close()
    return response


def _completion(text: str, body: dict[str, Any], finish_reason: str = "stop") -> dict[str, Any]:
    """Four characters count as one token, so that sums can be checked by hand."""
    num_prompt = sum(len(message["content"]) for message in body.get("messages", ())) // 4
    num_completion = len(text) // 4
    return {
        "id": "chatcmpl-test",
        "object": "chat.completion",
        "created": 0,
        "model": body.get("model", "test-model"),
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish_reason}],
        "usage": {
            "prompt_tokens": num_prompt,
            "completion_tokens": num_completion,
            "total_tokens": num_prompt + num_completion,
        },
    }


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "tests"}


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response({"error": {"message": message, "type": "test"}}, status=status, headers=headers)


def _digest(body: dict[str, Any]) -> str:
    asked = json.dumps([body["messages"], body.get("seed")], ensure_ascii=False, sort_keys=True)
    return blake2b(asked.encode(), digest_size=8).hexdigest()


@contextmanager
def serve(*options: str) -> Iterator[str]:
    """The server as a process of its own, for the time of the block; gives its base URL."""
    command = [sys.executable, "-m", "tests.servers.chat_server", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each reply")
    parser.add_argument("--jitter", type=float, default=0.0, help="seconds at most added to it")
    parser.add_argument("--fault", action="append", default=[], metavar="KIND:SHARE", help=f"of {', '.join(FAULTS)}")
    parser.add_argument("--num_faults", type=int, default=1, help="failing tries of a request chosen to fail")
    parser.add_argument("--retry_after", default="0", help="header of a 429")
    parser.add_argument("--refuse", action="append", default=[], help="a field that is answered with 400")
    parser.add_argument("--model", action="append", default=[], help="a model's name; may be given more than once")
    parser.add_argument("--api_key", default="")
    parser.add_argument("--reasoning", action="store_true", help="begin each reply with a think block")
    parser.add_argument("--wrong_share", type=float, default=0.0, help="of the answers in character")
    return parser.parse_args()


async def main() -> None:
    options = parse_options()
    shares = (fault.split(":") for fault in options.fault)
    behaviour = Behaviour(
        latency=options.latency,
        jitter=options.jitter,
        models=tuple(options.model) or Behaviour.models,
        api_key=options.api_key,
        refused_fields=tuple(options.refuse),
        faults={kind: float(share) for kind, share in shares},
        num_faults=options.num_faults,
        retry_after=options.retry_after,
        reasoning=options.reasoning,
        wrong_share=options.wrong_share,
    )
    warm_up()
    async with ChatServer(behaviour, options.port) as server:
        print(server.base_url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
