"""A verifier behind an OpenAI-compatible endpoint."""

from __future__ import annotations

import re
from collections.abc import Sequence

from raiden.core.types import Message, Sample
from raiden.endpoints import ChatRequest
from raiden.endpoints.server import ServerOfReward
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
        self._server = ServerOfReward(base_url, model_name, api_key_env, timeout, max_retries)

    async def __call__(self, sample: Sample, prompt: Sequence[Message], completion: str) -> Score:
        question = verifying_question(sample, answer_of(completion))
        reply = await self._server.complete(ChatRequest((question,), max_tokens=4, temperature=0.0))
        word = _WORD.fullmatch(reply.text)
        if word is None:
            return Score(None, f"it said {reply.text!r}, neither yes nor no")
        return Score(1.0 if word[1].lower() == "yes" else -1.0)

    async def close(self) -> None:
        await self._server.close()
