"""/v1/models, /v1/responses, /v1/chat/completions and /v1/completions."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from raiden.endpoints.live import GenerationRequest
from raiden.rollout.engines import SamplingConfig
from raiden.serve.answers import Answer, CompletionAnswer
from raiden.serve.bodies import Body, ChatBody, TextBody, read_body
from raiden.serve.connection import EventStream, read_json, while_connected
from raiden.serve.faults import ApiError, told_of
from raiden.serve.guards import asked_path
from raiden.serve.lineup import Lineup, Voice
from raiden.serve.responses import ReplyMemory, ResponseAnswer, ResponseBody

_OWNER = "raiden"


class Completions:
    """The protocol's routes.

    Args:
        sampling: what holds where a request does not say it.
        timeout: seconds that a request may take, waiting included; no request says it.
        tell: gets a line on each answer.
        tell_once: gets a line that may come again and again.
        watch: is told of faults of the server's own.
    """

    def __init__(
        self,
        lineup: Lineup,
        sampling: SamplingConfig,
        timeout: float,
        tell: Callable[[str], None],
        tell_once: Callable[[str], None],
        watch: Callable[[Exception], None],
    ) -> None:
        self.lineup, self.sampling, self.timeout = lineup, sampling, timeout
        self._tell, self._tell_once, self._watch = tell, tell_once, watch
        self._started = int(time.time())
        self._memory = ReplyMemory()

    @property
    def routes(self) -> list[Route]:
        return [
            Route(path, answer, methods=methods)
            for path, answer, methods in (
                ("/models", self.models, ["GET"]),
                ("/models/{name:path}", self.model, ["GET"]),
                ("/responses", self.response, ["POST"]),
                ("/responses/{name:path}", self.stored, ["GET", "POST", "DELETE"]),
                ("/chat/completions", self.chat, ["POST"]),
                ("/completions", self.text, ["POST"]),
            )
        ]

    async def models(self, request: Request) -> Response:
        """All names that can be asked."""
        return JSONResponse({"object": "list", "data": [self._entry(name) for name in self.lineup.names]})

    async def model(self, request: Request) -> Response:
        """One of them."""
        return JSONResponse(self._entry(self.lineup.find(request.path_params["name"]).name))

    def _entry(self, name: str) -> dict[str, Any]:
        served = self.lineup.find(name).served
        length = {"max_model_len": served.model.context}  # as vLLM tells it; clients fill their context by it
        return {"id": name, "object": "model", "created": self._started, "owned_by": _OWNER, **length}

    async def chat(self, request: Request) -> Response:
        """A reply to a conversation."""
        body = read_body(ChatBody, await read_json(request))
        voice = self.lineup.find(body.model or "")
        token_ids = await voice.served.model.prompt(voice.conversation([turn.message for turn in body.messages]))
        asked = self._asked(body, voice, token_ids)
        return await self._answer(request, body, voice, asked, self._completion(body, voice, asked))

    async def response(self, request: Request) -> Response:
        """A reply to a conversation, as /v1/responses has it."""
        body = read_body(ResponseBody, self._memory.resolved(await read_json(request)))
        voice = self.lineup.find(body.model or "")
        with told_of("input"):
            token_ids = await voice.served.model.prompt(voice.conversation(body.messages))
        asked = self._asked(body, voice, token_ids)
        return await self._answer(request, body, voice, asked, ResponseAnswer(voice.name, body, asked, self._memory))

    async def stored(self, request: Request) -> Response:
        """What would be known of an earlier response."""
        told = "nothing is stored here that could be fetched or deleted: keep the response that you got."
        raise ApiError(404, f"there is nothing at {asked_path(request)}; {told}", None, "not_stored")

    async def text(self, request: Request) -> Response:
        """A text gone on with."""
        body = read_body(TextBody, await read_json(request))
        voice = self.lineup.find(body.model or "")
        if voice.profile is not None:
            told = f"`model`: {voice.name} answers /v1/chat/completions alone; a bare text has no room for its prompt."
            raise ApiError(400, told, "model", "unsupported_value")
        with told_of("prompt"):
            token_ids = await voice.served.model.tokens(body.text)
        asked = self._asked(body, voice, token_ids, is_chat=False)
        return await self._answer(request, body, voice, asked, self._completion(body, voice, asked))

    def _asked(self, body: Body, voice: Voice, token_ids: tuple[int, ...], is_chat: bool = True) -> GenerationRequest:
        model = voice.served.model
        if body.num_top is not None and not model.tells_logps:
            raise ApiError(400, "`logprobs` is not supported for this model.", "logprobs", "unsupported_parameter")
        if body.penalties is not None and not model.penalises:
            raise ApiError(400, "penalties are not supported for this model.", None, "unsupported_parameter")
        if len(body.seeds) > model.max_rows:
            raise ApiError(400, f"`n` must be at most {model.max_rows} here.", "n", "invalid_value")
        room = model.context - len(token_ids)
        sampling = SamplingConfig(
            temperature=self.sampling.temperature if body.temperature is None else body.temperature,
            top_p=body.top_p or 1.0,
            top_k=max(0, body.top_k or 0),
            min_p=body.min_p or 0.0,
            max_tokens=room if body.limit == -1 else min(body.limit or self.sampling.max_tokens, room),
        )
        return GenerationRequest(token_ids, body.seeds, sampling, body.stops, body.num_top, body.penalties, is_chat)

    def _completion(self, body: Body, voice: Voice, asked: GenerationRequest) -> CompletionAnswer:
        return CompletionAnswer(voice.name, asked, voice.served.model.fingerprint, body.includes_usage)

    async def _answer(
        self, request: Request, body: Body, voice: Voice, asked: GenerationRequest, answer: Answer
    ) -> Response:
        voice.served.model.refuse_if_busy()
        self._tell_of_ignored(body)
        if body.stream:
            return EventStream(self._chunks(answer, voice, asked), answer, self.timeout, self._watch)
        try:
            async with asyncio.timeout(self.timeout):
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
        self, answer: Answer, voice: Voice, asked: GenerationRequest
    ) -> AsyncGenerator[dict[str, Any], None]:
        started = time.monotonic()
        for chunk in answer.beginning():
            yield chunk
        async with aclosing(voice.served.model.stream(asked)) as pieces:
            async for piece in pieces:
                for chunk in answer.chunks(piece):
                    yield chunk
        for chunk in answer.ending():
            yield chunk
        self._tell_of(answer, voice, started)

    def _tell_of_ignored(self, body: Body) -> None:
        for name in body.ignored:
            self._tell_once(f"`{name}`, which a request holds, changes nothing here")

    def _tell_of(self, answer: Answer, voice: Voice, started: float) -> None:
        counts = f"{answer.num_prompt_tokens} + {answer.num_tokens} tokens"
        self._tell(f"{time.strftime('%H:%M:%S')}  {voice.name}: {counts}, {time.monotonic() - started:.1f} s")
