"""What is answered where a request cannot be: the protocol's own form of an error."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from starlette.responses import JSONResponse

from raiden.core.errors import EngineError, InputError, RaidenError
from raiden.endpoints import ContextLengthError, RequestError
from raiden.endpoints.live import BusyError

_RETRY_SECONDS = 2


class ApiError(Exception):
    """An answer that is an error.

    Args:
        param: the field of the request that is at fault.
        code: for programs.
    """

    def __init__(
        self,
        status: int,
        message: str,
        param: str | None = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.param, self.code, self.headers = status, message, param, code, headers

    @property
    def body(self) -> dict[str, dict[str, str | None]]:
        """As the protocol has it."""
        kinds = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
        kind = kinds.get(self.status, "server_error" if self.status >= 500 else "invalid_request_error")
        return {"error": {"message": self.message, "type": kind, "param": self.param, "code": self.code}}

    @property
    def response(self) -> JSONResponse:
        return JSONResponse(self.body, self.status, self.headers)


def as_api_error(fault: Exception, param: str = "messages") -> ApiError:
    """How a fault of a model is told to who asked, by the field of the request that the prompt was made of."""
    match fault:
        case ApiError():
            return fault
        case ContextLengthError():
            return ApiError(400, f"{fault}; shorten `{param}`.", param, "context_length_exceeded")
        case RequestError() | InputError():
            return ApiError(400, str(fault), param, f"invalid_{param}")
        case BusyError():
            headers = {"Retry-After": str(_RETRY_SECONDS)}
            return ApiError(429, f"{fault}; try again in a moment.", None, "too_many_requests", headers)
        case EngineError():
            return ApiError(503, str(fault), None, "engine_failed")
        case TimeoutError():
            return ApiError(504, "the reply took longer than the server's --timeout.", None, "timeout")
    return ApiError(500, f"{type(fault).__name__} in the server; its terminal says more.", None, "internal_error")


@contextmanager
def told_of(param: str) -> Iterator[None]:
    """Within it, faults of a prompt are told as those of the field that it is made of."""
    try:
        yield
    except RaidenError as fault:
        raise as_api_error(fault, param) from fault
