"""The endpoints against vLLM's own server: a real model behind the real protocol."""

import asyncio
import json

import pytest

from raiden.core.types import Message
from raiden.endpoints import AccessError, ChatRequest, RecordedEndpoint, RetryingEndpoint, TransientError
from raiden.endpoints.openai import OpenAIEndpoint
from tests.endpoints.requests import draft_request
from tests.servers.vllm_server import MODEL, missing, serve_vllm

pytestmark = [
    pytest.mark.vllm,
    pytest.mark.skipif(bool(missing()), reason=missing()),
    pytest.mark.timeout(1200),  # on a busy machine the server alone takes minutes to start
]
KEY = "sk-local"
SCHEMA = {
    "type": "object",
    "properties": {"colour": {"type": "string", "enum": ["red", "blue"]}, "count": {"type": "integer"}},
    "required": ["colour", "count"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def base_url(tmp_path_factory):
    from raiden.policy.sources import resolve_model

    with serve_vllm(resolve_model(MODEL), KEY, tmp_path_factory.mktemp("vllm") / "log.txt") as url:
        yield url


def ask(base_url, *requests, model_name=None, key=KEY):
    async def main():
        endpoint = OpenAIEndpoint(base_url, key, model_name, timeout=300)
        try:
            return await asyncio.gather(*map(endpoint.complete, requests))
        finally:
            await endpoint.close()

    return asyncio.run(main())


def chat(text, **options):
    return ChatRequest((Message("user", text),), **{"max_tokens": 24, **options})


def test_it_replies_in_words_and_counts_tokens(base_url):
    (reply,) = ask(base_url, chat("What is the capital of France?", temperature=0.0))
    assert "Paris" in reply.text
    assert reply.prompt_tokens > 5
    assert 0 < reply.completion_tokens <= 24


def test_a_seed_gives_the_same_reply_and_another_seed_another(base_url):
    first, again, other = ask(base_url, *(chat("Tell me a story.", seed=seed, temperature=1.0) for seed in (1, 1, 2)))
    assert first.text == again.text
    assert first.text != other.text


def test_a_small_model_is_held_to_the_schema(base_url):
    replies = ask(base_url, *(chat("A red ball.", seed=i, schema=SCHEMA, max_tokens=60) for i in range(4)))
    for reply in replies:
        assert json.loads(reply.text)["colour"] in ("red", "blue")


def test_drafts_follow_the_schema_of_the_author(base_url):
    request = draft_request("en", "sbk")

    async def main():
        endpoint = RetryingEndpoint(OpenAIEndpoint(base_url, KEY, timeout=300), max_retries=3, base_wait=0.01)
        try:
            return await endpoint.complete(request)
        finally:
            await endpoint.close()

    assert set(json.loads(asyncio.run(main()).text)) == set(request.schema["properties"])


def test_json_that_is_cut_at_the_token_limit_is_malformed(base_url):
    with pytest.raises(TransientError, match="token limit") as caught:
        ask(base_url, chat("A red ball.", schema=SCHEMA, max_tokens=3))
    assert caught.value.reason == "malformed"


def test_a_wrong_key_and_a_wrong_model_end_the_run(base_url):
    with pytest.raises(AccessError, match="401"):
        ask(base_url, chat("Hello"), key="sk-wrong", model_name="smollm2")
    with pytest.raises(AccessError, match="`model_name`"):
        ask(base_url, chat("Hello"), model_name="another")


def test_a_recorded_reply_is_the_same_without_the_server(base_url, tmp_path):
    async def main(url):
        endpoint = RecordedEndpoint(RetryingEndpoint(OpenAIEndpoint(url, KEY, "smollm2")), tmp_path / "record")
        try:
            return (await endpoint.complete(chat("Tell me a story.", temperature=1.0))).text
        finally:
            await endpoint.close()

    assert asyncio.run(main(base_url)) == asyncio.run(main("http://127.0.0.1:1/v1"))
