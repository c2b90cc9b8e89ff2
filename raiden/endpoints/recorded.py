"""Replies are kept: what was asked and paid for once is never sent again, in this run or in a later one."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from raiden.core.errors import InputError
from raiden.endpoints.base import ChatEndpoint, ChatReply, ChatRequest, Identity
from raiden.endpoints.faults import RequestError
from raiden.endpoints.journal import Journal

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
    replayed_prompt_tokens: int = 0
    """Charged in an earlier run, for the replies that came from the record."""
    replayed_completion_tokens: int = 0


class RecordedEndpoint:
    """An endpoint whose replies are kept in a file; a known request is answered from there.

    A request is known by the digest of itself and of who replies. Its reply is on the disk before it is handed on.
    Equal requests at the same time are sent once. Errors are not kept: they are worth a new try in the next run.

    Args:
        path: made where it is missing; one process at a time may use it.

    Raises:
        ConfigError: the file cannot be written, or another process uses it.
        InputError: a line of it is no reply; only a last line cut short by a kill is taken off.
    """

    def __init__(self, endpoint: ChatEndpoint, path: str | Path) -> None:
        self.endpoint = endpoint
        self.usage = Usage()
        self._journal = Journal(path)
        # Where each reply stands in the file: a large run's replies need not all be in memory.
        self._starts = self._index()
        self._asked: dict[str, asyncio.Task[ChatReply]] = {}

    @property
    def num_replayed(self) -> int:
        """Replies that came from the record."""
        return self.usage.num_replayed

    async def identity(self) -> Identity:
        return await self.endpoint.identity()

    async def complete(self, request: ChatRequest) -> ChatReply:
        key = request_key(await self.identity(), request)
        if key in self._starts:
            return self._replay(key)
        if key not in self._asked:
            self._asked[key] = asyncio.create_task(self._ask(key, request))
        # Shielded: others may wait for the same reply.
        return await asyncio.shield(self._asked[key])

    async def close(self) -> None:
        """Gives up the requests in flight and closes the file; may be called twice."""
        asked = list(self._asked.values())
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        await self._journal.close()
        await self.endpoint.close()

    async def _ask(self, key: str, request: ChatRequest) -> ChatReply:
        try:
            reply = await self.endpoint.complete(request)
            self._charge(reply)
            start = await self._journal.append(_line(key, reply))
        except RequestError as fault:
            self._charge(fault)
            self.usage.num_failed += 1
            raise
        finally:
            del self._asked[key]
        self._starts[key] = start
        self.usage.num_replies += 1
        return reply

    def _charge(self, reply: ChatReply | RequestError) -> None:
        self.usage.prompt_tokens += reply.prompt_tokens
        self.usage.completion_tokens += reply.completion_tokens

    def _replay(self, key: str) -> ChatReply:
        line = self._journal.read(self._starts[key])
        reply = ChatReply(
            line["text"],
            line["prompt_tokens"],
            line["completion_tokens"],
            truncated=line.get("truncated", False),  # records of earlier versions do not say
        )
        self.usage.num_replies += 1
        self.usage.num_replayed += 1
        self.usage.replayed_prompt_tokens += reply.prompt_tokens
        self.usage.replayed_completion_tokens += reply.completion_tokens
        return reply

    def _index(self) -> dict[str, int]:
        starts: dict[str, int] = {}
        for number, (start, line) in enumerate(self._journal.lines(), 1):
            if not _is_reply(line):
                fields = ", ".join(_FIELDS)
                raise InputError(
                    f"{self._journal.path}:{number}: not a recorded reply (needs {fields}); "
                    "remove this line, or give the path of a record."
                )
            starts.setdefault(line["key"], start)
        return starts


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
    text = json.dumps([who, messages, *rest], ensure_ascii=False)
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _line(key: str, reply: ChatReply) -> dict[str, Any]:
    return {
        "key": key,
        **{name: getattr(reply, name) for name in _FIELDS if name != "key"},
        "truncated": reply.truncated,
    }


def _is_reply(line: Any) -> bool:
    return isinstance(line, dict) and all(isinstance(line.get(name), type_) for name, type_ in _FIELDS.items())
