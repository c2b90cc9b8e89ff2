"""Replies that the test server sends while it writes them, as server-sent events."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from aiohttp import web

PIECE = 3
"""Characters in one event, so that tags and words come in parts."""
ENDS = ("length", "cut", "error", "quiet")
"""How a stream may end, other than with its reply."""


async def stream(request: web.Request, text: str, latency: float, end: str = "stop") -> web.StreamResponse:
    """Sends a reply piece by piece.

    Args:
        latency: seconds before each piece.
        end: the finish reason; or, in the middle of the reply, `cut` drops the connection, `error`
            sends one, and `quiet` says nothing more.
    """
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    sent = text[: len(text) // 2] if end in ("cut", "error", "quiet") else text
    for start in range(0, len(sent), PIECE):
        await asyncio.sleep(latency)
        await _send(response, _chunk({"content": sent[start : start + PIECE]}))
    if end == "cut":
        assert request.transport is not None
        request.transport.close()
    elif end == "error":
        await _send(response, {"error": {"message": "the worker died", "code": 500}})
    elif end != "quiet":
        await _send(response, _chunk({}, end))
        await response.write(b"data: [DONE]\n\n")
    return response


async def _send(response: web.StreamResponse, event: dict[str, Any]) -> None:
    await response.write(f"data: {json.dumps(event)}\n\n".encode())


def _chunk(delta: dict[str, str], finish_reason: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return {
        "id": "chatcmpl-test",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": "test-model",
        "choices": [choice],
    }
