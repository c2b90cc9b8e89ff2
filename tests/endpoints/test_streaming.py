"""Replies that are shown while they are written: over a socket, and what may go wrong midway."""

from __future__ import annotations

import asyncio

import pytest

from raiden.endpoints import (
    ChatReply,
    ContextLengthError,
    RequestError,
    RetryingEndpoint,
    TransientError,
    stream_reply,
)
from raiden.endpoints.openai import OpenAIEndpoint
from raiden.endpoints.reasoning import SpokenText, StreamedText
from tests.endpoints.requests import GREETING
from tests.servers.chat_server import Behaviour, ChatServer
from tests.servers.streaming import PIECE

TEXT = "나는 1952년에 광산에 들어갔어요. 我1952年下井。"


def says(_: list[dict[str, str]]) -> str:
    return TEXT


def streamed(behaviour: Behaviour, max_retries: int = 2) -> tuple[list[str], ChatReply | RequestError, int]:
    """The pieces that were shown, the reply or what was raised, and the number of requests."""
    behaviour.says = behaviour.says or says

    async def main() -> tuple[list[str], ChatReply | RequestError, int]:
        pieces: list[str] = []
        async with ChatServer(behaviour) as server:
            endpoint = RetryingEndpoint(OpenAIEndpoint(server.base_url, timeout=5), max_retries, base_wait=0.01)
            try:
                reply = await stream_reply(endpoint, GREETING, pieces.append)
            except RequestError as fault:
                return pieces, fault, len(server.bodies)
            finally:
                await endpoint.close()
            return pieces, reply, len(server.bodies)

    return asyncio.run(main())


def test_the_pieces_of_a_stream_make_the_reply():
    pieces, reply, _ = streamed(Behaviour())
    assert pieces == [TEXT[start : start + PIECE] for start in range(0, len(TEXT), PIECE)]
    assert reply == ChatReply(TEXT, 0, 0)


def test_a_server_that_refuses_a_field_is_asked_without_it():
    pieces, reply, num_requests = streamed(Behaviour(refused_fields=("chat_template_kwargs",)))
    assert "".join(pieces) == reply.text == TEXT
    assert num_requests == 2


def test_a_stream_that_fails_before_it_begins_is_tried_again():
    pieces, reply, num_requests = streamed(Behaviour(script=["503", "429"]))
    assert ("".join(pieces), reply.text, reply.num_retries, num_requests) == (TEXT, TEXT, 2, 3)


@pytest.mark.parametrize(
    ("end", "words"), [("cut", "connection failed"), ("error", "the worker died"), ("quiet", "ended before")]
)
def test_a_stream_that_breaks_off_is_told_and_not_begun_anew(end, words):
    pieces, fault, num_requests = streamed(Behaviour(script=[end]))
    assert "".join(pieces) == TEXT[: len(TEXT) // 2]
    assert isinstance(fault, RequestError)
    assert not isinstance(fault, TransientError)
    assert "broke off" in str(fault)
    assert words in str(fault)
    assert num_requests == 1


def test_a_reply_cut_at_the_token_limit_says_so():
    _, reply, _ = streamed(Behaviour(script=["length"]))
    assert reply == ChatReply(TEXT, 0, 0, truncated=True)


def test_a_conversation_that_is_too_long_is_a_fault_of_its_own():
    _, fault, num_requests = streamed(Behaviour(context=1))
    assert isinstance(fault, ContextLengthError)
    assert num_requests == 1  # no other way to write it would make it shorter


def test_reasoning_that_comes_in_fields_of_its_own_is_put_back_into_its_block():
    class Delta:
        def __init__(self, content=None, reasoning_content=None):
            self.content, self.reasoning_content = content, reasoning_content

    deltas = [Delta(), Delta(None, "Who "), Delta("", "am I?"), Delta("I am"), Delta(" Ada.")]
    streamed_text = StreamedText()
    assert [streamed_text.add(delta) for delta in deltas] == ["", "<think>Who ", "am I?", "</think>I am", " Ada."]
    assert streamed_text.text == "<think>Who am I?</think>I am Ada."


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("<think>谁？</think>\n我是阿明。", "我是阿明。"),
        ("<Thinking>Who? <b></Thinking> I am <i>Ada</i>.", "I am <i>Ada</i>."),
        ("2 < 3, and 3 > 2.", "2 < 3, and 3 > 2."),
        ("<think>never closed", ""),
    ],
)
def test_reasoning_is_left_out_wherever_its_tags_are_cut(written, spoken, size):
    text = SpokenText()
    pieces = [text.add(written[start : start + size]) for start in range(0, len(written), size)]
    assert "".join(pieces) == spoken == text.shown
    assert text.written == written


def test_what_was_shown_before_a_lonely_end_of_reasoning_stays_all_that_was_shown():
    text = SpokenText()
    assert [text.add(piece) for piece in ("Who am", " I?</think>", "Ada.")] == ["Who am", "", ""]


def test_an_endpoint_that_cannot_stream_shows_its_reply_at_once():
    class Whole:
        async def identity(self):
            raise NotImplementedError

        async def complete(self, request):
            return ChatReply("all of it", 1, 2)

        async def close(self):
            pass

    pieces: list[str] = []
    assert asyncio.run(stream_reply(Whole(), GREETING, pieces.append)) == ChatReply("all of it", 1, 2)
    assert pieces == ["all of it"]
