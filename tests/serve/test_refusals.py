"""What cannot be answered is refused in the protocol's own form, by its name; never a 500."""

from __future__ import annotations

import httpx2 as httpx
import openai
import pytest

from raiden.serve.app import Access, Terminal
from raiden.serve.connection import MAX_BODY_BYTES
from tests.serve.conftest import serving

USER = [{"role": "user", "content": "Hello"}]
GOOD = {"model": "raiden", "messages": USER, "max_tokens": 2}


def refused(response, status):
    """The error in an answer, which has all parts of the protocol's form."""
    assert response.status_code == status, response.text
    error = response.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    return error


BAD_BODIES = [
    (b"", None),
    (b"{", None),
    (b"[]", None),
    (b"null", None),
    (b"\xff\xfe", None),
    (b"[" * 100_000, None),
    (b'{"model": "raiden", "messages": [{"role": "user", "content": "\\ud83d"}]}', None),
    (b'{"model": "raiden", "messages": [{"role": "user", "content": "x"}], "seed": ' + b"9" * 5000 + b"}", None),
]
BAD_FIELDS = [
    ({"model": 5}, "model"),
    ({"model": "nobody"}, "model"),
    ({"model": "raiden/nobody"}, "model"),
    ({"messages": []}, "messages"),
    ({"messages": "Hello"}, "messages"),
    ({"messages": USER * 3000}, "messages"),
    ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].role"),
    ({"messages": [{"role": "user"}]}, "messages[0].content"),
    ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]}, "messages[0].content"),
    ({"messages": [{"role": "user", "content": "long " * 9000}]}, "messages"),
    ({"temperature": 2.5}, "temperature"),
    ({"temperature": "hot"}, "temperature"),
    ({"temperature": float("nan")}, "temperature"),
    ({"top_p": 0}, "top_p"),
    ({"n": 0}, "n"),
    ({"n": 9}, "n"),
    ({"seed": 2**70}, "seed"),
    ({"seed": 1.5}, "seed"),
    ({"max_tokens": 0}, "max_tokens"),
    ({"max_tokens": True}, "max_tokens"),
    ({"stop": [1]}, "stop"),
    ({"stop": ["x"] * 17}, "stop"),
    ({"stream": "yes"}, "stream"),
    ({"logprobs": True, "top_logprobs": 21}, "top_logprobs"),
    ({"max_tokens": -2}, "max_tokens"),
    ({"tools": [{"type": "function"}], "tool_choice": "required"}, "tool_choice"),
    ({"presence_penalty": 2.5}, "presence_penalty"),
    ({"rep_pen": 0}, "rep_pen"),
    ({"logit_bias": {"5": 100}}, "logit_bias"),
    ({"response_format": {"type": "json_object"}}, "response_format"),
    ({"random_seed": 2**70}, "random_seed"),
    ({"guided_json": {"type": "object"}}, "guided_json"),
]


@pytest.mark.parametrize(("content", "param"), BAD_BODIES, ids=range(len(BAD_BODIES)))
def test_a_malformed_body_is_refused(server, content, param):
    headers = {"Content-Type": "application/json"}
    for path in ("/v1/chat/completions", "/v1/completions", "/talk/why", "/talk/character"):
        assert refused(httpx.post(f"{server.address}{path}", content=content, headers=headers), 400)["param"] == param


@pytest.mark.parametrize(("change", "param"), BAD_FIELDS, ids=lambda value: str(value)[:30])
def test_a_field_that_cannot_be_used_is_named(server, change, param):
    import json

    content = json.dumps(GOOD | change)
    response = httpx.post(
        f"{server.address}/v1/chat/completions", content=content, headers={"Content-Type": "application/json"}
    )
    error = refused(response, 404 if error_is_of_model(change) else 400)
    assert error["param"].startswith(param)
    assert param.partition("[")[0] in error["message"] or param == "messages"


def error_is_of_model(change):
    return "nobody" in str(change.get("model"))


def test_the_sdk_knows_the_errors(client):
    with pytest.raises(openai.BadRequestError) as refusal:
        client.chat.completions.create(**GOOD, logit_bias={"5": 100})
    assert (refusal.value.param, refusal.value.code) == ("logit_bias", "unsupported_parameter")
    with pytest.raises(openai.BadRequestError) as refusal:
        client.chat.completions.create(**GOOD | {"messages": [{"role": "user", "content": "long " * 9000}]})
    assert (refusal.value.code, refusal.value.param) == ("context_length_exceeded", "messages")
    with pytest.raises(openai.BadRequestError, match="shorten `prompt`") as refusal:
        client.completions.create(model="raiden", prompt="long " * 9000)
    assert (refusal.value.code, refusal.value.param) == ("context_length_exceeded", "prompt")
    with pytest.raises(openai.BadRequestError, match="replies are plain text: leave it out, and say in the prompt"):
        client.chat.completions.create(**GOOD, response_format={"type": "json_object"})
    with pytest.raises(openai.BadRequestError, match="the model calls no tools"):
        client.chat.completions.create(**GOOD, tools=[{"type": "function"}], tool_choice="required")
    with pytest.raises(openai.NotFoundError, match="did you mean"):
        client.chat.completions.create(**GOOD | {"model": "raiden/Winifrid"})
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-5")


def test_what_asks_for_nothing_is_taken(server):
    harmless = {"user": "me", "presence_penalty": 0, "frequency_penalty": 0.0, "logit_bias": {}, "tools": None}
    harmless |= {"stop": None, "seed": None, "n": 1, "metadata": {"a": "b"}, "response_format": {"type": "text"}}
    assert httpx.post(f"{server.address}/v1/chat/completions", json=GOOD | harmless).status_code == 200


def test_what_changes_no_more_than_the_draw_is_ignored_and_told_once(server, capfd):
    """The first is of SillyTavern's text completion, the second of agents, who can do without."""
    body = GOOD | {"dry_base_of_ours": 1.75, "tools": [{"type": "function"}], "tool_choice": "auto"}
    answers = [httpx.post(f"{server.address}/v1/chat/completions", json=body) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert capfd.readouterr().out.count("`dry_base_of_ours`, which a request holds, changes nothing here") == 1


def test_a_name_that_a_client_makes_up_can_neither_fill_the_memory_nor_write_into_the_terminal(capfd):
    terminal = Terminal()
    for number in range(300):
        terminal.tell_once(f"\x1b[2J{number}" + "x" * 10_000)
    told = capfd.readouterr().out.splitlines()
    assert len(told) == 200
    assert max(map(len, told)) == 200
    assert "\x1b" not in "".join(told)


def test_an_address_without_its_v1_and_a_request_without_a_model_are_answered(server):
    without = {name: value for name, value in GOOD.items() if name != "model"}
    answers = [httpx.post(f"{server.address}{path}/chat/completions", json=without) for path in ("", "/v1")]
    assert [answer.json()["model"] for answer in answers] == ["raiden", "raiden"]
    models = [httpx.get(f"{server.address}/{path}").json() for path in ("v1/models", "models", "v1/models/")]
    assert models == [models[0]] * 3
    assert models[0]["object"] == "list"


def test_other_addresses_and_methods_are_told(server):
    error = refused(httpx.get(f"{server.address}/v1/embeddings"), 404)
    assert "served are /v1/models, /v1/responses, /v1/chat/completions and /v1/completions" in error["message"]
    refused(httpx.get(f"{server.address}/v1/chat/completions"), 405)
    refused(httpx.get(f"{server.address}/page/../app.py"), 404)
    refused(httpx.get(f"{server.address}/page/%2e%2e%2fapp.py"), 404)


def test_bodies_have_a_limit_and_must_be_json(server):
    chat = f"{server.address}/v1/chat/completions"
    large = b'{"x": "' + b"x" * MAX_BODY_BYTES + b'"}'
    refused(httpx.post(chat, content=large, headers={"Content-Type": "application/json"}), 413)
    refused(httpx.post(chat, content=b"{}", headers={"Content-Type": "text/plain"}), 415)


def test_pages_and_names_of_elsewhere_are_turned_away(server, capfd):
    def error(**headers):
        return refused(httpx.post(f"{server.address}/v1/chat/completions", json=GOOD, headers=headers), 403)["code"]

    assert error(host="evil.example") == "wrong_host"
    assert error(host="") == "wrong_host"
    assert error(origin="http://evil.example") == "wrong_origin"
    assert error(origin="null") == "wrong_origin"
    own = httpx.post(f"{server.address}/v1/chat/completions", json=GOOD, headers={"Origin": server.address})
    assert own.status_code == 200
    assert not [name for name in own.headers if name.startswith("access-control")]
    told = capfd.readouterr().out
    assert told.count("start the server with --allow_origin http://evil.example if they shall") == 1


def test_a_key_is_asked_for_and_an_origin_can_be_let_in(tiny_folder):
    origin = "https://chat.example"
    with serving(tiny_folder, access=Access(None, (origin,), "secret"), max_rows=1, max_waiting=0) as server:
        models = f"{server.address}/v1/models"
        assert refused(httpx.get(models), 401)["code"] == "invalid_api_key"
        refused(httpx.get(f"{server.address}/talk/lineup", headers={"Authorization": "Bearer sécret".encode()}), 401)
        assert httpx.get(server.address).status_code == 200
        assert httpx.get(models, headers={"Authorization": "Bearer secret"}).status_code == 200
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        assert httpx.options(models, headers=asked).headers["access-control-allow-origin"] == origin
        client = server.client(api_key="secret")
        stream = client.chat.completions.create(**GOOD | {"max_tokens": 8000}, stream=True)
        next(iter(stream))
        with pytest.raises(openai.RateLimitError) as refusal:
            client.chat.completions.create(**GOOD)
        assert refusal.value.response.headers["retry-after"]
        stream.close()
        server.wait_until_idle()
        client.chat.completions.create(**GOOD)
