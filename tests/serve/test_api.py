"""OpenAI's protocol, spoken by its own SDK and by what other clients send."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx2 as httpx
import pytest
import torch

from raiden.chat.conversation import Conversation
from raiden.core.types import Message
from tests.serve.conftest import SAMPLING, serving

QUESTION = [{"role": "user", "content": "Where were you born? 어디? どこ? 哪里？"}]
CHARACTER = "raiden/Winifred Oakes"


def ask(client, model="raiden", **settings):
    return client.chat.completions.create(
        model=model, **{"messages": QUESTION, "seed": 1, "max_tokens": 20, "temperature": 1.0, **settings}
    )


def text(completion):
    return completion.choices[0].message.content


def streamed(client, **settings):
    """Texts and the rest of the chunks of a stream."""
    chunks = list(ask(client, stream=True, stream_options={"include_usage": True}, **settings))
    return "".join(c.choices[0].delta.content or "" for c in chunks if c.choices), chunks


def test_models_are_listed_with_their_characters_and_each_can_be_looked_up(client):
    names = [model.id for model in client.models.list()]
    assert names[0] == "raiden"
    assert CHARACTER in names
    assert len(names) == 78
    assert client.models.retrieve(CHARACTER).id == CHARACTER
    assert client.models.retrieve("raiden").max_model_len == 8192


def test_a_streamed_reply_is_the_one_that_comes_whole(client):
    for seed in range(3):
        whole = ask(client, seed=seed)
        told, chunks = streamed(client, seed=seed)
        assert told == text(whole)
        assert chunks[0].choices[0].delta.role == "assistant"
        reasons = [c.choices[0].finish_reason for c in chunks if c.choices]
        assert reasons == [None] * (len(reasons) - 1) + [whole.choices[0].finish_reason]
        assert chunks[-1].choices == []
        assert chunks[-1].usage == whole.usage
        assert whole.usage.completion_tokens == 20
        assert len({chunk.id for chunk in chunks}) == 1


def test_a_stream_is_server_sent_events_with_an_end(server):
    body = {"model": "raiden", "messages": QUESTION, "max_tokens": 3, "stream": True}
    with httpx.stream("POST", f"{server.address}/v1/chat/completions", json=body) as response:
        lines = response.read().decode().split("\n\n")
    assert response.headers["content-type"].startswith("text/event-stream")
    assert lines[-2:] == ["data: [DONE]", ""]
    assert all("usage" not in json.loads(line.removeprefix("data: ")) for line in lines[:-2])


def test_a_seed_gives_its_text_whoever_else_is_asking(server, client):
    alone = {seed: text(ask(client, seed=seed, max_tokens=40)) for seed in range(8)}
    assert len(set(alone.values())) == 8
    done = threading.Event()

    def others(number):
        while not done.is_set():
            messages = [{"role": "user", "content": f"{number} " * (1 + number * 7)}]
            ask(server.client(), messages=messages, seed=None, max_tokens=1 + number, top_p=0.9, temperature=0.5)

    with ThreadPoolExecutor(12) as pool:
        crowd = [pool.submit(others, number) for number in range(4)]
        replies = pool.map(lambda seed: (seed, streamed(server.client(), seed=seed, max_tokens=40)[0]), range(8))
        together = dict(replies)
        done.set()
        for each in crowd:
            each.result()
    assert together == alone


def test_several_completions_of_a_prompt_have_the_seeds_that_follow(client):
    one_by_one = [text(ask(client, seed=seed)) for seed in (5, 6, 7)]
    together = ask(client, seed=5, n=3)
    assert [choice.message.content for choice in together.choices] == one_by_one
    assert together.usage.completion_tokens == 60
    pieces = ["", "", ""]
    for chunk in ask(client, seed=5, n=3, stream=True):
        pieces[chunk.choices[0].index] += chunk.choices[0].delta.content or ""
    assert pieces == one_by_one


def test_without_a_seed_replies_differ_and_greedy_ones_do_not(client):
    assert len({text(ask(client, seed=None)) for _ in range(3)}) == 3
    assert len({text(ask(client, seed=-1)) for _ in range(3)}) == 3
    assert len({text(ask(client, seed=None, temperature=0)) for _ in range(3)}) == 1


def test_a_seed_may_be_called_as_mistral_calls_it(server):
    body = {"model": "raiden", "messages": QUESTION, "max_tokens": 9, "temperature": 1.0}
    texts = [
        httpx.post(f"{server.address}/v1/chat/completions", json=body | seed).json()["choices"][0]["message"][
            "content"
        ]
        for seed in ({"random_seed": 5}, {"seed": 5}, {"seed": 6})
    ]
    assert texts[0] == texts[1] != texts[2]


def test_a_reply_ends_before_a_text_that_stops_it(client):
    whole = text(ask(client, seed=3, max_tokens=60))
    stop = whole[20:24]
    expected = whole[: whole.index(stop)]
    for stops in (stop, ["never said", stop]):
        reply = ask(client, seed=3, max_tokens=60, stop=stops)
        assert text(reply).rstrip() == expected.rstrip()
        assert reply.choices[0].finish_reason == "stop"
        told, chunks = streamed(client, seed=3, max_tokens=60, stop=stops)
        assert told == text(reply)
        assert chunks[-1].usage.completion_tokens < 60


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_a_limit_cuts_the_reply_and_the_answer_says_so(client, name):
    reply = ask(client, **{"max_tokens": None, name: 5})
    assert reply.choices[0].finish_reason == "length"
    assert reply.usage.completion_tokens == 5


def test_a_limit_above_the_context_is_the_rest_of_the_context(client):
    messages = [{"role": "user", "content": "x" * 8150}]
    reply = ask(client, messages=messages, max_tokens=10**9)
    assert reply.usage.total_tokens <= 8192
    assert reply.choices[0].finish_reason in ("length", "stop")


def test_a_character_reads_the_prompt_of_training_and_the_clients_own_behind_it(server, client):
    profile = server.cast.find("Winifred Oakes")
    chat = server.model.local.chat
    prompt = Conversation(profile).prompt("Who are you?")
    messages = [{"role": "user", "content": "Who are you?"}]
    (expected,) = chat.tokenize([chat.render(prompt)])
    for name in (CHARACTER, "Winifred Oakes", "winifred", "raiden/1"):
        reply = ask(client, name, messages=messages)
        assert reply.model == CHARACTER
        assert reply.usage.prompt_tokens == len(expected)
    system = Message("system", f"{prompt[0].content}\n\nBe brief.\n\nBe kind.")
    (expected,) = chat.tokenize([chat.render([system, *prompt[1:]])])
    parts = [{"type": "text", "text": "Be brief."}]
    own = [{"role": "developer", "content": parts}, *messages, {"role": "system", "content": "Be kind."}]
    assert ask(client, CHARACTER, messages=own).usage.prompt_tokens == len(expected)
    assert ask(client, "raiden", messages=messages).usage.prompt_tokens < 40


def test_log_probabilities_are_those_of_the_model(server, client):
    reply = ask(client, logprobs=True, top_logprobs=3, max_tokens=6, temperature=0.5, seed=2)
    told = reply.choices[0].logprobs.content
    chat, model = server.model.local.chat, server.model.local.policy.model
    (prompt,) = chat.tokenize([chat.render([Message("user", QUESTION[0]["content"])])])
    asked = {"model": "raiden", "messages": QUESTION, "max_tokens": 6, "temperature": 0.5, "seed": 2}
    ids = list(prompt)
    for token in told:
        with torch.no_grad():
            logps = model(torch.tensor([ids])).logits[0, -1].log_softmax(-1)
        by_text = {chat.tokenizer.decode([i]): i for i in range(len(logps))}
        best = logps.topk(3)
        assert [t.logprob for t in token.top_logprobs] == pytest.approx(best.values.tolist(), abs=1e-4)
        drawn = min(
            (i for i in range(len(logps)) if chat.tokenizer.decode([i]) == token.token),
            key=lambda i: abs(float(logps[i]) - token.logprob),
        )
        assert float(logps[drawn]) == pytest.approx(token.logprob, abs=1e-4)
        assert by_text
        ids.append(drawn)
    assert client.chat.completions.create(**asked).choices[0].logprobs is None
    streamed_ones = [
        token.token
        for chunk in client.chat.completions.create(**asked, logprobs=True, stream=True)
        if chunk.choices[0].logprobs
        for token in chunk.choices[0].logprobs.content
    ]
    assert streamed_ones == [token.token for token in told]


def test_a_bare_text_is_gone_on_with(client):
    settings = {"model": "raiden", "prompt": "You are the keeper", "max_tokens": 12, "seed": 4, "temperature": 1.0}
    whole = client.completions.create(**settings, stop=None)
    assert whole.object == "text_completion"
    assert whole.usage.completion_tokens == 12
    told = "".join(chunk.choices[0].text for chunk in client.completions.create(**settings, stream=True))
    assert told == whole.choices[0].text


def test_what_sillytavern_sends_is_answered(server):
    """By its source `Custom (OpenAI-compatible)`, and by its text completion of the type `Generic`."""
    chat = {
        "messages": [
            {
                "role": "system",
                "content": "Write Winifred's next reply in a fictional chat.",
            },
            {"role": "system", "content": "[Start a new Chat]"},
            {"role": "assistant", "content": "Mind the gate."},
            {"role": "user", "content": "Good morning."},
        ],
        "model": CHARACTER,
        "temperature": 1,
        "max_tokens": 8,
        "stream": False,
        "presence_penalty": 0,
        "frequency_penalty": 0,
        "top_p": 1,
        "stop": [],
        "logit_bias": {},
        "seed": 11,
        "n": 1,
    }
    headers = {"Authorization": "Bearer none"}
    reply = httpx.post(f"{server.address}/v1/chat/completions", json=chat, headers=headers).json()
    assert reply["choices"][0]["message"]["role"] == "assistant"
    assert reply["usage"]["completion_tokens"] <= 8
    text_body = {"model": "raiden", "prompt": "User: Hello\nWinifred:", "max_tokens": 8, "temperature": 0.7, "n": 1}
    text_body |= {"top_p": 0.9, "frequency_penalty": 0, "presence_penalty": 0, "stop": ["\nUser:"], "stream": False}
    assert httpx.post(f"{server.address}/v1/completions", json=text_body).status_code == 200
    assert httpx.get(f"{server.address}/v1/models", headers=headers).json()["data"][0]["id"] == "raiden"
    assert httpx.get(f"{server.address}/health").json() == {"status": "ok"}


def test_what_was_said_costs_what_the_request_says(client):
    settings = {"temperature": 0, "max_tokens": 30, "logprobs": True, "top_logprobs": 1}

    def tokens(**penalties):
        reply = ask(client, **settings, extra_body=penalties)
        return [token.token for token in reply.choices[0].logprobs.content]

    plain = tokens()
    assert len(set(tokens(presence_penalty=2, frequency_penalty=2))) > len(set(plain)) + 5
    assert tokens(presence_penalty=0, frequency_penalty=0.0, repetition_penalty=1) == plain
    assert tokens(rep_pen=1.5) == tokens(repetition_penalty=1.5) != plain


def test_no_limit_means_more_than_the_usual_one(tiny_folder):
    with serving(tiny_folder, sampling=replace(SAMPLING, max_tokens=5)) as server:
        whole = text(ask(server.client(), seed=3, max_tokens=60))
        replies = [ask(server.client(), seed=3, max_tokens=limit, stop=whole[30:34]) for limit in (None, -1)]
    assert [(r.choices[0].finish_reason, r.usage.completion_tokens > 5) for r in replies] == [
        ("length", False),
        ("stop", True),
    ]
