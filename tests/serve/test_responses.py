"""/v1/responses, spoken by OpenAI's SDK and by what other clients send."""

from __future__ import annotations

import json

import httpx2 as httpx
import openai
import pytest

from raiden.core.types import Message
from raiden.endpoints.live import GenerationRequest
from raiden.endpoints.written import Piece
from raiden.rollout.engines import SamplingConfig
from raiden.serve.bodies import read_body
from raiden.serve.responses import NUM_REMEMBERED, ReplyMemory, ResponseAnswer, ResponseBody
from tests.serve.conftest import SAMPLING, serving
from tests.serve.test_connections import never_ends
from tests.serve.test_refusals import BAD_BODIES, refused

QUESTION = "Where were you born? 어디? どこ? 哪里？"
CHARACTER = "raiden/Winifred Oakes"
GOOD = {"model": "raiden", "input": "Hello", "max_output_tokens": 2}


def ask(client, model="raiden", seed=1, **settings):
    settings = {"input": QUESTION, "max_output_tokens": 20, "temperature": 1.0, **settings}
    return client.responses.create(model=model, extra_body={"seed": seed}, **settings)


def chat(client, model="raiden", seed=1, **settings):
    settings = {"messages": [{"role": "user", "content": QUESTION}], "max_tokens": 20, "temperature": 1.0, **settings}
    return client.chat.completions.create(model=model, seed=seed, **settings)


def post(server, content, path="responses"):
    headers = {"Content-Type": "application/json"}
    content = content if isinstance(content, bytes) else json.dumps(content)
    return httpx.post(f"{server.address}/v1/{path}", content=content, headers=headers, timeout=60)


def test_a_response_is_the_reply_that_chat_gives(client):
    for model in ("raiden", CHARACTER, "winifred"):
        reply, told = ask(client, model), chat(client, model)
        assert reply.output_text == told.choices[0].message.content != ""
        assert reply.model == told.model
        assert (reply.usage.input_tokens, reply.usage.output_tokens) == (told.usage.prompt_tokens, 20)
        assert reply.usage.total_tokens == told.usage.total_tokens
        assert reply.usage.output_tokens_details.reasoning_tokens == 0
        assert (reply.status, reply.incomplete_details.reason) == ("incomplete", "max_output_tokens")
        assert [(item.type, item.role, item.status) for item in reply.output] == [
            ("message", "assistant", "incomplete")
        ]


def test_an_earlier_reply_may_be_named_in_place_of_its_text(client):
    first = ask(client)
    (item,) = first.output

    def go_on(earlier, **settings):
        turns = [{"role": "user", "content": QUESTION}, earlier, {"role": "user", "content": "And now?"}]
        return ask(client, input=turns, **settings).output_text

    named = {"type": "item_reference", "id": item.id}
    assert go_on(named) == go_on({"role": "assistant", "content": first.output_text})
    unkept = {"type": "item_reference", "id": ask(client, store=False).output[0].id}
    with pytest.raises(openai.BadRequestError, match="send the message itself"):
        go_on(unkept)


def test_the_oldest_replies_are_forgotten():
    memory = ReplyMemory()
    for i in range(NUM_REMEMBERED + 1):
        memory.keep(f"msg_{i}", str(i))
    oldest, next_one = ({"type": "item_reference", "id": f"msg_{i}"} for i in range(2))
    assert memory.resolved({"input": [oldest, next_one]})["input"] == [
        oldest,
        {"type": "message", "role": "assistant", "content": "1"},
    ]


def test_a_reply_that_ends_is_completed(client):
    first = ask(client, seed=3, max_output_tokens=60).output_text
    reply = client.responses.create(
        model="raiden", input=QUESTION, temperature=1.0, extra_body={"seed": 3, "stop": first[20:24]}
    )
    assert (reply.status, reply.incomplete_details) == ("completed", None)
    assert reply.output_text.rstrip() == first[: first.index(first[20:24])].rstrip()


def test_the_events_of_a_stream_come_in_order_and_tell_the_response(client):
    whole = ask(client, seed=4)
    events = list(ask(client, seed=4, stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    kinds = [event.type.removeprefix("response.") for event in events]
    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert kinds == [
        *("created", "in_progress", "output_item.added", "content_part.added"),
        *["output_text.delta"] * len(deltas),
        *("output_text.done", "content_part.done", "output_item.done", "incomplete"),
    ]
    assert len(deltas) > 3
    assert (events[0].response.status, events[0].response.output, events[0].response.usage) == (
        "in_progress",
        [],
        None,
    )
    assert (events[2].item.status, events[2].item.content, events[3].part.text) == ("in_progress", [], "")
    last = events[-1].response
    assert "".join(deltas) == events[-4].text == events[-3].part.text == last.output_text == whole.output_text
    assert last.output == [events[-2].item]
    assert last.usage == whole.usage
    assert {event.response.id for event in events if hasattr(event, "response")} == {last.id}
    assert {event.item_id for event in events if hasattr(event, "item_id")} == {last.output[0].id}


def test_each_event_is_named_and_the_last_one_ends_the_stream(server):
    lines = post(server, GOOD | {"stream": True}).text.strip().split("\n\n")
    for line in lines:
        name, data = line.split("\n")
        assert name == f"event: {json.loads(data.removeprefix('data: '))['type']}"
    assert "[DONE]" not in lines[-1]


def test_the_sdks_own_helper_reads_the_stream(server, client):
    server.wait_until_idle()
    settings = {"model": "raiden", "input": QUESTION, "extra_body": {"seed": 3, "stop": "e", "max_tokens": -1}}
    with client.responses.stream(**settings) as stream:
        final = stream.get_final_response()
    assert final.status == "completed"
    assert final.output_text == client.responses.create(**settings).output_text


def test_the_conversation_is_read_as_chat_reads_it(server, client):
    turns = [("user", "Who are you?"), ("assistant", "A keeper."), ("user", "Of what?")]
    chats = server.model.local.chat
    prompt = [Message("system", "Be brief.\n\nBe kind."), *(Message(role, text) for role, text in turns)]
    (expected,) = chats.tokenize([chats.render(prompt)])
    items = [
        {"role": "user", "content": [{"type": "input_text", "text": "Who are you?"}]},
        {"type": "reasoning", "id": "rs_1", "summary": []},
        {"type": "message", "id": "msg_1", "status": "completed", "role": "assistant"}
        | {"content": [{"type": "output_text", "text": "A keeper.", "annotations": [], "logprobs": []}]},
        {"type": "message", "role": "developer", "content": "Be kind."},
        {"role": "user", "content": "Of what?"},
    ]
    assert ask(client, instructions="Be brief.", input=items).usage.input_tokens == len(expected)


def test_a_response_goes_on_from_the_output_of_the_last(server, client):
    first = ask(client)
    items = [{"role": "user", "content": QUESTION}, *first.output, {"role": "user", "content": "And then?"}]
    messages = [
        {"role": "user", "content": QUESTION},
        {"role": "assistant", "content": first.output_text},
        {"role": "user", "content": "And then?"},
    ]
    assert ask(client, input=items).output_text == chat(client, messages=messages).choices[0].message.content


def test_a_response_says_what_held_for_it(client):
    settings = {"instructions": "Be brief.", "metadata": {"a": "b"}, "store": True, "top_p": 0.5}
    reply = ask(client, temperature=0, **settings)
    assert (reply.instructions, reply.metadata, reply.store, reply.top_p) == ("Be brief.", {"a": "b"}, False, 0.5)
    assert (reply.temperature, reply.max_output_tokens, reply.object) == (0, 20, "response")
    assert ask(client, temperature=None, max_output_tokens=None).temperature == SAMPLING.temperature


def test_log_probabilities_are_those_of_chat(client):
    reply = ask(client, include=["message.output_text.logprobs"], top_logprobs=2, max_output_tokens=6)
    told = chat(client, logprobs=True, top_logprobs=2, max_tokens=6).choices[0].logprobs.content
    assert [t.to_dict() for t in reply.output[0].content[0].logprobs] == [t.to_dict() for t in told]
    assert ask(client).output[0].content[0].logprobs == []


def answer(*pieces):
    """A response of these pieces, and its events as text."""
    body = read_body(ResponseBody, GOOD)
    made = ResponseAnswer("raiden", body, GenerationRequest((1, 2), (0,), SamplingConfig()), ReplyMemory())
    events = [json.dumps(event) for piece in pieces for event in made.chunks(piece)]
    return made.whole, [json.loads(event) for event in events]


def test_reasoning_is_an_item_of_its_own_before_the_message():
    thought = [Piece(0, "", "I am", num_tokens=2), Piece(0, "", " Edith.", num_tokens=4)]
    whole, events = answer(
        *thought, Piece(0, "Edith.", num_tokens=7), Piece(0, "", finish_reason="stop", num_tokens=8)
    )
    assert [(item["type"], item["content"][0]["text"], item["status"]) for item in whole["output"]] == [
        ("reasoning", "I am Edith.", "completed"),
        ("message", "Edith.", "completed"),
    ]
    assert whole["usage"]["output_tokens_details"] == {"reasoning_tokens": 4}
    assert whole["usage"]["total_tokens"] == 10
    kinds = [event["type"] for event in events if event.get("output_index") == 0]
    assert kinds[2:5] == ["response.reasoning_text.delta"] * 2 + ["response.reasoning_text.done"]
    assert [e["output_index"] for e in events] == [0] * 7 + [1] * 6


def test_a_reply_that_is_cut_in_its_reasoning_has_no_message_and_an_empty_one_has():
    whole, _ = answer(Piece(0, "", "Hm", num_tokens=1), Piece(0, "", finish_reason="length", num_tokens=2))
    assert [(item["type"], item["status"]) for item in whole["output"]] == [("reasoning", "incomplete")]
    whole, events = answer(Piece(0, "", finish_reason="stop", num_tokens=1))
    assert [(item["type"], item["content"][0]["text"]) for item in whole["output"]] == [("message", "")]
    assert "response.output_text.delta" not in [event["type"] for event in events]


@pytest.mark.parametrize(("content", "param"), BAD_BODIES, ids=range(len(BAD_BODIES)))
def test_a_malformed_body_is_refused(server, content, param):
    assert refused(post(server, content), 400)["param"] == param


USER = {"role": "user", "content": "Hello"}
BAD_FIELDS = [
    ({"input": None}, "input", "valid list"),
    ({"input": 5}, "input", "valid list"),
    ({"input": []}, "input", "at least 1"),
    ({"input": [USER] * 3000}, "input", "at most 2048"),
    ({"input": [None]}, "input[0]", "messages alone"),
    ({"input": ["Hello"]}, "input[0]", "messages alone"),
    ({"input": [{"type": "reasoning", "summary": []}]}, "input", "not reasoning alone"),
    ({"input": [USER, {"type": "item_reference", "id": "msg_1"}]}, "input[1]", "no item of this id is known"),
    ({"input": [USER, {"type": "item_reference"}]}, "input[1]", "no item of this id is known"),
    ({"input": [USER, {"type": "item_reference", "id": ["msg_1"]}]}, "input[1]", "no item of this id is known"),
    ({"input": [USER, {"type": "function_call_output", "call_id": "c", "output": "4"}]}, "input[1]", "messages alone"),
    ({"input": [USER | {"type": "{x}" * 100}]}, "input[0]", "messages alone"),
    ({"input": [USER | {"type": ["message"]}]}, "input[0]", "messages alone"),
    ({"input": [USER | {"role": "tool"}]}, "input[0].role", "'system'"),
    ({"input": [{"role": "user"}]}, "input[0].content", "required"),
    ({"input": [USER | {"content": [{"type": "input_image", "image_url": "x"}]}]}, "input[0].content", "input_text"),
    ({"input": "long " * 9000}, "input", "shorten `input`"),
    ({"instructions": ["x"]}, "instructions", "string"),
    ({"max_output_tokens": 0}, "max_output_tokens", ""),
    ({"temperature": 2.5}, "temperature", "2"),
    ({"top_p": 0}, "top_p", "0"),
    ({"n": 2}, "n", "1"),
    ({"top_logprobs": 21}, "top_logprobs", "20"),
    ({"metadata": {"a": 1}}, "metadata", "string"),
    ({"store": "yes"}, "store", "boolean"),
    ({"stream": "yes"}, "stream", "boolean"),
    ({"text": {"format": {"type": "json_schema", "name": "x", "schema": {}}}}, "text.format.type", "'text'"),
    ({"previous_response_id": "resp_1"}, "previous_response_id", "send the whole conversation as `input`"),
    ({"conversation": "conv_1"}, "conversation", "send the whole conversation as `input`"),
    ({"prompt": {"id": "pmpt_1"}}, "prompt", "nothing is stored"),
    ({"background": True}, "background", "use `stream`"),
    ({"tools": [{"type": "function"}], "tool_choice": "required"}, "tool_choice", "not supported"),
    ({"tool_choice": {"type": "web_search"}}, "tool_choice", "not supported"),
]


@pytest.mark.parametrize(("change", "param", "told"), BAD_FIELDS, ids=lambda value: str(value)[:30])
@pytest.mark.parametrize("stream", [False, True])
def test_a_field_that_cannot_be_used_is_named_in_plain_words(server, change, param, told, stream):
    error = refused(post(server, GOOD | {"stream": stream} | change), 400)
    assert error["param"].startswith(param)
    assert told in error["message"]
    assert len(error["message"]) < 300


def test_a_request_without_input_and_one_to_nobody_are_refused(server):
    assert refused(post(server, {"model": "raiden"}), 400)["param"] == "input"
    assert refused(post(server, GOOD | {"model": "raiden/nobody"}), 404)["code"] == "model_not_found"


def test_nothing_is_stored_and_who_asks_for_it_is_told(client):
    first = client.responses.create(**GOOD, store=True)
    for call in (client.responses.retrieve, client.responses.delete, client.responses.cancel):
        with pytest.raises(openai.NotFoundError, match="nothing is stored here"):
            call(first.id)
    with pytest.raises(openai.BadRequestError) as refusal:
        client.responses.create(**GOOD, previous_response_id=first.id)
    assert (refusal.value.param, refusal.value.code) == ("previous_response_id", "unsupported_parameter")


def test_what_clients_send_by_habit_is_taken(server):
    habit = {"tools": [], "tool_choice": "auto", "parallel_tool_calls": True, "reasoning": {"summary": "auto"}}
    habit |= {"include": ["reasoning.encrypted_content"], "previous_response_id": None, "truncation": "disabled"}
    habit |= {"text": {"format": {"type": "text"}, "verbosity": "low"}, "background": False, "prompt_cache_key": "x"}
    habit |= {"stream_options": {"include_obfuscation": False}, "service_tier": "auto", "user": "me", "store": False}
    assert post(server, GOOD | habit).json()["tool_choice"] == "none"
    assert post(server, GOOD | habit, path="../responses").status_code == 200


def test_a_stream_that_fails_ends_in_an_error_that_the_sdk_raises(tiny_folder):
    with serving(tiny_folder, timeout=0.5) as server:
        never_ends(server)
        long = GOOD | {"max_output_tokens": 8000}
        assert refused(post(server, long), 504)["code"] == "timeout"
        with pytest.raises(openai.APIError, match="longer than the server's --timeout"):
            list(server.client().responses.create(**long, stream=True))
        name, data = post(server, long | {"stream": True}).text.strip().split("\n\n")[-1].split("\n")
        told = json.loads(data.removeprefix("data: "))
        assert (name, told["type"], told["code"], told["error"]["code"]) == ("event: error", "error", *["timeout"] * 2)
        assert told["sequence_number"] > 3
        server.wait_until_idle()
