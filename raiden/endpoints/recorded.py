"""Replies are kept: what was asked and paid for once is never sent again, in this run or in a later one."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from hashlib import blake2b
from pathlib import Path
from time import monotonic
from typing import Any

from raiden.core.errors import EndpointError
from raiden.core.journal import Journal
from raiden.endpoints.base import ChatReply, ChatRequest, Identity
from raiden.endpoints.faults import RequestError
from raiden.endpoints.retries import RetryingEndpoint

_FIELDS = {"key": str, "text": str, "prompt_tokens": int, "completion_tokens": int}


@dataclass
class Usage:
    """What has been asked and charged since the endpoint was made."""

    num_replies: int = 0
    """Replies from the server and from the record."""
    num_replayed: int = 0
    """Those of them that came from the record."""
    num_failed: int = 0
    """Requests that ended in an error."""
    prompt_tokens: int = 0
    """Charged in this run, tries in vain and failed requests included."""
    completion_tokens: int = 0


class RecordedEndpoint:
    """An endpoint whose replies are kept in a file; a known request is answered from there.

    A request is known by the digest of itself and of who replies. Its reply is on the disk before it is handed on, and
    before another request takes its place: at most as many as the endpoint has in flight are paid for and not on the
    disk. Equal requests at the same time are sent once. Errors are not kept: they are worth a new try in the next run.

    Args:
        path: made where it is missing; one process at a time may use it.
        log: a file for audit, with a line for each request that was sent: who was asked what, the reply or the error,
            seconds, tokens. Keys are not part of a request and never in it.

    Raises:
        ConfigError: a file cannot be written, or another process uses it.
        InputError: a line of it is no reply; only a last line cut short by a kill is taken off.
    """

    def __init__(self, endpoint: RetryingEndpoint, path: str | Path, log: str | Path | None = None) -> None:
        self.endpoint = endpoint
        self.usage = Usage()
        self._replies = Journal(path, _key_of_reply)
        self._log = None if log is None else Journal(log, lambda line: str(line["time"]))
        self._asked: dict[str, asyncio.Task[ChatReply]] = {}

    async def identity(self) -> Identity:
        return await self.endpoint.identity()

    async def complete(self, request: ChatRequest) -> ChatReply:
        identity = await self.identity()
        key = request_key(identity, request)
        if key in self._replies:
            return self._replay(key)
        if key not in self._asked:
            self._asked[key] = asyncio.create_task(self._ask(key, identity, request))
        # Shielded: others may wait for the same reply.
        return await asyncio.shield(self._asked[key])

    async def close(self) -> None:
        """Gives up the requests in flight and closes the files; may be called twice."""
        asked = list(self._asked.values())
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        for journal in (self._replies, self._log):
            if journal is not None:
                await journal.close()
        await self.endpoint.close()

    async def _ask(self, key: str, identity: Identity, request: ChatRequest) -> ChatReply:
        line: dict[str, Any] = {"time": datetime.now(UTC).isoformat(timespec="milliseconds")}
        line["endpoint"] = asdict(identity)
        begin = monotonic()
        try:
            reply = await self.endpoint.complete(request, partial(self._keep, key))
            line["reply"] = asdict(reply)
        except asyncio.CancelledError:
            line["error"] = "given up: the run was stopped"
            raise
        except EndpointError as fault:
            line["error"] = str(fault)
            if isinstance(fault, RequestError):
                line["tokens"] = [fault.prompt_tokens, fault.completion_tokens]
                self._charge(fault)
                self.usage.num_failed += 1
            raise
        finally:
            del self._asked[key]
            if self._log is not None:
                line |= {"seconds": round(monotonic() - begin, 3), "request": asdict(request)}
                await self._log.append(line)
        self.usage.num_replies += 1
        return reply

    async def _keep(self, key: str, reply: ChatReply) -> None:
        self._charge(reply)
        await self._replies.append(_line(key, reply))

    def _charge(self, reply: ChatReply | RequestError) -> None:
        self.usage.prompt_tokens += reply.prompt_tokens
        self.usage.completion_tokens += reply.completion_tokens

    def _replay(self, key: str) -> ChatReply:
        line = self._replies[key]
        self.usage.num_replies += 1
        self.usage.num_replayed += 1
        return ChatReply(
            line["text"],
            line["prompt_tokens"],
            line["completion_tokens"],
            truncated=line.get("truncated", False),  # records of earlier versions do not say
        )


def request_key(identity: Identity, request: ChatRequest) -> str:
    """What a request is known by: equal for equal requests to the same model."""
    messages = [[message.role, message.content] for message in request.messages]
    rest: list[Any] = [request.max_tokens, request.temperature, request.seed, request.schema]
    who = asdict(identity)
    # Left out where they say nothing, so that records of versions that had no such fields go on to be found.
    if not identity.weights:
        del who["weights"]
    if request.verbatim:
        rest.append("verbatim")
    if request.num_alternatives:
        rest.append(request.num_alternatives)
    text = json.dumps([who, messages, *rest], ensure_ascii=False)
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _line(key: str, reply: ChatReply) -> dict[str, Any]:
    fields = {name: getattr(reply, name) for name in _FIELDS if name != "key"}
    return {"key": key, **fields, "truncated": reply.truncated}


def _key_of_reply(line: Mapping[str, Any]) -> str:
    wrong = [name for name, kind in _FIELDS.items() if not isinstance(line[name], kind)]
    if wrong:
        raise TypeError(f"`{wrong[0]}` is {line[wrong[0]]!r}")
    return str(line["key"])
