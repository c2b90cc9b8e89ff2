"""A local Bedrock: checks each Converse request with botocore's own service model, and answers in its format."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

import botocore.session
from botocore.validate import ParamValidator

from tests.servers.event_stream import encode_event
from tests.servers.writer import write

_PIECE = 3
"""Characters in one event of a stream."""


@dataclass
class ConverseServer:
    """How it answers, and what it has seen."""

    script: list[str] = field(default_factory=list)
    """Faults of the first requests in their order: an error's name, `drop`, `cut`, `half_body`, or empty for none."""
    refuses_tools: bool = False
    stop_reason: str = ""
    """Instead of the right one."""
    says: Callable[[list[dict[str, str]]], str] | None = None
    """What is replied to these messages; None leaves it to the writer."""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    """What the service model says against the requests."""
    url: str = ""


STATUSES = {
    "ThrottlingException": 429,
    "InternalServerException": 500,
    "ServiceUnavailableException": 503,
    "ModelTimeoutException": 408,
    "AccessDeniedException": 403,
    "ExpiredTokenException": 403,
    "ResourceNotFoundException": 404,
    "ValidationException": 400,
}


_OPERATIONS = {"converse": "Converse", "converse-stream": "ConverseStream"}


@contextmanager
def serve_converse(behaviour: ConverseServer) -> Iterator[ConverseServer]:
    """Serves on a free port for the time of the block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(behaviour))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    behaviour.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield behaviour
    finally:
        server.shutdown()
        server.server_close()


def _handler(behaviour: ConverseServer) -> type[BaseHTTPRequestHandler]:
    service = botocore.session.get_session().get_service_model("bedrock-runtime")
    shapes = {path: service.operation_model(name).input_shape for path, name in _OPERATIONS.items()}
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            _, _, model, operation = self.path.split("/")
            report = ParamValidator().validate({"modelId": unquote(model), **body}, shapes[operation])
            with lock:
                behaviour.bodies.append(body)
                if report.has_errors():
                    behaviour.complaints.append(report.generate_report())
                number = len(behaviour.bodies) - 1
            fault = behaviour.script[number] if number < len(behaviour.script) else ""
            if behaviour.refuses_tools and "toolConfig" in body:
                fault = "ValidationException"
            if fault == "drop":
                self.close_connection = True
            elif fault in STATUSES:
                self._send(STATUSES[fault], {"message": f"told to fail with {fault}"}, fault)
            else:
                answer = _answer(body, behaviour)
                streams = operation == "converse-stream"
                self._send_answer(_as_stream(answer) if streams else json.dumps(answer).encode(), fault)

        def _send_answer(self, whole: bytes, fault: str) -> None:
            half = whole[: len(whole) // 2]
            if fault == "cut":
                self._head(200, len(whole))
                self.wfile.write(half)
                self.close_connection = True
            elif fault == "half_body":
                self._head(200, len(half))
                self.wfile.write(half)
            else:
                self._head(200, len(whole))
                self.wfile.write(whole)

        def _send(self, status: int, value: dict[str, Any], error: str = "") -> None:
            text = json.dumps(value).encode()
            self._head(status, len(text), error)
            self.wfile.write(text)

        def _head(self, status: int, length: int, error: str = "") -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(length))
            if error:
                self.send_header("x-amzn-ErrorType", error)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing on the screen."""

    return Handler


def _answer(body: dict[str, Any], behaviour: ConverseServer) -> dict[str, Any]:
    turns = body.get("system", []) and [{"role": "system", "content": body["system"][0]["text"]}]
    turns = turns + [{"role": turn["role"], "content": turn["content"][0]["text"]} for turn in body["messages"]]
    text = behaviour.says(turns) if behaviour.says else write(turns, 0)
    block: dict[str, Any] = {"text": text}
    if "toolConfig" in body:
        name = body["toolConfig"]["tools"][0]["toolSpec"]["name"]
        block = {"toolUse": {"toolUseId": "tool-1", "name": name, "input": json.loads(text)}}
    reasoning = {"reasoningContent": {"reasoningText": {"text": "They want me to reply."}}}
    return {
        "output": {"message": {"role": "assistant", "content": [reasoning, block]}},
        "stopReason": behaviour.stop_reason or ("tool_use" if "toolConfig" in body else "end_turn"),
        "usage": {"inputTokens": 30, "outputTokens": 12, "totalTokens": 42},
        "metrics": {"latencyMs": 1},
    }


def _as_stream(answer: dict[str, Any]) -> bytes:
    """The same answer, as Bedrock sends it piece by piece."""
    text = answer["output"]["message"]["content"][1]["text"]
    events: list[tuple[str, dict[str, Any]]] = [("messageStart", {"role": "assistant"})]
    reasoning = {"reasoningContent": {"text": "They want me to reply."}}
    events.append(("contentBlockDelta", {"contentBlockIndex": 0, "delta": reasoning}))
    for start in range(0, len(text), _PIECE):
        delta = {"text": text[start : start + _PIECE]}
        events.append(("contentBlockDelta", {"contentBlockIndex": 1, "delta": delta}))
    events.append(("messageStop", {"stopReason": answer["stopReason"]}))
    events.append(("metadata", {"usage": answer["usage"], "metrics": answer["metrics"]}))
    return b"".join(encode_event(kind, value) for kind, value in events)
