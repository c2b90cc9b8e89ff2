"""Models of this machine as endpoints: batches and seeds."""

import asyncio
import threading

import pytest

from raiden.core.types import Message
from raiden.endpoints import ChatRequest, RequestError, RetryingEndpoint
from raiden.endpoints.local import LocalEndpoint
from raiden.policy import PolicyConfig, load_policy
from raiden.rollout.engines import TransformersEngine


class WatchedEngine(TransformersEngine):
    """The real engine; it takes down how many completions each call asks for."""

    def start(self, *arguments):
        self.calls = []
        super().start(*arguments)

    def generate(self, prompts, seeds, sampling):
        self.calls.append([len(own) for own in seeds])
        return super().generate(prompts, seeds, sampling)


@pytest.fixture(scope="module")
def policy(tiny_folder):
    return load_policy(PolicyConfig(str(tiny_folder)), with_reference=False)


@pytest.fixture
def engine():
    return WatchedEngine()


def request(text="Where were you born?", **changes):
    return ChatRequest((Message("user", text),), **{"max_tokens": 8, "temperature": 1.0, "verbatim": True, **changes})


def ask(policy, engine, use):
    """What `use` makes of an endpoint."""

    async def run():
        endpoint = LocalEndpoint(policy, "tiny", engine)
        try:
            return await use(endpoint)
        finally:
            await endpoint.close()

    return asyncio.run(run())


def test_requests_that_wait_together_are_one_batch(policy, engine):
    async def together(endpoint):
        return await asyncio.gather(*(endpoint.complete(request(f"{i}", seed=i)) for i in range(6)))

    replies = ask(policy, engine, together)
    assert engine.calls == [[1] * 6]
    assert all(reply.prompt_tokens > 0 and 0 < reply.completion_tokens <= 8 for reply in replies)


def test_draws_of_one_prompt_share_it(policy, engine):
    async def together(endpoint):
        return await asyncio.gather(*(endpoint.complete(request(seed=i)) for i in range(5)))

    replies = ask(policy, engine, together)
    assert engine.calls == [[5]]
    assert len({reply.text for reply in replies}) == 5


def test_a_reply_follows_from_its_seed_whatever_it_is_batched_with(policy, engine):
    async def alone_and_together(endpoint):
        alone = [(await endpoint.complete(request(f"{i}", seed=7))).text for i in range(3)]
        together = await asyncio.gather(*(endpoint.complete(request(f"{i}", seed=7)) for i in range(3)))
        return alone, [reply.text for reply in together]

    alone, together = ask(policy, engine, alone_and_together)
    assert alone == together
    assert engine.calls == [[1], [1], [1], [1, 1, 1]]


def test_requests_drawn_in_other_ways_are_other_batches(policy, engine):
    async def together(endpoint):
        greedy = [endpoint.complete(request(temperature=0.0, seed=i)) for i in range(2)]
        return await asyncio.gather(*greedy, endpoint.complete(request()), endpoint.complete(request(max_tokens=3)))

    first, second, _, short = ask(policy, engine, together)
    assert engine.calls == [[2], [1], [1]]
    assert first.text == second.text
    assert (short.completion_tokens, short.truncated) == (3, True)


def test_a_prompt_that_is_too_long_is_refused_and_the_others_are_answered(policy, engine):
    async def together(endpoint):
        return await asyncio.gather(
            endpoint.complete(request("long " * 9000)), endpoint.complete(request()), return_exceptions=True
        )

    fault, reply = ask(policy, engine, together)
    assert isinstance(fault, RequestError)
    assert "context of 8192" in str(fault)
    assert reply.completion_tokens


def test_what_nobody_waits_for_is_left_between_two_tokens(policy, engine):
    async def give_up(endpoint):
        task = asyncio.create_task(endpoint.complete(request(max_tokens=8000)))
        while not num_tokens:
            await asyncio.sleep(0.01)
        task.cancel()
        await endpoint.close()

    num_tokens, before = [], set(threading.enumerate())
    counting = policy.model.register_forward_pre_hook(lambda module, arguments: num_tokens.append(1))
    ask(policy, engine, give_up)
    counting.remove()
    assert len(num_tokens) < 4000
    assert not [thread for thread in set(threading.enumerate()) - before if "raiden" in thread.name]


def test_the_engine_is_free_again_after_a_request_was_given_up(policy, engine):
    async def go_on(endpoint):
        task = asyncio.create_task(endpoint.complete(request(max_tokens=8000)))
        while not engine.calls:
            await asyncio.sleep(0.01)
        task.cancel()
        return await endpoint.complete(request())

    assert ask(policy, engine, go_on).completion_tokens


def test_an_engine_that_breaks_tells_everybody_who_waits(policy, engine):
    def broken(*arguments):
        raise RuntimeError("out of memory")

    async def together(endpoint):
        engine.generate = broken
        return await asyncio.gather(*(endpoint.complete(request()) for _ in range(3)), return_exceptions=True)

    assert [str(fault) for fault in ask(policy, engine, together)] == ["out of memory"] * 3


def test_concurrency_bounds_the_batch(policy, engine):
    async def together(endpoint):
        bounded = RetryingEndpoint(endpoint, concurrency=4)
        return await asyncio.gather(*(bounded.complete(request(f"{i}")) for i in range(10)))

    ask(policy, engine, together)
    assert engine.calls == [[1] * 4, [1] * 4, [1] * 2]
