"""Another try for what may pass, no more in flight than allowed, and the truth when nothing helps."""

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from raiden.core.errors import ConfigError
from raiden.endpoints import AccessError, RequestError, RetryingEndpoint, TransientError
from raiden.endpoints.faults import parse_retry_after
from raiden.endpoints.openai import OpenAIEndpoint
from tests.endpoints.requests import GREETING, draft_request, draft_requests
from tests.servers.chat_server import Behaviour, ChatServer


def talk(behaviour, use, max_retries=6, concurrency=16, timeout=10.0, **waits):
    """What `use` makes of an endpoint that tries again, with short waits, at such a server."""

    async def main():
        async with ChatServer(behaviour) as server:
            waits.setdefault("base_wait", 0.01)
            endpoint = OpenAIEndpoint(server.base_url, model_name="m", timeout=timeout)
            retrying = RetryingEndpoint(endpoint, max_retries, concurrency, **waits)
            try:
                return await use(retrying, server)
            finally:
                await retrying.close()

    return asyncio.run(main())


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
def test_what_fails_twice_is_tried_a_third_time_and_counted(fault, reason):
    async def use(endpoint, server):
        reply = await endpoint.complete(draft_request())
        return reply.num_retries, dict(endpoint.num_retries_by_reason), len(server.bodies)

    timeout = 1.5 if fault == "hang" else 10.0  # the third try has to be done by then
    assert talk(Behaviour(script=[fault, fault]), use, timeout=timeout) == (2, {reason: 2}, 3)


def test_a_cut_connection_is_tried_again_with_the_same_request_and_a_malformed_reply_with_another_seed():
    async def use(endpoint, server):
        await endpoint.complete(draft_request())
        return [body["seed"] for body in server.bodies]

    cut, malformed, last = talk(Behaviour(script=["cut", "half_json"]), use)
    assert cut == malformed == draft_request().seed
    assert last != malformed


@pytest.mark.parametrize("fault", ["half_json", "truncated", "empty"])
def test_a_greedy_model_that_replies_amiss_is_asked_once_more_and_no_oftener(fault):
    async def use(endpoint, server):
        request = replace(draft_request(), temperature=0.0)
        with pytest.raises(RequestError, match="after 2 tries"):
            await endpoint.complete(request)
        await endpoint.complete(request)  # that of the server that now behaves
        return len(server.bodies)

    assert talk(Behaviour(script=[fault, fault]), use) == 3


def test_a_greedy_request_is_tried_again_as_ever_where_the_server_was_at_fault():
    async def use(endpoint, server):
        return (await endpoint.complete(replace(draft_request(), temperature=0.0))).num_retries

    assert talk(Behaviour(script=["500", "half_json", "429", "500"]), use) == 4


def test_tokens_of_tries_in_vain_are_charged_with_the_reply():
    async def use(endpoint, server):
        return await endpoint.complete(draft_request())

    once, thrice = talk(Behaviour(), use), talk(Behaviour(script=["half_json", "half_json"]), use)
    assert once.completion_tokens < thrice.completion_tokens
    # The two halves are a whole, up to the rounding to tokens.
    assert abs(thrice.completion_tokens - 2 * once.completion_tokens) <= 2


def test_after_the_last_try_all_reasons_are_told():
    async def use(endpoint, server):
        with pytest.raises(RequestError) as caught:
            await endpoint.complete(draft_request())
        return caught.value, len(server.bodies)

    fault, num_requests = talk(Behaviour(script=["500", "half_json", "500"]), use, max_retries=2)
    assert num_requests == 3
    assert not isinstance(fault, TransientError)
    assert "after 3 tries" in str(fault)
    assert "HTTP 500" in str(fault)
    assert "(2 x)" in str(fault)
    assert "malformed reply" in str(fault)
    assert fault.completion_tokens > 0


@pytest.mark.parametrize("fault", ["400", "401"])
def test_what_no_other_try_can_mend_is_sent_once(fault):
    async def use(endpoint, server):
        await endpoint.complete(draft_request())
        with pytest.raises(AccessError if fault == "401" else RequestError):
            await endpoint.complete(draft_request(index=1))
        return len(server.bodies)

    assert talk(Behaviour(script=["", fault]), use) == 2


def test_retry_after_is_waited_for_by_its_own_request_alone():
    async def use(endpoint, server):
        begin = time.monotonic()
        # One place only: the request that was sent away must not sit on it.
        first = asyncio.create_task(endpoint.complete(draft_request(index=0)))
        while not endpoint.num_retries_by_reason:
            await asyncio.sleep(0.001)
        others = draft_requests(5)[1:]
        await asyncio.gather(*map(endpoint.complete, others))
        assert not first.done()
        await first
        assert [body["seed"] for body in server.bodies[1:-1]] == [other.seed for other in others]
        return time.monotonic() - begin

    assert talk(Behaviour(script=["429"], retry_after="2"), use, concurrency=1) >= 2


def test_a_retry_after_without_end_is_cut_short():
    async def use(endpoint, server):
        await endpoint.complete(GREETING)

    begin = time.monotonic()
    talk(Behaviour(script=["429"], retry_after="86400"), use, max_retry_after=0.2)
    assert 0.2 <= time.monotonic() - begin < 3600


def test_a_retry_after_may_be_a_date():
    later = datetime.now(UTC) + timedelta(seconds=100)
    assert 98 <= parse_retry_after(format_datetime(later, usegmt=True)) <= 100
    assert parse_retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0
    assert parse_retry_after("-5") == 0.0
    assert [parse_retry_after(value) for value in (None, "", "soon", "nan", "inf")] == [None] * 5


def test_no_more_requests_are_in_flight_than_allowed_and_no_fewer():
    async def use(endpoint, server):
        await asyncio.gather(*map(endpoint.complete, draft_requests(20)))
        return server.max_in_flight

    assert talk(Behaviour(latency=0.2), use, concurrency=7) == 7


def test_one_failing_request_in_five_loses_nothing():
    async def replies(endpoint, server):
        found = await asyncio.gather(*map(endpoint.complete, draft_requests(80)))
        return [reply.text for reply in found], sum(endpoint.num_retries_by_reason.values())

    faults = {"429": 0.05, "500": 0.05, "cut": 0.05, "half_json": 0.05}
    disturbed, num_retries = talk(Behaviour(faults=faults), replies)
    undisturbed, none = talk(Behaviour(), replies)
    assert disturbed == undisturbed
    assert none == 0
    assert 6 <= num_retries <= 30  # 16 are to be expected of 80


def test_a_server_that_is_not_there_ends_the_run():
    async def main():
        async with ChatServer() as server:
            address = server.base_url
        await RetryingEndpoint(OpenAIEndpoint(address), max_retries=1, base_wait=0.01).identity()

    with pytest.raises(AccessError, match=r"never reached.*start it, or correct its address"):
        asyncio.run(main())


def test_a_server_that_goes_away_later_fails_the_request_alone():
    async def main():
        async with ChatServer() as server:
            endpoint = RetryingEndpoint(OpenAIEndpoint(server.base_url), max_retries=1, base_wait=0.01)
            await endpoint.complete(GREETING)
        await endpoint.complete(draft_request())

    with pytest.raises(RequestError, match="after 2 tries"):
        asyncio.run(main())


@pytest.mark.parametrize(("option", "value"), [("max_retries", -1), ("concurrency", 0)])
def test_an_option_that_cannot_work_is_named(option, value):
    with pytest.raises(ConfigError, match=f"`{option}` must be at least"):
        RetryingEndpoint(OpenAIEndpoint("http://127.0.0.1:1/v1"), **{option: value})
