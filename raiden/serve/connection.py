"""A request's body, read within limits, and an answer whose work ends with its connection."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing, suppress
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from raiden.core.records import load_json
from raiden.serve.answers import Answer, event
from raiden.serve.faults import ApiError, as_api_error

MAX_BODY_BYTES = 2**22
"""Of a request. A conversation of 128,000 tokens has some 0.5 MB, three times that with escaped characters."""
BODY_SECONDS = 30.0
T = TypeVar("T")


async def read_json(request: Request) -> Any:
    """The body's value.

    Raises:
        ApiError: it is too large, too slow, or no JSON.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise ApiError(415, "send JSON, with the header `Content-Type: application/json`.", None, "not_json")
    if (coding := request.headers.get("content-encoding", "identity").lower()) != "identity":
        told = f"bodies are not taken as {coding[:40]}; send it as it is, without `Content-Encoding`."
        raise ApiError(415, told, None, "content_encoding", {"Accept-Encoding": "identity"})
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > MAX_BODY_BYTES:
                    told = f"the body is larger than {MAX_BODY_BYTES:,} bytes; shorten the conversation."
                    raise ApiError(413, told, None, "body_too_large", {"Connection": "close"})
    except TimeoutError as fault:
        raise ApiError(408, f"the body did not come within {BODY_SECONDS:g} s.", None, "body_too_slow") from fault
    try:
        text = body.decode("utf-8-sig")  # a byte-order mark, as PowerShell's files begin with, is no part of it
        value = load_json(text)
        _refuse_half_characters(text, value)
    except UnicodeDecodeError as fault:
        raise ApiError(
            400, f"the body is no UTF-8 (byte {fault.start}); send it as that.", None, "invalid_json"
        ) from fault
    except ValueError as fault:
        raise ApiError(400, f"the body is no JSON: {fault}.", None, "invalid_json") from fault
    return value


def _refuse_half_characters(text: str, value: Any) -> None:
    """Escapes such as `\\ud83d` alone make strings that nobody can write down."""
    if "\\u" in text:
        import json

        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError as fault:
            raise ValueError("it holds half a character (an escape such as \\ud83d alone)") from fault


async def while_connected(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """The result of the work, which is cancelled where the client goes before that.

    Raises:
        ClientDisconnect: the client has gone.
    """

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(gone())
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.wait((working, leaving))


class EventStream(Response):
    """Server-sent events; closing the connection closes what makes them.

    Args:
        events: values for `event`.
        answer: which they are of: says what ends them, and how it is told where something goes wrong.
        seconds: that they may take.
        watch: is told of a fault that is none of the client's.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        events: AsyncGenerator[Any, None],
        answer: Answer,
        seconds: float,
        watch: Callable[[Exception], None],
    ) -> None:
        self.status_code, self.background = 200, None
        self.body = b""
        self._events, self._answer, self._seconds, self._watch = events, answer, seconds, watch
        self.init_headers({"Cache-Control": "no-store", "X-Accel-Buffering": "no"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [header for header in self.raw_headers if header[0] != b"content-length"]
        await send({"type": "http.response.start", "status": self.status_code, "headers": headers})
        with suppress(ClientDisconnect, OSError):
            await while_connected(receive, self._send_all(send))

    async def _send_all(self, send: Send) -> None:
        async def put(body: bytes, more: bool = True) -> None:
            await send({"type": "http.response.body", "body": body, "more_body": more})

        try:
            async with asyncio.timeout(self._seconds), aclosing(self._events) as events:
                async for value in events:
                    await put(event(value))
        except Exception as fault:
            error = as_api_error(fault)
            if error.status == 500:
                self._watch(fault)
            await put(event(self._answer.failure(error)))
        await put(event(self._answer.last) if self._answer.last else b"", more=False)
