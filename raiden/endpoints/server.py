"""Rewards that ask a server, which their own options name."""

import os

from raiden.core.errors import ConfigError
from raiden.endpoints.base import ChatEndpoint, ChatReply, ChatRequest
from raiden.endpoints.retries import RetryingEndpoint


class AsksServer:
    """A reward with an OpenAI-compatible server, opened within the event loop that it is first asked from, and anew
    after `close`."""

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

        Raises:
            ConfigError: the environment has no such variable.
        """
        if api_key_env is not None and api_key_env not in os.environ:
            raise ConfigError(
                f"`api_key_env`: the environment has no variable {api_key_env}; set it, or leave it out."
            )
        key = os.environ[api_key_env] if api_key_env is not None else ""
        self._options = base_url, key, model_name, timeout
        self._max_retries = max_retries
        self._endpoint: ChatEndpoint | None = None

    async def complete(self, request: ChatRequest) -> ChatReply:
        """As for ChatEndpoint."""
        if self._endpoint is None:
            from raiden.endpoints.openai import OpenAIEndpoint  # its library takes a second to load

            self._endpoint = RetryingEndpoint(OpenAIEndpoint(*self._options), self._max_retries, concurrency=64)
        return await self._endpoint.complete(request)

    async def close(self) -> None:
        """Gives back the connections."""
        if self._endpoint is not None:
            await self._endpoint.close()
            self._endpoint = None
