"""A verifier behind an OpenAI-compatible endpoint."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Any

from raiden.core.errors import ConfigError
from raiden.core.types import Message, Sample
from raiden.endpoints import ChatEndpoint, ChatRequest, RetryingEndpoint
from raiden.scoring.base import Score, answer_of
from raiden.scoring.verifier import verifying_question

_WORD = re.compile(r"\W*(yes|no)\W*", re.IGNORECASE)


class EndpointVerifier:
    """Asks for one word, Yes or No; anything else, an error or a time-out is no score.

    The chat protocol as raiden speaks it gives no log-probabilities: yes is +1, no is -1.
    """

    units = "yes or no"

    def __init__(
        self,
        base_url: str,
        model_name: str | None = None,
        api_key_env: str | None = None,
        timeout: float = 60.0,
        max_retries: int = 3,
    ) -> None:
        """
        Args:
            base_url: of the server, with the version: http://localhost:30000/v1.
            model_name: on that server; null: the only one there.
            api_key_env: environment variable with the key; null: none is sent.
            timeout: seconds for one try of a request.
            max_retries: tries after the first.
        """
        if api_key_env is not None and api_key_env not in os.environ:
            raise ConfigError(f"`api_key_env`: the environment has no variable {api_key_env}; set it.")
        key = os.environ[api_key_env] if api_key_env is not None else ""
        self._options: dict[str, Any] = {
            "base_url": base_url, "api_key": key, "model_name": model_name, "timeout": timeout
        }  # fmt: skip
        self._max_retries = max_retries
        self._endpoint: ChatEndpoint | None = None

    async def __call__(self, sample: Sample, prompt: Sequence[Message], completion: str) -> Score:
        if self._endpoint is None:  # within the event loop that it is asked from
            from raiden.endpoints.openai import OpenAIEndpoint  # its library takes a second to load

            self._endpoint = RetryingEndpoint(OpenAIEndpoint(**self._options), self._max_retries, concurrency=64)
        question = verifying_question(sample, answer_of(completion))
        reply = await self._endpoint.complete(ChatRequest((question,), max_tokens=4, temperature=0.0))
        word = _WORD.fullmatch(reply.text)
        if word is None:
            return Score(None, f"it said {reply.text!r}, neither yes nor no")
        return Score(1.0 if word[1].lower() == "yes" else -1.0)

    async def close(self) -> None:
        if self._endpoint is not None:
            await self._endpoint.close()
            self._endpoint = None
