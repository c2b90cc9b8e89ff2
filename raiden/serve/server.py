"""The application on a socket, until a signal ends it."""

import asyncio
import socket
from collections.abc import Callable, Sequence

import uvicorn
from starlette.applications import Starlette

from raiden.core.errors import ConfigError
from raiden.endpoints.live import LiveModel

_GRACE_SECONDS = 3


def open_socket(host: str, port: int) -> socket.socket:
    """A socket that has its address and is not listened on yet: who comes before the model is loaded is refused.

    Raises:
        ConfigError: the address cannot be had.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        opened = socket.socket(family, kind, protocol)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(address)
    except OSError as fault:
        raise ConfigError(
            f"`host`, `port`: {host}:{port} cannot be served at ({fault.strerror}); give another --port."
        ) from fault
    return opened


def address_of(opened: socket.socket) -> str:
    """What a browser is given to get there."""
    host, port = opened.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


class _Server(uvicorn.Server):
    """Listens when all models have answered once, and ends what is being written before it waits for who reads it."""

    def __init__(self, config: uvicorn.Config, models: Sequence[LiveModel], ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._models, self._ready = models, ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        for model in self._models:
            await model.warm_up()
        await super().startup(sockets)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await asyncio.gather(*(model.close() for model in self._models))
        await super().shutdown(sockets)


def make_server(app: Starlette, models: Sequence[LiveModel], ready: Callable[[], None]) -> uvicorn.Server:
    """A server of the application, which closes the models at its end.

    Args:
        ready: called when the first request can be answered without delay.
    """
    config = uvicorn.Config(
        app,
        http="h11",  # the one that uvicorn brings along: the same everywhere
        log_level="error",
        access_log=False,
        server_header=False,
        ws="none",
        lifespan="off",
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    return _Server(config, models, ready)
