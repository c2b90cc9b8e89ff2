"""The chat protocol over a real socket: what is sent, what comes back, and what each failure is called."""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
from aiohttp import web

from raiden.core.errors import ConfigError
from raiden.core.types import Message
from raiden.endpoints import AccessError, ChatRequest, Identity, RequestError, TransientError
from raiden.endpoints.openai import OpenAIEndpoint
from tests.endpoints.requests import GREETING, draft_request
from tests.servers.chat_server import Behaviour, ChatServer

T = TypeVar("T")


def talk(behaviour: Behaviour, use: Callable[[OpenAIEndpoint, ChatServer], Awaitable[T]], **options: object) -> T:
    """What `use` makes of an endpoint that is connected to such a server."""

    async def main() -> T:
        async with ChatServer(behaviour) as server:
            endpoint = OpenAIEndpoint(server.base_url, **options)
            try:
                return await use(endpoint, server)
            finally:
                await endpoint.close()
                await endpoint.close()

    return asyncio.run(main())


def fault_of(behaviour: Behaviour, request: ChatRequest = GREETING, **options: object) -> Exception:
    async def use(endpoint: OpenAIEndpoint, server: ChatServer) -> Exception:
        with pytest.raises((AccessError, RequestError)) as caught:
            await endpoint.complete(request)
        return caught.value

    return talk(behaviour, use, **options)


def test_the_only_model_of_a_server_is_found_once():
    async def use(endpoint, server):
        await asyncio.gather(*(endpoint.complete(GREETING) for _ in range(3)))
        return await endpoint.identity(), {body["model"] for body in server.bodies}

    assert talk(Behaviour(models=("alone",)), use) == (Identity("openai", "alone"), {"alone"})


@pytest.mark.parametrize(
    ("models", "words"),
    [((), "offers no model"), (("b", "a"), r"offers 2 models \(a, b\)")],
)
def test_a_server_with_no_model_or_several_is_told_with_their_names(models, words):
    fault = fault_of(Behaviour(models=models))
    assert isinstance(fault, AccessError)
    with pytest.raises(AccessError, match=words):
        raise fault


def test_thinking_is_switched_off_in_both_spellings():
    async def use(endpoint, server):
        await endpoint.complete(GREETING)
        return server.bodies[0]["chat_template_kwargs"]

    assert talk(Behaviour(), use) == {"enable_thinking": False, "thinking": False}
    assert talk(Behaviour(), use, enable_thinking=True) == {"enable_thinking": True, "thinking": True}


def test_a_reply_to_a_schema_is_json_without_the_reasoning():
    async def use(endpoint, server):
        request = draft_request("zh", "cm")
        reply = await endpoint.complete(request)
        assert server.bodies[0]["response_format"]["json_schema"]["schema"] == request.schema
        return set(json.loads(reply.text)), set(request.schema["properties"])

    found, asked = talk(Behaviour(reasoning=True), use)
    assert found == asked


def test_tokens_are_those_that_the_server_counts():
    async def use(endpoint, server):
        reply = await endpoint.complete(ChatRequest((Message("user", "x" * 40),)))
        return reply.prompt_tokens, reply.completion_tokens, len(reply.text)

    prompt_tokens, completion_tokens, length = talk(Behaviour(), use)
    assert (prompt_tokens, completion_tokens) == (10, length // 4)  # four characters count as a token there


@pytest.mark.parametrize(
    ("refused", "format_type", "sends_kwargs"),
    [
        (("chat_template_kwargs",), "json_schema", False),
        (("json_schema",), "json_object", True),
        (("response_format", "chat_template_kwargs"), None, False),
    ],
)
def test_a_field_that_the_server_refuses_is_left_out_from_then_on(refused, format_type, sends_kwargs):
    async def use(endpoint, server):
        first = await endpoint.complete(draft_request(index=0))
        num_tries = len(server.bodies)
        await endpoint.complete(draft_request(index=1))
        return first, server.bodies[num_tries:]

    first, later = talk(Behaviour(refused_fields=refused), use)
    assert "question" in json.loads(first.text)
    assert len(later) == 1
    assert later[0].get("response_format", {}).get("type") == format_type
    assert ("chat_template_kwargs" in later[0]) == sends_kwargs
    # Where the schema is no field of its own, it stands in the prompt.
    assert ("JSON schema" in later[0]["messages"][-1]["content"]) == (format_type != "json_schema")


def test_a_request_that_is_refused_after_others_were_taken_is_sent_once():
    async def use(endpoint, server):
        await endpoint.complete(draft_request(index=0))
        with pytest.raises(RequestError, match="HTTP 400") as caught:
            await endpoint.complete(draft_request(index=1))
        assert not isinstance(caught.value, TransientError)
        return len(server.bodies)

    assert talk(Behaviour(script=["", "400"]), use) == 2


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("429", "429"),
        ("500", "500"),
        ("503", "503"),
        ("hang", "timeout"),
        ("cut", "connection"),
        ("half_body", "not_json"),
        ("half_json", "malformed"),
        ("truncated", "malformed"),
        ("empty", "empty"),
        ("reasoning", "empty"),
    ],
)
def test_a_failure_that_may_pass_is_named(fault, reason):
    caught = fault_of(Behaviour(script=[fault]), draft_request(), timeout=0.3 if fault == "hang" else 10.0)
    assert isinstance(caught, TransientError)
    assert caught.reason == reason


def test_a_429_tells_how_long_to_wait():
    caught = fault_of(Behaviour(script=["429"], retry_after="7"))
    assert isinstance(caught, TransientError)
    assert caught.retry_after == 7.0


def test_a_server_that_is_not_there_is_a_failed_connection():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    endpoint = OpenAIEndpoint(f"http://127.0.0.1:{port}/v1", model_name="m")
    with pytest.raises(TransientError, match="the connection failed") as caught:
        asyncio.run(endpoint.complete(GREETING))
    assert caught.value.reason == "connection"


def test_a_wrong_key_ends_the_run_and_is_not_repeated_in_the_message(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-this-one")
    caught = fault_of(Behaviour(api_key="sk-right"))  # the server's message repeats the key that it got
    assert isinstance(caught, AccessError)
    assert "OPENAI_API_KEY" in str(caught)
    assert "sk-" not in str(caught)


def test_the_key_is_the_given_one_or_that_of_the_environment(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "from-env")

    async def use(endpoint, server):
        await endpoint.complete(GREETING)
        return server.headers[0]["Authorization"]

    assert talk(Behaviour(), use) == "Bearer from-env"
    assert talk(Behaviour(), use, api_key="given") == "Bearer given"
    assert "from-env" not in talk(Behaviour(), use, api_key="")


def test_a_wrong_path_ends_the_run_with_the_remedy():
    async def use(endpoint, server):
        endpoint = OpenAIEndpoint(server.base_url.removesuffix("/v1"), model_name="m")
        with pytest.raises(AccessError, match=r"404.*ends in /v1"):
            await endpoint.complete(GREETING)
        await endpoint.close()

    talk(Behaviour(), use)


def test_a_redirect_is_not_followed():
    async def main() -> list[str]:
        visited: list[str] = []

        async def elsewhere(request: web.Request) -> web.Response:
            visited.append(request.path)
            raise web.HTTPTemporaryRedirect("/other/chat/completions")

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", elsewhere)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        endpoint = OpenAIEndpoint(f"http://127.0.0.1:{runner.addresses[0][1]}/v1", model_name="m")
        with pytest.raises(AccessError, match="give /other/chat/completions as `base_url`"):
            await endpoint.complete(GREETING)
        await endpoint.close()
        await runner.cleanup()
        return visited

    assert asyncio.run(main()) == ["/v1/chat/completions"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"base_url": "localhost:30000"}, "`base_url` must be a web address"),
        ({"base_url": "http://me:secret@host/v1"}, "must not hold a user"),
        ({"base_url": "http://host/v1", "timeout": 0}, "`timeout` must be more than 0 seconds"),
    ],
)
def test_an_option_that_cannot_work_is_named(options, words):
    with pytest.raises(ConfigError, match=words) as caught:
        OpenAIEndpoint(**options)
    assert "secret" not in str(caught.value)
