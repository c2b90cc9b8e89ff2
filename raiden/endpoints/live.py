"""A model of this machine that answers requests as they come, each while it is written.

One thread computes; requests are made and read in the event loop.
"""

import asyncio
import itertools
import queue
import threading
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass
from hashlib import blake2b
from typing import TypeVar

from raiden.core.errors import EngineError
from raiden.core.types import Message
from raiden.endpoints.base import ChatRequest
from raiden.endpoints.faults import ContextLengthError, RequestError
from raiden.endpoints.local import LocalEndpoint
from raiden.endpoints.written import Piece, WrittenText
from raiden.rollout.engines import SamplingConfig
from raiden.rollout.engines.live import LiveEngine, LiveRequest, LiveRows, SampledToken
from raiden.rollout.engines.penalties import Penalties

_T = TypeVar("_T")


@dataclass(frozen=True)
class GenerationRequest:
    """What a completion, or several of one prompt, shall be."""

    token_ids: tuple[int, ...]
    seeds: tuple[int, ...]
    """One for each completion."""
    sampling: SamplingConfig
    stop: tuple[str, ...] = ()
    """Texts before which a completion ends."""
    num_top: int | None = None
    """See `LiveRequest`."""
    penalties: Penalties | None = None
    is_chat: bool = True
    """Whether it is a reply, whose reasoning is told apart; else the text is given as it is."""


class BusyError(EngineError):
    """As many requests wait as may."""


class _Job:
    """A request under way: where its pieces go, and what is written so far."""

    def __init__(self, key: int, asked: GenerationRequest, texts: list[WrittenText]) -> None:
        self.request = LiveRequest(key, asked.token_ids, asked.seeds, asked.sampling, asked.num_top, asked.penalties)
        self.texts = texts
        self.pieces: asyncio.Queue[Piece | Exception] = asyncio.Queue()
        self.is_left = False


class LiveModel:
    """Answers many requests side by side, by the engine of a local endpoint.

    Args:
        local: loaded; it is closed with this.
        max_rows: completions that are written side by side.
        max_waiting: requests that may wait for a place.

    Raises:
        EngineError: the engine answers batches alone.
    """

    def __init__(self, local: LocalEndpoint, max_rows: int, max_waiting: int) -> None:
        if not isinstance(local.engine, LiveEngine):
            raise EngineError(f"{type(local.engine).__name__} does not answer requests as they come (`live`)")
        self.local = local
        self.max_rows, self.max_waiting = max_rows, max_waiting
        self._rows: LiveRows = local.engine.live()
        self._keys = itertools.count()
        self._jobs: dict[int, _Job] = {}
        self._inbox: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        # A template is rendered by one process of its own, asked by one thread.
        self._prompts = ThreadPoolExecutor(1, thread_name_prefix="raiden-prompts")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._work, name="raiden-live", daemon=True)
        self._is_closed = False
        self._thread.start()

    @property
    def tells_logps(self) -> bool:
        return self._rows.tells_logps

    @property
    def penalises(self) -> bool:
        return self._rows.penalises

    @property
    def context(self) -> int:
        """Tokens of a prompt with its reply at most."""
        return self.local.context

    @property
    def fingerprint(self) -> str:
        """Another one means other replies: it changes with the weights' files and the type of computation."""
        return f"raiden-{blake2b(repr(self.local.own_identity).encode(), digest_size=6).hexdigest()}"

    @property
    def num_open(self) -> int:
        """Requests that are answered or wait."""
        return len(self._jobs)

    async def prompt(self, messages: Sequence[Message]) -> tuple[int, ...]:
        """The tokens of a conversation, by the model's chat template.

        Raises:
            RequestError: the template refuses it, or the context is too short.
        """
        return await self._in_prompts(lambda: self.local.prompt(ChatRequest(tuple(messages), max_tokens=1)))

    async def tokens(self, text: str) -> tuple[int, ...]:
        """The tokens of a text as it stands.

        Raises:
            ContextLengthError: the context is too short.
        """
        (ids,) = await self._in_prompts(lambda: self.local.chat.tokenize([text]))
        if len(ids) >= self.context:
            raise ContextLengthError(f"a prompt of {len(ids)} tokens is more than the model's context {self.context}")
        return ids

    async def _in_prompts(self, make: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._prompts, make)

    def refuse_if_busy(self) -> None:
        """To be called before `stream`.

        Raises:
            BusyError: as many wait as may.
            EngineError: the model is closed.
        """
        if self._is_closed:
            raise EngineError("the server is stopping")
        if self.num_open >= self.max_rows + self.max_waiting:
            raise BusyError(f"{self.num_open} requests are answered or wait, as many as may")

    async def stream(self, asked: GenerationRequest) -> AsyncGenerator[Piece, None]:
        """The completions piece by piece; closing it ends them.

        Raises:
            BusyError, EngineError: as for `refuse_if_busy`, or the engine failed.
        """
        self.refuse_if_busy()
        self._loop = asyncio.get_running_loop()
        texts = [WrittenText(self.local.chat, asked.stop, asked.is_chat) for _ in asked.seeds]
        job = _Job(next(self._keys), asked, texts)
        self._jobs[job.request.key] = job
        self._inbox.put(job)
        try:
            num_going_on = len(asked.seeds)
            while num_going_on:
                piece = await job.pieces.get()
                if isinstance(piece, Exception):
                    raise piece
                num_going_on -= piece.finish_reason is not None
                yield piece
        finally:
            job.is_left = True
            self._jobs.pop(job.request.key, None)
            self._rows.leave(job.request.key)

    async def warm_up(self) -> None:
        """Answers once for nobody: what the first reply alone waits for is then done.

        Raises:
            EngineError: the engine failed.
        """
        try:
            token_ids = await self.prompt([Message("user", "Hello")])
        except RequestError:  # a template that wants other turns than this one
            token_ids = await self.tokens("Hello")
        async with aclosing(self.stream(GenerationRequest(token_ids, (0,), SamplingConfig(max_tokens=2)))) as pieces:
            async for _ in pieces:
                pass

    async def close(self) -> None:
        """Ends all that is under way, and gives back what was taken."""
        if not self._is_closed:
            self._is_closed = True
            for job in list(self._jobs.values()):
                job.pieces.put_nowait(EngineError("the server is stopping"))
            self._inbox.put(None)
            await asyncio.to_thread(self._thread.join)
            self._prompts.shutdown()
            await self.local.close()

    # In the thread

    def _work(self) -> None:
        waiting: deque[_Job] = deque()
        under_way: dict[int, _Job] = {}
        while True:
            is_idle = not waiting and not self._rows.num_rows
            while is_idle or not self._inbox.empty():
                job = self._inbox.get()
                if job is None:
                    return
                waiting.append(job)
                is_idle = False
            try:
                while waiting and (waiting[0].is_left or self._has_room(waiting[0])):
                    job = waiting.popleft()
                    if not job.is_left:
                        under_way[job.request.key] = job
                        self._rows.join(job.request)
                self._rows.step(lambda sampled: self._on_token(under_way, sampled))
            except Exception as fault:  # whatever it is, those who wait have to hear of it
                self._rows.clear()
                for job in under_way.values():
                    self._tell(job, EngineError(f"the engine failed: {type(fault).__name__}: {fault}"))
                under_way.clear()
            for key in [key for key, job in under_way.items() if job.is_left or all(t.is_over for t in job.texts)]:
                del under_way[key]

    def _has_room(self, job: _Job) -> bool:
        return not self._rows.num_rows or self._rows.num_rows + len(job.request.seeds) <= self.max_rows

    def _on_token(self, under_way: dict[int, _Job], sampled: SampledToken) -> None:
        job = under_way[sampled.key]
        text = job.texts[sampled.choice]
        if text.is_over:
            return
        piece = text.add(sampled)
        if text.is_over and sampled.finish_reason is None:
            self._rows.leave(sampled.key, sampled.choice)
        if piece is not None:
            self._tell(job, piece)

    def _tell(self, job: _Job, piece: Piece | Exception) -> None:
        assert self._loop is not None
        # A loop that is closed has nobody left who waits.
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(job.pieces.put_nowait, piece)
