"""The endpoint that a command's model options mean."""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import fields
from pathlib import Path

from raiden.commands.model_options import API_KEY_VARIABLE, ModelOptions, is_checkpoint
from raiden.core.errors import ConfigError, RaidenError
from raiden.data.prompts import PromptSettings
from raiden.endpoints import (
    ChatEndpoint,
    ChatReply,
    ChatRequest,
    Identity,
    RecordedEndpoint,
    RetryingEndpoint,
    stream_reply,
)
from raiden.endpoints.base import Show


def open_model(
    options: ModelOptions,
    stack: AsyncExitStack,
    record: Path | None = None,
    settings: PromptSettings | None = None,
) -> ChatEndpoint:
    """The endpoint of the model: many requests at once, failures tried again, replies kept where `record` says.

    Args:
        stack: closes the endpoint.
        record: replies already there are not asked for again.
        settings: of the prompts; None leaves reasoning as the chat template has it.

    Raises:
        ConfigError: the model cannot be loaded, or an option cannot work.
    """
    names = names_of(options)
    with renamed(names):
        retrying = RetryingEndpoint(
            NamedEndpoint(_bare(options, settings), names), options.max_retries, options.concurrency
        )
    endpoint = retrying if record is None else RecordedEndpoint(retrying, record)
    stack.push_async_callback(endpoint.close)
    return endpoint


def names_of(options: ModelOptions) -> dict[str, str]:
    """What messages of the parts call an option -> what this command calls it."""
    own = {field.name: options.prefix + field.name for field in fields(ModelOptions)}
    own["model.engine.max_rows"] = own["concurrency"]
    own |= {"model.rewards.response_format": "response_format", "data.chat_template_kwargs": "chat_template_kwargs"}
    if not is_checkpoint(options):  # of a checkpoint, it is the option of the run that is meant
        own["model.policy.path"] = own["model_path"]
    return {f"`{old}`": f"`{new}`" for old, new in own.items()} | {
        f"({API_KEY_VARIABLE})": f"(`{own['api_key_env']}` is {options.key_variable or 'not set'})"
    }


def _bare(options: ModelOptions, settings: PromptSettings | None) -> ChatEndpoint:
    if options.base_url is not None:
        return open_server(
            options.base_url,
            options.key_variable,
            options.model_name,
            options.timeout,
            options.enable_thinking,
            settings,
        )
    if options.model_id is not None:
        from raiden.endpoints.bedrock import BedrockEndpoint

        return BedrockEndpoint(options.model_id, options.region, options.timeout, options.concurrency)
    print(f"loading {options.model_path}", flush=True)  # what is imported next takes seconds, too
    from raiden.commands.local_model import open_local

    return open_local(options, settings)


def open_server(
    base_url: str,
    key_variable: str | None,
    model_name: str | None,
    timeout: float,
    enable_thinking: bool | None,
    settings: PromptSettings | None = None,
) -> ChatEndpoint:
    """A server that speaks OpenAI's protocol, asked once for each request.

    Args:
        key_variable: environment variable that holds the key; None or "": none is sent.

    Raises:
        ConfigError: the address cannot be one, or the variable is not set.
    """
    from raiden.endpoints.openai import OpenAIEndpoint

    if model_name is None:
        print(f"asking {base_url} which model it serves", flush=True)
    kwargs, opening_turn = (settings.chat_template_kwargs, settings.opening_turn) if settings else ({}, None)
    return OpenAIEndpoint(base_url, _key(key_variable), model_name, timeout, enable_thinking, kwargs, opening_turn)


def _key(variable: str | None) -> str:
    """The key that an environment variable holds, "" for none; a key for one server is never sent to another."""
    if not variable:
        return ""
    key = os.environ.get(variable)
    if key is None and variable != API_KEY_VARIABLE:
        raise ConfigError(f"`api_key_env`: the environment has no variable {variable}; set it, or drop the option.")
    return key or ""


@contextmanager
def renamed(names: Mapping[str, str]) -> Iterator[None]:
    """Errors of raiden's own pass as they are, their messages with other names.

    Args:
        names: what is found in a message -> what stands there instead.
    """
    try:
        yield
    except RaidenError as error:
        found = "|".join(map(re.escape, names))
        error.args = (re.sub(found, lambda match: names[match[0]], str(error)),)
        raise


class NamedEndpoint:
    """An endpoint whose faults name the options of the command that asks it; `names` as for `renamed`."""

    def __init__(self, endpoint: ChatEndpoint, names: Mapping[str, str]) -> None:
        self.endpoint = endpoint
        self._names = names

    async def identity(self) -> Identity:
        with renamed(self._names):
            return await self.endpoint.identity()

    async def complete(self, request: ChatRequest) -> ChatReply:
        with renamed(self._names):
            return await self.endpoint.complete(request)

    async def stream(self, request: ChatRequest, show: Show) -> ChatReply:
        with renamed(self._names):
            return await stream_reply(self.endpoint, request, show)

    async def close(self) -> None:
        await self.endpoint.close()
