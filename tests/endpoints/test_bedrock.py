"""Bedrock's protocol over a real socket; every request is checked with botocore's own service model."""

import asyncio
import json

import pytest

from raiden.core.errors import ConfigError
from raiden.core.types import LANGUAGES, Message
from raiden.endpoints import (
    AccessError,
    ChatReply,
    ChatRequest,
    Identity,
    RequestError,
    RetryingEndpoint,
    TransientError,
)
from raiden.endpoints.bedrock import BedrockEndpoint
from tests.endpoints.requests import GREETING, draft_request, draft_requests
from tests.servers.converse_server import ConverseServer, serve_converse

MODEL = "us.vendor.model-v1:0"


@pytest.fixture(autouse=True)
def _credentials(monkeypatch, tmp_path):
    """Those of nobody, and none of whoever runs the tests."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIANOBODY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-nobody")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_BEARER_TOKEN_BEDROCK", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


@pytest.fixture
def talk(monkeypatch):
    """What `use` makes of an endpoint that is connected to a local Bedrock."""

    def run(behaviour, use, **options):
        async def main():
            endpoint = BedrockEndpoint(MODEL, "us-east-1", **options)
            try:
                return await use(endpoint)
            finally:
                await endpoint.close()
                await endpoint.close()

        with serve_converse(behaviour) as server:
            monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url)
            found = asyncio.run(main())
        assert not server.complaints
        return found

    return run


async def greet(endpoint):
    return await endpoint.complete(GREETING)


def streamed(talk, behaviour):
    """The pieces that were shown, and the reply or what was raised."""
    pieces = []

    async def use(endpoint):
        try:
            return await RetryingEndpoint(endpoint, 1, base_wait=0.01).stream(GREETING, pieces.append)
        except RequestError as fault:
            return fault

    return pieces, talk(behaviour, use)


def test_a_reply_is_streamed_in_pieces_without_its_reasoning(talk):
    text = "나는 1952년에 광산에 들어갔어요."
    pieces, reply = streamed(talk, ConverseServer(says=lambda _: text))
    assert pieces == [text[start : start + 3] for start in range(0, len(text), 3)]
    assert reply == ChatReply(text, 30, 12)


def test_a_stream_that_is_throttled_is_tried_again_and_one_cut_at_the_limit_says_so(talk):
    behaviour = ConverseServer(script=["ThrottlingException"], stop_reason="max_tokens", says=lambda _: "Evening.")
    pieces, reply = streamed(talk, behaviour)
    assert ("".join(pieces), reply) == ("Evening.", ChatReply("Evening.", 30, 12, num_retries=1, truncated=True))


@pytest.mark.parametrize("fault", ["cut", "half_body"])
def test_a_stream_that_breaks_off_is_told(talk, fault):
    pieces, raised = streamed(talk, ConverseServer(script=[fault], says=lambda _: "word " * 50))
    assert 0 < len("".join(pieces)) < 250
    assert "broke off" in str(raised)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("focus", ["sbk", "cm"])
def test_a_reply_to_a_schema_comes_by_way_of_a_tool(talk, language, focus):
    server, request = ConverseServer(), draft_request(language, focus)
    reply = talk(server, lambda endpoint: endpoint.complete(request))
    assert set(json.loads(reply.text)) == set(request.schema["properties"])
    assert (reply.prompt_tokens, reply.completion_tokens) == (30, 12)
    assert server.bodies[0]["toolConfig"]["toolChoice"] == {"tool": {"name": "reply"}}
    assert server.bodies[0]["system"] == [{"text": request.messages[0].content}]


def test_a_model_that_refuses_tools_gets_the_schema_in_the_prompt_from_then_on(talk):
    async def use(endpoint):
        return [await endpoint.complete(draft_request(index=i)) for i in range(2)]

    server = ConverseServer(refuses_tools=True)
    replies = talk(server, use)
    assert all("question" in json.loads(reply.text) for reply in replies)
    assert ["toolConfig" in body for body in server.bodies] == [True, False, False]
    assert "JSON schema" in server.bodies[-1]["messages"][0]["content"][0]["text"]


def test_a_plain_reply_is_the_text_without_the_reasoning(talk):
    history = (Message("user", "Hi"), Message("assistant", "Hello"), Message("user", "Who are you?"))
    server = ConverseServer()
    reply = talk(server, lambda endpoint: endpoint.complete(ChatRequest(history, max_tokens=50, temperature=0.5)))
    assert reply.text == "I do not remember that."
    assert [turn["role"] for turn in server.bodies[0]["messages"]] == ["user", "assistant", "user"]
    assert server.bodies[0]["inferenceConfig"] == {"maxTokens": 50, "temperature": 0.5}
    assert "system" not in server.bodies[0]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("ThrottlingException", "429"),
        ("InternalServerException", "500"),
        ("ServiceUnavailableException", "503"),
        ("ModelTimeoutException", "408"),
        ("drop", "connection"),
        ("cut", "not_json"),  # botocore does not count the bytes of a body
        ("half_body", "not_json"),
    ],
)
def test_a_failure_that_may_pass_is_sent_once_and_named(talk, fault, reason):
    server = ConverseServer(script=[fault])
    with pytest.raises(TransientError) as caught:
        talk(server, greet)
    assert caught.value.reason == reason
    assert len(server.bodies) == 1  # botocore itself tries nothing again


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("AccessDeniedException", "may invoke us.vendor.model"),
        ("ExpiredTokenException", "have expired; renew them"),
        ("ResourceNotFoundException", "correct `model_id`"),
    ],
)
def test_what_ends_the_run_comes_with_a_remedy(talk, fault, words):
    with pytest.raises(AccessError, match=words) as caught:
        talk(ConverseServer(script=[fault]), greet)
    assert "secret-of-nobody" not in str(caught.value)


def test_a_wrong_request_fails_alone(talk):
    with pytest.raises(RequestError, match="HTTP 400") as caught:
        talk(ConverseServer(script=["ValidationException"]), greet)
    assert not isinstance(caught.value, TransientError)


def test_the_words_of_a_guardrail_are_not_taken_for_a_reply(talk):
    with pytest.raises(RequestError, match="blocked"):
        talk(ConverseServer(stop_reason="guardrail_intervened"), greet)


def test_a_reply_cut_at_the_token_limit_is_malformed(talk):
    with pytest.raises(TransientError, match="token limit") as caught:
        talk(ConverseServer(stop_reason="max_tokens"), lambda endpoint: endpoint.complete(draft_request()))
    assert caught.value.reason == "malformed"
    assert caught.value.completion_tokens == 12


def test_many_at_once_with_failures_lose_nothing(talk):
    async def use(endpoint):
        retrying = RetryingEndpoint(endpoint, concurrency=8, base_wait=0.01)
        return await asyncio.gather(*map(retrying.complete, draft_requests(24)))

    script = ["ThrottlingException", "", "cut", "", "half_body", "InternalServerException"] * 2
    server = ConverseServer(script=script)
    replies = talk(server, use, concurrency=8)
    assert len(replies) == 24
    assert len(server.bodies) == 24 + 8


def test_missing_credentials_are_told_with_the_ways_to_give_them(talk, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    server = ConverseServer()
    with pytest.raises(AccessError, match=r"Unable to locate credentials.*aws configure") as caught:
        talk(server, greet)
    assert not server.bodies
    assert "AWS_ACCESS_KEY_ID" in str(caught.value)


def test_half_credentials_are_told_too(talk, monkeypatch):
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises((AccessError, ConfigError), match="AWS_SECRET_ACCESS_KEY"):
        talk(ConverseServer(), greet)


def test_a_missing_region_is_named():
    with pytest.raises(ConfigError, match="`region`"):
        BedrockEndpoint(MODEL)


def test_a_missing_model_is_named():
    with pytest.raises(ConfigError, match="`model_id` is missing"):
        BedrockEndpoint("", "us-east-1")


def test_a_profile_that_does_not_exist_is_named(monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(ConfigError, match="nobody"):
        BedrockEndpoint(MODEL, "us-east-1")


def test_who_replies_is_known_without_asking():
    assert asyncio.run(BedrockEndpoint(MODEL, "us-east-1").identity()) == Identity("bedrock", MODEL)
