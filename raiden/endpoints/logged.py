"""A log of every request that was sent, for audit."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

from raiden.core.errors import EndpointError
from raiden.endpoints.base import ChatEndpoint, ChatReply, ChatRequest, Identity
from raiden.endpoints.faults import RequestError
from raiden.endpoints.journal import Journal


class LoggedEndpoint:
    """An endpoint that writes one JSON line a request: who was asked what, the reply or the error, seconds, tokens.

    Keys are not part of a request and never in the log.

    Raises:
        ConfigError: the file cannot be written, or another process uses it.
    """

    def __init__(self, endpoint: ChatEndpoint, path: str | Path) -> None:
        self.endpoint = endpoint
        self._journal = Journal(path)
        for _ in self._journal.lines():  # what a kill cut short must not run into the next line
            pass

    async def identity(self) -> Identity:
        return await self.endpoint.identity()

    async def complete(self, request: ChatRequest) -> ChatReply:
        begin = monotonic()
        line: dict[str, Any] = {"time": datetime.now(UTC).isoformat(timespec="milliseconds")}
        try:
            line["endpoint"] = asdict(await self.identity())
            reply = await self.endpoint.complete(request)
            line["reply"] = asdict(reply)
        except asyncio.CancelledError:
            line["error"] = "given up: the run was stopped"
            raise
        except EndpointError as fault:
            line["error"] = str(fault)
            if isinstance(fault, RequestError):
                line["tokens"] = [fault.prompt_tokens, fault.completion_tokens]
            raise
        finally:
            await self._journal.append(line | {"seconds": round(monotonic() - begin, 3), "request": asdict(request)})
        return reply

    async def close(self) -> None:
        await self._journal.close()
        await self.endpoint.close()
