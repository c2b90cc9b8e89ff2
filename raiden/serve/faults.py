"""What is answered where a request cannot be: the protocol's own form of an error."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import JSONResponse

from raiden.core.errors import EngineError, InputError
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


def as_api_error(fault: Exception) -> ApiError:
    """How a fault of a model is told to who asked."""
    match fault:
        case ApiError():
            return fault
        case ContextLengthError():
            return ApiError(400, f"{fault}; shorten the messages.", "messages", "context_length_exceeded")
        case RequestError() | InputError():
            return ApiError(400, str(fault), "messages", "invalid_messages")
        case BusyError():
            headers = {"Retry-After": str(_RETRY_SECONDS)}
            return ApiError(429, f"{fault}; try again in a moment.", None, "too_many_requests", headers)
        case EngineError():
            return ApiError(503, str(fault), None, "engine_failed")
        case TimeoutError():
            return ApiError(504, "the reply took longer than the server's --timeout.", None, "timeout")
    return ApiError(500, f"{type(fault).__name__} in the server; its terminal says more.", None, "internal_error")
