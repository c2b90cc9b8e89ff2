"""/v1/models, /v1/chat/completions and /v1/completions."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from raiden.endpoints.live import GenerationRequest
from raiden.rollout.engines import SamplingConfig
from raiden.serve.answers import Answer
from raiden.serve.bodies import Body, ChatBody, TextBody, read_body
from raiden.serve.connection import EventStream, read_json, while_connected
from raiden.serve.faults import ApiError
from raiden.serve.lineup import Lineup, Voice

_OWNER = "raiden"


@dataclass(frozen=True)
class SamplingDefaults:
    """What holds where a request does not say it."""

    temperature: float = 0.7
    max_tokens: int = 512
    timeout: float = 600.0
    """Seconds that a request may take, waiting included; no request says it."""


class Completions:
    """The protocol's three routes.

    Args:
        tell: gets a line on each answer.
        tell_once: gets a line that may come again and again.
        watch: is told of faults of the server's own.
    """

    def __init__(
        self,
        lineup: Lineup,
        defaults: SamplingDefaults,
        tell: Callable[[str], None],
        tell_once: Callable[[str], None],
        watch: Callable[[Exception], None],
    ) -> None:
        self.lineup, self.defaults = lineup, defaults
        self._tell, self._tell_once, self._watch = tell, tell_once, watch
        self._started = int(time.time())

    @property
    def routes(self) -> list[Route]:
        return [
            Route(f"{root}{path}", answer, methods=[method])
            for root in ("/v1", "")  # as clients write it whose address is given without /v1
            for path, answer, method in (
                ("/models", self.models, "GET"),
                ("/models/{name:path}", self.model, "GET"),
                ("/chat/completions", self.chat, "POST"),
                ("/completions", self.text, "POST"),
            )
        ]

    async def models(self, request: Request) -> Response:
        """All names that can be asked."""
        return JSONResponse({"object": "list", "data": [self._entry(name) for name in self.lineup.names]})

    async def model(self, request: Request) -> Response:
        """One of them; without a name, as some write the list's address, all."""
        name = request.path_params["name"]
        return JSONResponse(self._entry(self.lineup.find(name).name)) if name else await self.models(request)

    def _entry(self, name: str) -> dict[str, Any]:
        served = self.lineup.find(name).served
        length = {"max_model_len": served.model.context}  # as vLLM tells it; clients fill their context by it
        return {"id": name, "object": "model", "created": self._started, "owned_by": _OWNER, **length}

    async def chat(self, request: Request) -> Response:
        """A reply to a conversation."""
        body = read_body(ChatBody, await read_json(request))
        voice = self.lineup.find(body.model or "")
        token_ids = await voice.served.model.prompt(voice.conversation([turn.message for turn in body.messages]))
        limit = body.max_completion_tokens or body.max_tokens
        return await self._answer(request, body, voice, self._asked(body, voice, token_ids, limit, body.num_top))

    async def text(self, request: Request) -> Response:
        """A text gone on with."""
        body = read_body(TextBody, await read_json(request))
        voice = self.lineup.find(body.model or "")
        if voice.profile is not None:
            told = f"`model`: {voice.name} answers /v1/chat/completions alone; a bare text has no room for its prompt."
            raise ApiError(400, told, "model", "unsupported_value")
        token_ids = await voice.served.model.tokens(body.text)
        asked = self._asked(body, voice, token_ids, body.max_tokens, body.logprobs, is_chat=False)
        return await self._answer(request, body, voice, asked)

    def _asked(
        self,
        body: Body,
        voice: Voice,
        token_ids: tuple[int, ...],
        max_tokens: int | None,
        num_top: int | None,
        is_chat: bool = True,
    ) -> GenerationRequest:
        model = voice.served.model
        if num_top is not None and not model.tells_logps:
            raise ApiError(400, "`logprobs` is not supported for this model.", "logprobs", "unsupported_parameter")
        if body.penalties is not None and not model.penalises:
            raise ApiError(400, "penalties are not supported for this model.", None, "unsupported_parameter")
        if len(body.seeds) > model.max_rows:
            raise ApiError(400, f"`n` must be at most {model.max_rows} here.", "n", "invalid_value")
        room = model.context - len(token_ids)
        sampling = SamplingConfig(
            temperature=self.defaults.temperature if body.temperature is None else body.temperature,
            top_p=body.top_p or 1.0,
            top_k=max(0, body.top_k or 0),
            min_p=body.min_p or 0.0,
            max_tokens=room if max_tokens == -1 else min(max_tokens or self.defaults.max_tokens, room),
        )
        return GenerationRequest(token_ids, body.seeds, sampling, body.stops, num_top, body.penalties, is_chat)

    async def _answer(self, request: Request, body: Body, voice: Voice, asked: GenerationRequest) -> Response:
        voice.served.model.refuse_if_busy()
        self._tell_of_ignored(body)
        fingerprint = voice.served.model.fingerprint
        answer = Answer(voice.name, len(asked.seeds), len(asked.token_ids), fingerprint, asked.is_chat)
        if body.stream:
            return EventStream(self._chunks(answer, body, voice, asked), self.defaults.timeout, self._watch)
        try:
            async with asyncio.timeout(self.defaults.timeout):
                return await while_connected(request.receive, self._whole(answer, voice, asked))
        except ClientDisconnect:
            return Response(status_code=499)  # to nobody

    async def _whole(self, answer: Answer, voice: Voice, asked: GenerationRequest) -> Response:
        started = time.monotonic()
        async with aclosing(voice.served.model.stream(asked)) as pieces:
            async for piece in pieces:
                answer.add(piece)
        self._tell_of(answer, voice, started)
        return JSONResponse(answer.whole)

    async def _chunks(
        self, answer: Answer, body: Body, voice: Voice, asked: GenerationRequest
    ) -> AsyncGenerator[dict[str, Any], None]:
        started = time.monotonic()
        usage = {"usage": None} if body.includes_usage else {}
        for chunk in answer.beginning():
            yield {**chunk, **usage}
        async with aclosing(voice.served.model.stream(asked)) as pieces:
            async for piece in pieces:
                yield {**answer.chunk(piece), **usage}
        if body.includes_usage:
            yield answer.counts()
        self._tell_of(answer, voice, started)

    def _tell_of_ignored(self, body: Body) -> None:
        for name in body.ignored:
            self._tell_once(f"`{name}`, which a request holds, changes nothing here")

    def _tell_of(self, answer: Answer, voice: Voice, started: float) -> None:
        usage = answer.usage
        counts = f"{usage['prompt_tokens']} + {usage['completion_tokens']} tokens"
        self._tell(f"{time.strftime('%H:%M:%S')}  {voice.name}: {counts}, {time.monotonic() - started:.1f} s")
