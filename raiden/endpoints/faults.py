"""How a request can fail: for this run, for good, or for now.

EndpointError
├── AccessError          no request of this run can succeed; the pipeline stops
└── RequestError         this request failed; others may succeed
    ├── ContextLengthError   the conversation is too long for the model
    └── TransientError   the same request may succeed when tried again
"""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from raiden.core.errors import AccessError, EndpointError

# 424 is Bedrock's word for a model that stumbled over this request.
_WORTH_RETRYING = (408, 409, 424, 425, 429)
_MAX_MESSAGE_LENGTH = 500
_CONTEXT_STATUSES = (400, 413, 422)
# How vLLM, SGLang, llama.cpp, Bedrock and OpenAI itself say that a prompt is too long.
_CONTEXT_WORDS = re.compile(
    r"context[ _](?:length|size|window)|(?:prompt|input) is (?:too long|longer)|too many (?:input )?tokens",
    re.IGNORECASE,
)


class RequestError(EndpointError):
    """One request failed, and trying again is no use or has been tried.

    Args:
        prompt_tokens: charged all the same, over all tries.
        completion_tokens: likewise.
        num_retries: tries after the first.
    """

    def __init__(
        self, message: str, *, prompt_tokens: int = 0, completion_tokens: int = 0, num_retries: int = 0
    ) -> None:
        super().__init__(message)
        self.prompt_tokens = prompt_tokens
        self.completion_tokens = completion_tokens
        self.num_retries = num_retries


class ContextLengthError(RequestError):
    """The prompt, with room for the reply, is longer than the model's context."""


class TransientError(RequestError):
    """One try failed, and another may succeed.

    Args:
        reason: what is counted: an HTTP status, or `timeout`, `connection`, `not_json`, `empty`, `malformed`.
        retry_after: seconds that the server asks to wait; None where it does not say.
    """

    def __init__(
        self,
        message: str,
        reason: str,
        *,
        retry_after: float | None = None,
        prompt_tokens: int = 0,
        completion_tokens: int = 0,
    ) -> None:
        super().__init__(message, prompt_tokens=prompt_tokens, completion_tokens=completion_tokens)
        self.reason = reason
        self.retry_after = retry_after


def status_error(
    status: int, message: str, remedies: Mapping[int, str], retry_after: float | None = None
) -> EndpointError:
    """The error for an HTTP status.

    Args:
        message: what the server said.
        remedies: what to change, for each status that ends the run.
    """
    text = f"HTTP {status}: {shorten(message)}"
    if status in remedies:
        return AccessError(f"{text}; {remedies[status]}.")
    if status in _CONTEXT_STATUSES and _CONTEXT_WORDS.search(message):
        return ContextLengthError(text)
    if status in _WORTH_RETRYING or status >= 500:
        return TransientError(text, str(status), retry_after=retry_after)
    return RequestError(text)


def shorten(message: str) -> str:
    """The beginning of a server's message, on one line: some send whole pages."""
    message = " ".join(message.split())
    return message if len(message) <= _MAX_MESSAGE_LENGTH else message[:_MAX_MESSAGE_LENGTH] + "..."


def parse_retry_after(value: str | None) -> float | None:
    """Seconds to wait by a Retry-After header, which holds seconds or an HTTP date; None where it says nothing.

    >>> parse_retry_after("1.5"), parse_retry_after("Wed, 21 Oct 2015 07:28:00 GMT"), parse_retry_after("soon")
    (1.5, 0.0, None)
    """
    if not value:
        return None
    try:
        seconds = float(value)
        return max(0.0, seconds) if math.isfinite(seconds) else None
    except ValueError:
        pass
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    # A date without a zone is meant as GMT.
    date = date if date.tzinfo else date.replace(tzinfo=UTC)
    return max(0.0, (date - datetime.now(UTC)).total_seconds())
