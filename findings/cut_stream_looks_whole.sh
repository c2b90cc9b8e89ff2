#!/usr/bin/env bash
# openai 3.54.0 (newest): a streamed reply whose server goes away ends like a whole one, and timeout= bounds no
# request.
#
# What a good engineer would guess: the protocol ends a stream by finish_reason and "data: [DONE]"; a connection that
#                                   closes before either raises. timeout=0.5 ends a request after half a second.
# Seen: the iterator just ends; the only trace is that no chunk had a finish_reason. And the timeout is that of one
#       read: a server that sends a few bytes every 0.2 s is waited for as long as it likes.
# Why it matters to role play: completions and verdicts of a judge that was restarted are scored as if the model had
# stopped there, half a sentence long (a stop by length would have said so); one slow server holds a whole rollout
# far beyond the time set.
#
# Output seen:
#   openai 3.54.0
#   cut stream: no error, text 'I am ', finish reasons {None}
#   timeout=0.5: a reply after more than 2 s, no error
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-compile openai==3.54.0
"$work/venv/bin/python" - <<'PY'
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import openai

print("openai", openai.__version__)
head = {"id": "1", "created": 1, "model": "m"}


class Server(BaseHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(200)
        if request.get("stream"):
            self.send_header("content-type", "text/event-stream")
            self.end_headers()
            for word in ("I ", "am "):
                choice = {"index": 0, "delta": {"content": word}}
                chunk = {**head, "object": "chat.completion.chunk", "choices": [choice]}
                self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
            return
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "I am here."}}
        body = json.dumps({**head, "object": "chat.completion", "choices": [choice]}).encode()
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        for start in range(0, len(body), 15):
            self.wfile.write(body[start : start + 15])
            self.wfile.flush()
            time.sleep(0.2)


server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = openai.OpenAI(base_url=f"http://127.0.0.1:{server.server_port}/v1", api_key="-", max_retries=0)
ask = {"model": "m", "messages": [{"role": "user", "content": "Who are you?"}]}
choices = [chunk.choices[0] for chunk in client.chat.completions.create(**ask, stream=True)]
text, reasons = "".join(choice.delta.content for choice in choices), {choice.finish_reason for choice in choices}
print(f"cut stream: no error, text {text!r}, finish reasons {reasons}")
began = time.monotonic()
reply = client.chat.completions.create(**ask, timeout=0.5).choices[0].message.content
assert time.monotonic() - began > 2
print("timeout=0.5: a reply after more than 2 s, no error")
assert (text, reasons, reply) == ("I am ", {None}, "I am here."), "the behaviour has changed"
PY
