"""Messages of the parts, told by the names that a command's own options have."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from raiden.core.errors import RaidenError
from raiden.endpoints import ChatEndpoint, ChatReply, ChatRequest, Identity, stream_reply
from raiden.endpoints.base import Show


@contextmanager
def renamed(names: Mapping[str, str]) -> Iterator[None]:
    """Errors of raiden's own pass as they are, their messages with other names.

    Args:
        names: what is found in a message -> what stands there instead.
    """
    try:
        yield
    except RaidenError as error:
        found = "|".join(map(re.escape, names))
        error.args = (re.sub(found, lambda match: names[match[0]], str(error)),)
        raise


class NamedEndpoint:
    """An endpoint whose faults name the options of the command that asks it; `names` as for `renamed`."""

    def __init__(self, endpoint: ChatEndpoint, names: Mapping[str, str]) -> None:
        self.endpoint = endpoint
        self._names = names

    async def identity(self) -> Identity:
        with renamed(self._names):
            return await self.endpoint.identity()

    async def complete(self, request: ChatRequest) -> ChatReply:
        with renamed(self._names):
            return await self.endpoint.complete(request)

    async def stream(self, request: ChatRequest, show: Show) -> ChatReply:
        with renamed(self._names):
            return await stream_reply(self.endpoint, request, show)

    async def close(self) -> None:
        await self.endpoint.close()
