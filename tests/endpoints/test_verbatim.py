"""Replies as the reward scores them: reasoning and all, and whether they were cut."""

import asyncio
import json
from dataclasses import replace

import pytest
from aiohttp import web

from raiden.endpoints import ChatReply, Identity, RecordedEndpoint, RetryingEndpoint, TransientError
from raiden.endpoints.openai import OpenAIEndpoint
from tests.endpoints.requests import GREETING
from tests.servers.chat_server import Behaviour, ChatServer

VERBATIM = replace(GREETING, verbatim=True)


class ReasoningParser(ChatServer):
    """Takes the reasoning out of a reply and sends it in a field of its own, as servers with a parser do."""

    def __init__(self, field):
        super().__init__()
        self.field = field

    async def _reply(self, request):
        body = json.loads((await super()._reply(request)).text)
        body["choices"][0]["message"][self.field] = "Who am I?"
        return web.json_response(body)


def ask(server, *requests, enable_thinking=False):
    """The replies, or the errors, and the last body that the server got."""

    async def run():
        async with server:
            endpoint = OpenAIEndpoint(server.base_url, model_name="m", enable_thinking=enable_thinking)
            replies = await asyncio.gather(*map(endpoint.complete, requests), return_exceptions=True)
            await endpoint.close()
            return replies, server.bodies[-1]

    return asyncio.run(run())


def test_reasoning_is_kept_where_it_is_asked_for():
    (plain, whole), _ = ask(ChatServer(Behaviour(reasoning=True)), GREETING, VERBATIM)
    assert plain.text == "I do not remember that."
    assert whole.text.startswith("<think>")
    assert whole.text.endswith(plain.text)


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_reasoning_that_a_server_took_out_is_put_back(field):
    (plain, whole), _ = ask(ReasoningParser(field), GREETING, VERBATIM)
    assert plain.text == "I do not remember that."
    assert whole.text == "<think>Who am I?</think>I do not remember that."


def test_an_empty_reply_is_a_reply_only_where_it_is_asked_for():
    (plain, whole), _ = ask(ChatServer(Behaviour(script=["empty", "empty"])), GREETING, VERBATIM)
    assert isinstance(plain, TransientError)
    assert whole.text == ""


@pytest.mark.parametrize(("enable_thinking", "sent"), [(None, None), (False, False), (True, True)])
def test_no_switch_is_sent_where_thinking_is_left_to_the_template(enable_thinking, sent):
    _, body = ask(ChatServer(), GREETING, enable_thinking=enable_thinking)
    assert body.get("chat_template_kwargs", {}).get("enable_thinking") is sent


class Scripted:
    """An endpoint that gives one reply."""

    def __init__(self, reply, identity):
        self.reply, self.who = reply, identity

    async def identity(self):
        return self.who

    async def complete(self, request):
        return self.reply

    async def close(self):
        pass


def recorded(path, reply, request, identity):
    async def run():
        endpoint = RecordedEndpoint(RetryingEndpoint(Scripted(reply, identity)), path)
        try:
            return await endpoint.complete(request)
        finally:
            await endpoint.close()

    return asyncio.run(run())


def test_a_record_tells_truncated_replies_and_old_records_go_on_to_be_found(tmp_path):
    path, who = tmp_path / "record.jsonl", Identity("openai", "m")
    cut = ChatReply("It was", 3, 2, truncated=True)
    assert recorded(path, cut, GREETING, who) == cut
    other = ChatReply("never asked for", 1, 1)
    assert recorded(path, other, GREETING, who) == cut

    line = json.loads(path.read_text())
    # What a version without these fields wrote for the same request: the key by hand, no `truncated`.
    del line["truncated"]
    path.write_text(json.dumps(line) + "\n")
    assert line["key"] == "6a3044356dce1c1c069f91b820ad76ad"
    assert recorded(path, other, GREETING, who) == replace(cut, truncated=False)
    assert recorded(path, other, VERBATIM, who) == other
    assert recorded(path, other, GREETING, Identity("local", "m", weights="ab")) == other
