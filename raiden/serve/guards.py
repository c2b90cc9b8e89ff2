"""What stands before the application: addresses as they were meant, and who may ask.

Requests of other hosts, of web pages of other origins, and without the key are turned away.
"""

import hmac
from collections.abc import Callable, Collection
from urllib.parse import unquote, urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from raiden.serve.faults import ApiError

LOOPBACK = ("localhost", "127.0.0.1", "::1")
_OPEN = ("/", "/health")
"""What needs no key, beside the page's own files."""


class Guard:
    """Stands before the whole application.

    A page of another origin can make a browser send requests here. Those say where they are from (`Origin`), or are
    sent to a name that its owner has pointed to this machine (`Host`: DNS rebinding); both are refused.

    Args:
        hosts: names by which this machine may be called; None: by any, where a key is needed.
        origins: of pages elsewhere that may ask.
        api_key: that requests must bring; None: none.
        tell: gets the reason of a refusal: what a browser is told, the page in it does not hear.
    """

    def __init__(
        self,
        app: ASGIApp,
        hosts: Collection[str] | None,
        origins: Collection[str],
        api_key: str | None,
        tell: Callable[[str], None],
    ) -> None:
        self._app, self._tell = app, tell
        self._hosts, self._origins = hosts, origins
        self._key = None if api_key is None else api_key.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (refusal := self._refusal(Headers(scope=scope), scope["path"])) is not None:
            self._tell(f"refused: {refusal.message}")
            await refusal.response(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _refusal(self, headers: Headers, path: str) -> ApiError | None:
        host = headers.get("host", "")
        if self._hosts is not None and host_name(host) not in self._hosts:
            told = f"this server does not answer to the name {host_name(host)!r}; call it by {', '.join(self._hosts)}."
            return ApiError(403, told, None, "wrong_host")
        origin = headers.get("origin")
        if origin is not None and origin not in self._origins and urlsplit(origin).netloc != host:
            told = f"pages of {origin} may not ask here; start the server with --allow_origin {origin} if they shall."
            return ApiError(403, told, None, "wrong_origin")
        if self._key is not None and path not in _OPEN and not path.startswith("/page/"):
            given = headers.get("authorization", "").removeprefix("Bearer ").strip().encode("utf-8", "replace")
            if not hmac.compare_digest(given, self._key):
                told = "the header `Authorization: Bearer KEY` must hold the key that the server was started with."
                return ApiError(401, told, None, "invalid_api_key", {"WWW-Authenticate": "Bearer"})
        return None


def host_name(host: str) -> str:
    """The name in a Host header, without its port.

    >>> host_name("localhost:8080"), host_name("[::1]:8080"), host_name("::1")
    ('localhost', '::1', '')
    """
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


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
