"""What llama.cpp makes of a GGUF file: tokens of texts, greedy replies and their log-probabilities."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from raiden.core.errors import TrainingError

_SERVER = Path(__file__).with_name("llama_cpp_server.py")
_NUM_PROBS = 10
"""Tokens whose log-probabilities are asked for, at each place."""
_PATIENCE = 3600.0
"""Seconds that a reply may take."""


def has_llama_cpp() -> bool:
    """Whether llama.cpp is installed, as the package xllamacpp: of its bindings the one with wheels for CPUs."""
    return find_spec("xllamacpp") is not None


@dataclass(frozen=True)
class Step:
    """A token that llama.cpp takes."""

    token: int
    logps: Mapping[int, float]
    """Log-probabilities of the most likely tokens; none where the token ends within a character."""


class LlamaCpp:
    """llama.cpp with a file, from the opening of the block to its end.

    Args:
        num_context: tokens of a prompt and its reply, at most.

    Raises:
        TrainingError: it cannot load the file.
    """

    def __init__(self, path: Path, num_context: int = 2048, num_threads: int = 1) -> None:
        self._command = [sys.executable, "-P", str(_SERVER), str(path), str(num_context), str(num_threads)]

    def __enter__(self) -> LlamaCpp:
        self._told = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._told, text=True
        )
        assert self._process.stdout is not None
        self.address = self._process.stdout.readline().strip()
        if not self.address:
            why = self._last_words()
            self.__exit__(None, None, None)
            raise TrainingError(f"llama.cpp cannot load what was written: {why}")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: Any, trace: TracebackType | None) -> None:
        self._process.kill()
        self._process.communicate()
        self._told.close()

    def tokenize(self, text: str) -> list[int]:
        """The tokens of a text, special ones in it included, nothing added."""
        asked = {"content": text, "add_special": False, "parse_special": True}
        return list(self._post("/tokenize", asked)["tokens"])

    def prompt(self, messages: Sequence[Mapping[str, str]]) -> list[int]:
        """The tokens of a conversation by the file's chat template, up to the reply."""
        text = self._post("/apply-template", {"messages": list(messages)})["prompt"]
        return list(self._post("/tokenize", {"content": text, "add_special": True, "parse_special": True})["tokens"])

    def reply(self, prompt: Sequence[int], num_tokens: int, end: int | None = None) -> list[Step]:
        """Its greedy reply to a prompt, up to the token that ends it.

        A request for each token: of several at once llama.cpp keeps back what it thought of half a character.
        """
        steps: list[Step] = []
        while len(steps) < num_tokens and (not steps or steps[-1].token != end):
            asked = {"prompt": [*prompt, *(step.token for step in steps)], "n_predict": 1, "temperature": 0}
            told = self._post("/completion", {**asked, "n_probs": _NUM_PROBS, "return_tokens": True})
            found = [each["top_logprobs"] for each in told.get("completion_probabilities", ())]
            logps = {each["id"]: each["logprob"] for each in found[0]} if found else {}
            steps.append(Step(told["tokens"][0] if told["tokens"] else next(iter(logps)), logps))
        return steps

    def _post(self, path: str, body: Mapping[str, Any]) -> Any:
        request = Request(self.address + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        try:
            with urlopen(request, timeout=_PATIENCE) as reply:
                return json.load(reply)
        except (URLError, OSError) as fault:
            raise TrainingError(f"llama.cpp does not answer ({fault}): {self._last_words()}") from fault

    def _last_words(self) -> str:
        self._told.seek(0)
        lines = [line.strip() for line in self._told if line.strip()]
        return " ".join(lines[-3:])[:500] or "it says nothing"
