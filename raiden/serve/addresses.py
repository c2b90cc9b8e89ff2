"""The address of a request, as it was meant: with /v1, without it or with more than that, with a slash too many."""

from urllib.parse import unquote

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

_VERSION = "v1"


class Addresses:
    """Stands before everything that looks at a path, which has one form behind it.

    Clients put their own end (`/chat/completions`, `/v1/chat/completions`, `/openai/v1/chat/completions`) to an
    address that somebody gave with `/v1`, without it, or with a slash at its end.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app({**scope, "path": meant(scope["path"])}, receive, send)


def meant(path: str) -> str:
    """The path without empty parts, and without the protocol's version and what is before that.

    >>> meant("/v1/models"), meant("/models/"), meant("/openai/v1/models"), meant("/v1//v1/models"), meant("/v1")
    ('/models', '/models', '/models', '/models', '/v1')
    """
    parts = [part for part in path.split("/") if part]
    while _VERSION in parts[:-1]:
        del parts[: parts.index(_VERSION) + 1]
    return "/" + "/".join(parts)


def asked_path(request: Request) -> str:
    """The path as the client wrote it, for what it is told."""
    return unquote(request.scope["raw_path"].decode("ascii"))
