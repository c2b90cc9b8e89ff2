"""Requests a second that `raiden generate` keeps up against a slow server; prints one JSON line.

    python -m tests.benchmarks.generate_throughput [--latency 0.2] [--concurrency 16]

200 samples about 50 characters, one request each and one more for every rejected draft. The rate is counted on the
server's side, from the first request's arrival to the last one's reply, so that the last, half-empty round is in it;
`share` is the rate over concurrency / latency, what a server that is always busy would see.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from tests.servers.chat_server import serve

PROFILES = Path(__file__).parent.parent.parent / "data" / "online_profiles.jsonl"


def generate(base_url: str, output: Path, concurrency: int) -> float:
    """Makes 200 samples; returns the seconds from the command's start to its end."""
    command = [sys.executable, "-m", "raiden", "generate", "--backend", "openai", "--base_url", base_url]
    command += ["--profiles_file", str(PROFILES), "--max_profiles", "50", "--include_cm"]
    command += ["--output_file", str(output), "--concurrency", str(concurrency)]
    start = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", type=float, default=0.2, help="seconds that the server takes over a reply")
    parser.add_argument("--concurrency", type=int, default=16)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, serve("--latency", str(options.latency)) as base_url:
        output = Path(folder) / "made.jsonl"
        seconds = generate(base_url, output, options.concurrency)
        with urllib.request.urlopen(base_url.removesuffix("/v1") + "/stats") as reply:
            stats = json.load(reply)
        num_samples = len(output.read_text(encoding="utf-8").splitlines())
    busy = stats["arrivals"][-1] + options.latency - stats["arrivals"][0]
    rate = stats["num_requests"] / busy
    figures = {
        "benchmark": "generate_throughput",
        "unit": "requests per second",
        "load": round(os.getloadavg()[0], 1),
        "samples": num_samples,
        "requests": stats["num_requests"],
        "rate": round(rate, 1),
        "share": round(rate * options.latency / options.concurrency, 3),
        "max_in_flight": stats["max_in_flight"],
        "seconds": round(seconds, 1),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
