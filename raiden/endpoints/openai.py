"""Any server that speaks OpenAI's chat protocol: SGLang, vLLM, or one far away."""

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from http import HTTPStatus
from itertools import product
from types import MappingProxyType
from typing import Any, TypeVar
from urllib.parse import urlsplit

import openai
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from raiden.core.errors import AccessError, ConfigError, EndpointError
from raiden.core.reasoning import with_opening
from raiden.core.types import Message
from raiden.data.chat_template.shaping import shaped
from raiden.endpoints.base import ChatReply, ChatRequest, Identity, Show
from raiden.endpoints.dialects import FORMS, dialects
from raiden.endpoints.faults import (
    ContextLengthError,
    RequestError,
    TransientError,
    parse_retry_after,
    shorten,
    status_error,
)
from raiden.endpoints.reasoning import StreamedText, whole_text
from raiden.endpoints.replies import first_logps, make_reply

_T = TypeVar("_T")
_OF_ROLES = re.compile(r"role|alternat|system|template", re.IGNORECASE)
"""How servers say that the chat template refuses the messages."""
# Local servers ask for no key, but the protocol's header must hold something.
_NO_KEY = "none"


class OpenAIEndpoint:
    """One try of a request over the chat protocol; a RetryingEndpoint makes more of it.

    Args:
        base_url: with the version: `http://localhost:30000/v1`.
        api_key: sent to `base_url` alone; None takes the environment's OPENAI_API_KEY, if any, and "" none at all.
        model_name: left out, the only one that the server offers.
        timeout: seconds for one whole reply.
        enable_thinking: let the model reason before it replies; the reasoning itself is dropped. None sends no
            switch, and the model does as its chat template has it.
        template_kwargs: of the server's chat template; it has to take them.
        opening_turn: what the user says before a greeting, where the server wants the user to begin.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str | None = None,
        model_name: str | None = None,
        timeout: float = 120.0,
        enable_thinking: bool | None = False,
        template_kwargs: Mapping[str, Any] = MappingProxyType({}),
        opening_turn: str | None = None,
    ) -> None:
        _check(base_url, timeout)
        self.base_url = base_url
        self.timeout = timeout
        self.enable_thinking = enable_thinking
        self._key = (os.environ.get("OPENAI_API_KEY") if api_key is None else api_key) or _NO_KEY
        self._model_name = model_name
        self._lookup = asyncio.Lock()
        # Qwen and GLM read the first, DeepSeek the second.
        switches = {} if enable_thinking is None else dict.fromkeys(("enable_thinking", "thinking"), enable_thinking)
        self.template_kwargs = {**switches, **template_kwargs}
        kwargs = (True,) if template_kwargs else (True, False) if switches else (False,)
        # By what a request asks for: a schema, log-probabilities.
        self._dialects = {kind: dialects(kind[0], kwargs, kind[1]) for kind in product((True, False), repeat=2)}
        self._forms = FORMS
        self._opening_turn = opening_turn
        # A redirect would carry prompts to a server that nobody named; retries and time limits are ours. aiohttp
        # is what the SDK offers for many requests at once.
        transport = openai.DefaultAioHttpClient(follow_redirects=False, timeout=None)
        self._client = openai.AsyncOpenAI(base_url=base_url, api_key=self._key, max_retries=0, http_client=transport)

    async def identity(self) -> Identity:
        return Identity("openai", await self._model(), self.enable_thinking)

    async def complete(self, request: ChatRequest) -> ChatReply:
        model = await self._model()
        completion = await self._negotiate(model, request, self._create)
        if not isinstance(completion, ChatCompletion) or not completion.choices:
            raise TransientError(f"{self.base_url}: replied without `choices`: {shorten(str(completion))}", "not_json")
        choice, usage = completion.choices[0], completion.usage
        tokens = {
            "prompt_tokens": usage.prompt_tokens if usage else 0,
            "completion_tokens": usage.completion_tokens if usage else 0,
        }
        if choice.finish_reason == "content_filter":
            raise RequestError(f"{self.base_url}: the reply was blocked by a content filter", **tokens)
        text = (
            with_opening(whole_text(choice.message))
            if request.verbatim
            else (choice.message and choice.message.content) or ""
        )
        reply = make_reply(request, text, truncated=choice.finish_reason == "length", **tokens)
        return replace(reply, first_logps=first_logps(choice)) if request.num_alternatives else reply

    async def stream(self, request: ChatRequest, show: Show) -> ChatReply:
        async def read(body: dict[str, Any]) -> tuple[str, bool]:
            async with self._translated_faults():
                return await self._read_stream(body, show)

        text, truncated = await self._negotiate(await self._model(), request, read)
        text = with_opening(text)
        return make_reply(request, text, truncated=truncated, prompt_tokens=0, completion_tokens=0)

    async def close(self) -> None:
        await self._client.close()

    async def _negotiate(
        self, model: str, request: ChatRequest, send: Callable[[dict[str, Any]], Awaitable[_T]]
    ) -> _T:
        """The server's answer in the best dialect that it takes; once it has taken one, a refusal is final.

        A chat template that refuses a system message, or turns that do not alternate, says so when it is asked: such
        a request is sent again as `fit` makes it for such a template.
        """
        kind = (request.schema is not None, request.num_alternatives > 0)
        refusal: RequestError | None = None
        for number, asked in self._in_forms(request):
            for dialect in self._dialects[kind]:
                try:
                    answer = await send({"model": model, **dialect.body(asked, self.template_kwargs)})
                except (TransientError, ContextLengthError):
                    raise
                except RequestError as fault:
                    refusal = fault
                else:
                    self._dialects[kind] = [dialect]
                    self._forms = tuple(form for form in self._forms[number:] if not _is_ruled_out(form, asked))
                    return answer
            assert refusal is not None  # there is always a dialect
            if not _OF_ROLES.search(str(refusal)):
                break
        assert refusal is not None
        raise refusal

    def _in_forms(self, request: ChatRequest) -> Iterator[tuple[int, ChatRequest]]:
        """The request in each form that says it in another way, with the form's number."""
        tried: list[list[Message]] = []
        for number, (takes_system, alternates) in enumerate(self._forms):
            messages = shaped(request.messages, takes_system, alternates, self._opening_turn)
            if messages not in tried:
                tried.append(messages)
                yield number, replace(request, messages=tuple(messages))

    async def _create(self, body: dict[str, Any]) -> ChatCompletion:
        async with self._translated_faults():
            # Not `chat.completions.create`: it walks through every field of a body that is right already, at length.
            return await self._client.post("/chat/completions", body=body, cast_to=ChatCompletion)

    async def _read_stream(self, body: dict[str, Any], show: Show) -> tuple[str, bool]:
        """All that the model wrote, and whether it was cut at the token limit; `show` gets it piece by piece."""
        chunks = await self._client.post(
            "/chat/completions",
            body=body | {"stream": True},
            cast_to=ChatCompletion,
            stream=True,
            stream_cls=openai.AsyncStream[ChatCompletionChunk],
        )
        pieces, finish_reason = StreamedText(), None
        async with chunks:
            async for chunk in chunks:
                for choice in chunk.choices:
                    if piece := pieces.add(choice.delta):
                        show(piece)
                    finish_reason = choice.finish_reason or finish_reason
        if finish_reason is None:
            raise TransientError(f"{self.base_url}: the stream ended before the reply did", "connection")
        if finish_reason == "content_filter":
            raise RequestError(f"{self.base_url}: the reply was blocked by a content filter")
        return pieces.text, finish_reason == "length"

    async def _model(self) -> str:
        async with self._lookup:
            if self._model_name is None:
                self._model_name = await self._only_model()
            return self._model_name

    async def _only_model(self) -> str:
        async with self._translated_faults():
            page = await self._client.models.list()
        names = sorted(model.id for model in getattr(page, "data", None) or ())
        if len(names) == 1:
            return names[0]
        found = f"offers {len(names)} models ({', '.join(names)})" if names else "offers no model"
        raise AccessError(f"{self.base_url} {found}; name one with `model_name`.")

    @asynccontextmanager
    async def _translated_faults(self) -> AsyncIterator[None]:
        """Raises what goes wrong inside as an EndpointError."""
        try:
            async with asyncio.timeout(self.timeout):
                yield
        except TimeoutError as fault:
            raise TransientError(f"{self.base_url}: no reply within {self.timeout:g} s", "timeout") from fault
        except openai.APIStatusError as fault:
            raise self._status_error(fault) from fault
        except openai.APIConnectionError as fault:
            cause = shorten(str(fault.__cause__ or fault))
            raise TransientError(f"{self.base_url}: the connection failed ({cause})", "connection") from fault
        except openai.APIError as fault:  # in the middle of a stream, after status 200
            raise TransientError(f"{self.base_url}: {shorten(fault.message)}", "stream") from fault
        except json.JSONDecodeError as fault:
            raise TransientError(f"{self.base_url}: replied with what is no JSON ({fault})", "not_json") from fault

    def _status_error(self, fault: openai.APIStatusError) -> EndpointError:
        remedies: dict[int, str] = {
            HTTPStatus.UNAUTHORIZED: "give the key that this server knows (OPENAI_API_KEY)",
            HTTPStatus.FORBIDDEN: "use a key that may call this model",
            HTTPStatus.NOT_FOUND: f"correct `model_name` ({self._model_name}) or `base_url`, which ends in /v1 mostly",
        }
        location = fault.response.headers.get("location")
        if fault.response.is_redirect:
            remedies[fault.status_code] = f"redirects are not followed; give {location} as `base_url`"
        # Some servers repeat the key that they refuse.
        message = str(fault.message).replace(self._key, "***")
        retry_after = parse_retry_after(fault.response.headers.get("retry-after"))
        return status_error(fault.status_code, f"{self.base_url}: {message}", remedies, retry_after)


def _is_ruled_out(form: tuple[bool, bool], taken: ChatRequest) -> bool:
    """Whether a request that the server has taken shows that it does not ask for this form."""
    takes_system, alternates = form
    messages = list(taken.messages)
    has_system = any(message.role == "system" for message in messages)
    return (has_system and not takes_system) or (alternates and shaped(messages, alternates=True) != messages)


def _check(base_url: str, timeout: float) -> None:
    address = urlsplit(base_url)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise ConfigError(f"`base_url` must be a web address, got {base_url!r}; write http://localhost:30000/v1.")
    if "@" in address.netloc:
        raise ConfigError("`base_url` must not hold a user or password; give a key instead.")
    if not timeout > 0:
        raise ConfigError(f"`timeout` must be more than 0 seconds, got {timeout}.")
