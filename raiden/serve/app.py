"""The application: routes, the page's files, and one form for all errors."""

import traceback
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from raiden.chat import SampleBook
from raiden.core.errors import RaidenError
from raiden.core.terminal import printable
from raiden.rollout.engines import SamplingConfig
from raiden.serve.completions import Completions
from raiden.serve.faults import ApiError, as_api_error
from raiden.serve.guards import Addresses, Guard, asked_path
from raiden.serve.lineup import Lineup
from raiden.serve.talking import Talking

_PAGE = Path(__file__).with_name("page")
_KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
_SERVED = "served are /v1/models, /v1/responses, /v1/chat/completions and /v1/completions"
_MAX_LINE, _MAX_LINES = 200, 200
_HEADERS = {
    # Nothing but the page's own files: what a model writes can load and run nothing, whatever becomes of it.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


@dataclass(frozen=True)
class Access:
    """Who may ask; see `Guard`."""

    hosts: Collection[str] | None = None
    origins: Collection[str] = ()
    api_key: str | None = None


def build_app(
    lineup: Lineup, book: SampleBook, sampling: SamplingConfig, timeout: float = 600.0, access: Access = Access()
) -> Starlette:
    """The server's application.

    Args:
        book: samples by which replies are explained.
        sampling: what holds where a request does not say it.
        timeout: seconds that a request may take, waiting included.
    """
    terminal = Terminal()
    completions = Completions(lineup, sampling, timeout, terminal.tell, terminal.tell_once, _watch)
    middleware = [
        Middleware(Addresses),
        Middleware(Guard, access.hosts, access.origins, access.api_key, terminal.tell_once),
    ]
    if access.origins:
        cors = Middleware(CORSMiddleware, allow_origins=access.origins, allow_methods=["*"], allow_headers=["*"])
        middleware.insert(0, cors)
    routes = [
        Route("/", _page_file),
        Route("/page/{name}", _page_file),
        Route("/health", _health),
        *completions.routes,
        *Talking(lineup, book, sampling).routes,
    ]
    handlers = {HTTPException: _as_error, Exception: _as_error, ApiError: _as_error, RaidenError: _as_error}
    return Starlette(routes=routes, middleware=middleware, exception_handlers={**handlers, TimeoutError: _as_error})


class Terminal:
    """Where the server says what it does."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def tell(self, line: str) -> None:
        print(printable(line), flush=True)

    def tell_once(self, line: str) -> None:
        """Says it if it was not said; what others make up is cut, and no more than so much is kept of it."""
        line = line[:_MAX_LINE]
        if line not in self._told and len(self._told) < _MAX_LINES:
            self._told.add(line)
            self.tell(line)


async def _health(request: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _page_file(request: Request) -> Response:
    name = request.path_params.get("name", "index.html")
    content = _page().get(name)
    if content is None:
        raise HTTPException(404)
    return Response(content, headers=_HEADERS, media_type=_KINDS[Path(name).suffix])


@cache
def _page() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in _PAGE.iterdir() if path.suffix in _KINDS}


async def _as_error(request: Request, fault: Exception) -> Response:
    if isinstance(fault, HTTPException):
        told = {
            404: f"there is nothing at {asked_path(request)} ({_SERVED})",
            405: f"{request.method} is not for this address",
        }
        message = f"{told.get(fault.status_code, fault.detail)}; the API is at /v1, the page at /."
        return ApiError(fault.status_code, message, headers=fault.headers).response
    if isinstance(fault, ClientDisconnect):
        return Response(status_code=499)  # to nobody
    error = as_api_error(fault)
    if error.status == 500:
        _watch(fault)
    return error.response


def _watch(fault: Exception) -> None:
    """A fault of ours: in full, on the terminal."""
    traceback.print_exception(fault)
