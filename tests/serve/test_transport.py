"""HTTP as clients and proxies write it: its versions, bodies in pieces, addresses with a slash too many."""

from __future__ import annotations

import gzip
import json
import socket
from urllib.parse import urlsplit

import httpx2 as httpx
import pytest

BODY = {"model": "raiden", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 2, "seed": 1}
CONTENT = json.dumps(BODY).encode()
JSON = {"Content-Type": "application/json"}
CHAT = "/v1/chat/completions"


def exchange(server, *sent: bytes, path=CHAT, version="1.1", headers="", reads_between=False) -> bytes:
    """All that comes back over one connection, which the server closes."""
    address = urlsplit(server.address)
    head = f"POST {path} HTTP/{version}\r\nHost: {address.netloc}\r\nContent-Type: application/json\r\n{headers}\r\n"
    received = b""
    with socket.create_connection((address.hostname, address.port), timeout=60) as connection:
        connection.sendall(head.encode())
        if reads_between:
            received = connection.recv(4096)
        for part in sent:
            connection.sendall(part)
        while part := connection.recv(4096):
            received += part
    return received


def replied(received: bytes) -> str:
    """The text of a whole answer."""
    head, _, body = received.partition(b"\r\n\r\n")
    assert b"200 OK" in head
    return json.loads(body)["choices"][0]["message"]["content"]


@pytest.fixture(scope="module")
def reply(server):
    """To the request, as any client gets it."""
    return httpx.post(f"{server.address}{CHAT}", json=BODY).json()["choices"][0]["message"]["content"]


def test_http_1_0_gets_whole_answers_and_streams_that_end_with_the_connection(server, reply):
    length = f"Content-Length: {len(CONTENT)}\r\n"
    assert replied(exchange(server, CONTENT, version="1.0", headers=length)) == reply
    content = json.dumps(BODY | {"stream": True}).encode()
    stream = exchange(server, content, version="1.0", headers=f"Content-Length: {len(content)}\r\n")
    head, _, events = stream.partition(b"\r\n\r\n")
    assert b"chunked" not in head.lower()
    assert events.startswith(b"data: {")
    assert events.endswith(b"data: [DONE]\n\n")


def test_a_body_may_come_in_chunks_and_may_wait_to_be_asked_for(server, reply):
    chunks = [f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in (CONTENT[:9], CONTENT[9:])]
    headers = "Transfer-Encoding: chunked\r\nConnection: close\r\n"
    assert replied(exchange(server, *chunks, b"0\r\n\r\n", headers=headers)) == reply
    headers = f"Content-Length: {len(CONTENT)}\r\nExpect: 100-continue\r\nConnection: close\r\n"
    asked, _, answer = exchange(server, CONTENT, headers=headers, reads_between=True).partition(b"\r\n\r\n")
    assert asked.startswith(b"HTTP/1.1 100")
    assert replied(answer) == reply


def test_a_connection_is_kept_for_the_next_request_after_answers_streams_and_refusals(server, reply):
    with httpx.Client(base_url=server.address) as client:
        ports = set()
        for change in ({}, {"stream": True}, {"temperature": 9}, {"model": "nobody"}, {}):
            with client.stream("POST", CHAT, json=BODY | change) as answer:
                ports.add(answer.extensions["network_stream"].get_extra_info("client_addr")[1])
                answer.read()
        assert answer.json()["choices"][0]["message"]["content"] == reply
        assert len(ports) == 1


def test_a_slash_or_a_version_too_many_changes_no_address(server, reply):
    """`/v1/v1` is what Together's client makes of an address with /v1, `/openai/v1` what Groq's does."""
    for path in (f"{CHAT}/", "/v1//chat/completions", "//chat/completions/", f"/v1{CHAT}", f"/openai{CHAT}"):
        answer = httpx.post(f"{server.address}{path}", json=BODY)
        assert (answer.status_code, answer.json()["choices"][0]["message"]["content"]) == (200, reply), path
    assert httpx.get(f"{server.address}//page/../app.py").status_code == 404
    assert "nothing at /v1/ (served are" in httpx.get(f"{server.address}/v1/").json()["error"]["message"]


def test_a_byte_order_mark_is_no_part_of_a_body(server, reply):
    answer = httpx.post(f"{server.address}{CHAT}", content=b"\xef\xbb\xbf" + CONTENT, headers=JSON)
    assert answer.json()["choices"][0]["message"]["content"] == reply


@pytest.mark.parametrize(
    ("content", "headers", "status", "told"),
    [
        (gzip.compress(CONTENT), {"Content-Encoding": "gzip"}, 415, "bodies are not taken as gzip"),
        ('{"model": "Amélie"}'.encode("latin-1"), {}, 400, "the body is no UTF-8 (byte 13)"),
        (CONTENT.decode().encode("utf-16"), {}, 400, "the body is no UTF-8 (byte 0)"),
    ],
)
def test_a_body_in_another_coding_is_refused_by_its_name(server, content, headers, status, told):
    answer = httpx.post(f"{server.address}{CHAT}", content=content, headers=JSON | headers)
    assert answer.status_code == status
    assert answer.json()["error"]["message"].startswith(told)


def test_a_head_tells_what_a_get_would_and_other_methods_are_refused_by_the_ones_that_are_done(server):
    for path in ("/", "/health", "/v1/models"):
        asked = httpx.head(f"{server.address}{path}")
        assert (asked.status_code, asked.content) == (200, b"")
        assert asked.headers["content-length"] == httpx.get(f"{server.address}{path}").headers["content-length"]
    refused = httpx.options(f"{server.address}{CHAT}")
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
    assert "OPTIONS is not for this address" in refused.json()["error"]["message"]
