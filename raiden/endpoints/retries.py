"""Bounded concurrency, and another try for what may succeed on another try."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from raiden.core.errors import AccessError, ConfigError, require_at_least
from raiden.endpoints.base import ChatEndpoint, ChatReply, ChatRequest, Identity, Show, stream_reply
from raiden.endpoints.faults import RequestError, TransientError

_T = TypeVar("_T")
# The same seed would bring the same malformed reply again; far apart, so that no other request has it.
_SEED_STRIDE = 1_000_003
_MIND_OF_ITS_OWN = ("empty", "malformed")
_IS_TRANSIENT = retry_if_exception_type(TransientError)

Keep = Callable[[ChatReply], Awaitable[None]]
"""Puts a reply where it outlives the process."""


async def keep_nothing(reply: ChatReply) -> None:
    """For replies that can be had again."""


class RetryingEndpoint:
    """An endpoint that is asked by many at once, and again after a failure that may pass.

    Waits grow exponentially with full jitter, from `base_wait` to `max_wait` seconds, and are never shorter than a
    Retry-After header asks. A request that waits lets others go first. Content is never made up: when the last try
    has failed, all reasons are in the error. A greedy request is tried once more after a malformed reply, not oftener.

    Args:
        endpoint: raises TransientError for what is worth another try.
        max_retries: tries after the first, 0 or more.
        concurrency: requests in flight at once, at least 1.
        base_wait: seconds; the first wait is drawn from 0 to this.
        max_wait: seconds; no wait by back-off is longer.
        max_retry_after: seconds; a server that asks for a longer pause is asked again after this one.
    """

    def __init__(
        self,
        endpoint: ChatEndpoint,
        max_retries: int = 6,
        concurrency: int = 16,
        base_wait: float = 0.5,
        max_wait: float = 30.0,
        max_retry_after: float = 120.0,
    ) -> None:
        if max_retries < 0:
            raise ConfigError(f"`max_retries` must be at least 0, got {max_retries}; 0 tries each request once.")
        require_at_least("concurrency", concurrency, 1, "request in flight")
        self.endpoint = endpoint
        self.max_retries = max_retries
        self.max_retry_after = max_retry_after
        self.num_retries_by_reason: Counter[str] = Counter()
        """How often a request was tried again, by what had gone wrong: `429`, `timeout`, `malformed`, ..."""
        self._stop = stop_after_attempt(max_retries + 1)
        self._backoff = wait_random_exponential(multiplier=base_wait, max=max_wait)
        self._in_flight = asyncio.Semaphore(concurrency)
        self._has_replied = False

    async def identity(self) -> Identity:
        return await self._persist(self.endpoint.identity, [])

    async def complete(self, request: ChatRequest, keep: Keep = keep_nothing) -> ChatReply:
        """The reply; until `keep` is done with it, it counts as in flight."""
        return await self._ask(self.endpoint.complete, request, keep)

    async def stream(self, request: ChatRequest, show: Show) -> ChatReply:
        """As `complete`; what breaks off after some of it was shown is not tried again."""
        num_shown = 0

        def count(piece: str) -> None:
            nonlocal num_shown
            num_shown += 1
            show(piece)

        async def ask(request: ChatRequest) -> ChatReply:
            try:
                return await stream_reply(self.endpoint, request, count)
            except TransientError as fault:
                if num_shown:
                    raise RequestError(f"the reply broke off: {fault}") from fault
                raise

        return await self._ask(ask, request)

    async def _ask(
        self,
        ask: Callable[[ChatRequest], Awaitable[ChatReply]],
        request: ChatRequest,
        keep: Keep = keep_nothing,
    ) -> ChatReply:
        faults: list[TransientError] = []

        async def one_try() -> ChatReply:
            reply = await ask(_vary(request, faults))
            # Not where `identity` returns: that of a model that was named needs no server.
            self._has_replied = True
            reply = replace(
                reply,
                prompt_tokens=reply.prompt_tokens + sum(fault.prompt_tokens for fault in faults),
                completion_tokens=reply.completion_tokens + sum(fault.completion_tokens for fault in faults),
                num_retries=len(faults),
            )
            await keep(reply)
            return reply

        return await self._persist(one_try, faults, is_greedy=request.temperature == 0)

    async def close(self) -> None:
        await self.endpoint.close()

    async def _persist(
        self, call: Callable[[], Awaitable[_T]], faults: list[TransientError], is_greedy: bool = False
    ) -> _T:
        """The result of the first try that succeeds; `faults` takes down why those before it did not."""
        tries = AsyncRetrying(
            # Whatever the seed, a greedy model writes the same again; the second try is for servers that compute it
            # in another order.
            stop=lambda state: self._stop(state) or (is_greedy and _num_malformed(faults) > 1),
            wait=self._wait,
            retry=_IS_TRANSIENT,
            before_sleep=self._count,
            reraise=True,
        )

        async def one_try() -> _T:
            async with self._in_flight:
                try:
                    return await call()
                except TransientError as fault:
                    faults.append(fault)
                    raise

        try:
            return await tries(one_try)
        except TransientError as last:
            raise self._give_up(faults) from last

    def _wait(self, state: RetryCallState) -> float:
        asked = _fault(state).retry_after or 0.0
        return min(asked, self.max_retry_after) + self._backoff(state)

    def _count(self, state: RetryCallState) -> None:
        self.num_retries_by_reason[_fault(state).reason] += 1

    def _give_up(self, faults: list[TransientError]) -> AccessError | RequestError:
        reasons = Counter(str(fault) for fault in faults)
        told = "; ".join(f"{reason} ({count} x)" for reason, count in reasons.items())
        if not self._has_replied and all(fault.reason == "connection" for fault in faults):
            return AccessError(f"the server was never reached: {told}; start it, or correct its address.")
        return RequestError(
            f"no reply after {len(faults)} tries: {told}",
            prompt_tokens=sum(fault.prompt_tokens for fault in faults),
            completion_tokens=sum(fault.completion_tokens for fault in faults),
            num_retries=len(faults) - 1,
        )


def _fault(state: RetryCallState) -> TransientError:
    fault = state.outcome.exception() if state.outcome else None
    assert isinstance(fault, TransientError)
    return fault


def _vary(request: ChatRequest, faults: list[TransientError]) -> ChatRequest:
    """The request for the next try: the same, unless the model itself was at fault."""
    num_malformed = _num_malformed(faults)
    return replace(request, seed=request.seed + num_malformed * _SEED_STRIDE) if num_malformed else request


def _num_malformed(faults: list[TransientError]) -> int:
    """How often the model itself was at fault."""
    return sum(fault.reason in _MIND_OF_ITS_OWN for fault in faults)
