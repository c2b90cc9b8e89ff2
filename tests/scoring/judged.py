"""A reward that asks a server about each completion."""

from __future__ import annotations

import json

from raiden.core.types import Message
from raiden.endpoints import ChatEndpoint, ChatRequest, RetryingEndpoint
from raiden.endpoints.openai import OpenAIEndpoint
from raiden.scoring import Score

from .rewards import by_text

FAULTS = {"500": 0.06, "hang": 0.03, "half_body": 0.05, "half_json": 0.06}


class Judged:
    """The number of `ByText`, by way of a server."""

    units = "points"

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self._endpoint: ChatEndpoint | None = None

    @staticmethod
    def reply(messages):
        return f'{{"points": {by_text(messages[-1]["content"])}}}'

    async def __call__(self, sample, prompt, completion):
        if self._endpoint is None:
            one = OpenAIEndpoint(self.base_url, "", "m", timeout=5.0)
            self._endpoint = RetryingEndpoint(one, max_retries=0)
        schema = {"type": "object", "properties": {"points": {"type": "number"}}, "required": ["points"]}
        request = ChatRequest((Message("user", completion),), temperature=0.0, schema=schema)
        reply = await self._endpoint.complete(request)
        return Score(json.loads(reply.text)["points"], "by its text")

    async def close(self):
        if self._endpoint is not None:
            await self._endpoint.close()
