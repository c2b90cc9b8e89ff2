"""Replies of a local model that are shown while it writes them."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
import torch

from raiden.chat import SAMPLING, Cast, History, SampleBook, Screen, Talk
from raiden.core.types import Message
from raiden.data.profiles import load_profiles
from raiden.endpoints import ChatReply, ContextLengthError, stream_reply
from raiden.endpoints.local import LocalEndpoint
from raiden.policy import PolicyConfig, load_policy
from raiden.rewards import RewardConfig
from raiden.rollout.engines import TransformersEngine
from tests.endpoints.requests import GREETING


@pytest.fixture
def local(tiny_folder):
    return LocalEndpoint(load_policy(PolicyConfig(str(tiny_folder)), with_reference=False), "tiny")


def request_in_four_languages():
    return (Message("system", "你是灯塔的守护人。"), Message("user", "どこで生まれましたか。 어디? Where?"))


def test_a_local_model_streams_the_reply_that_it_gives_at_once(local):
    request = replace(GREETING, messages=request_in_four_languages(), max_tokens=60, temperature=1.0, verbatim=True)

    async def main() -> list[tuple[list[str], ChatReply, ChatReply]]:
        results = []
        for seed in range(3):
            pieces: list[str] = []
            asked = replace(request, seed=seed)
            whole, reply = await asyncio.gather(local.complete(asked), stream_reply(local, asked, pieces.append))
            results.append((pieces, reply, whole))
        await local.close()
        return results

    for pieces, reply, whole in asyncio.run(main()):
        assert reply == whole
        assert len(pieces) > 1
        assert all(pieces)
        shown = "".join(pieces)
        assert reply.text.startswith(shown)
        assert set(reply.text[len(shown) :]) <= {"\ufffd"}  # the rest of a character that never came


def test_a_stopped_stream_shows_no_more_and_the_next_reply_comes(local):
    local.engine.stop_ids = []  # it writes to the limit
    request = replace(GREETING, max_tokens=4000, temperature=1.0, verbatim=True)

    async def main() -> tuple[int, int, ChatReply]:
        pieces: list[str] = []
        task = asyncio.create_task(stream_reply(local, request, pieces.append))
        while not pieces:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        num_shown = len(pieces)
        reply = await stream_reply(local, replace(request, max_tokens=5), lambda _: None)
        await local.close()
        return num_shown, len(pieces), reply

    num_then, num_later, reply = asyncio.run(main())
    assert num_then == num_later
    assert (reply.completion_tokens, reply.truncated) == (5, True)


def test_a_local_model_says_when_a_conversation_is_longer_than_its_context(local):
    with pytest.raises(ContextLengthError, match="context of 8192"):
        asyncio.run(stream_reply(local, replace(GREETING, max_tokens=8192), lambda _: None))


class ShortOfMemory(TransformersEngine):
    """The real engine, out of memory at its first call."""

    has_failed = False

    def generate(self, *arguments, **options):
        if not self.has_failed:
            self.has_failed = True
            raise torch.OutOfMemoryError("tried to allocate 2 GiB")
        return super().generate(*arguments, **options)


def test_a_chat_goes_on_after_a_reply_for_which_there_was_no_memory(tiny_folder, tmp_path, capsys):
    profile = load_profiles("data/online_profiles.jsonl")[0]
    policy = load_policy(PolicyConfig(str(tiny_folder)), with_reference=False)
    with asyncio.Runner() as runner:
        endpoint = LocalEndpoint(policy, "tiny", ShortOfMemory())
        history, book = History(tmp_path / "chats.jsonl", "tiny"), SampleBook([], RewardConfig())
        talk = Talk(Screen(), runner, endpoint, replace(SAMPLING, max_tokens=5), Cast([profile]), book, history)
        talk.begin(profile)
        talk.ask("one")
        assert talk.unanswered == "one"
        talk.ask("two")
        runner.run(endpoint.close())
    assert "error: out of memory with 1 replies side by side" in capsys.readouterr().out
    assert [turn.content for turn in talk.conversation.turns if turn.role == "user"] == ["two"]
