"""Models of Amazon Bedrock, over its Converse API."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Literal

from raiden.core.errors import AccessError, ConfigError, EndpointError
from raiden.core.types import Message
from raiden.data.chat_template.shaping import shaped
from raiden.endpoints.base import ChatReply, ChatRequest, Identity, Show
from raiden.endpoints.dialects import spell_out
from raiden.endpoints.faults import RequestError, TransientError, parse_retry_after, shorten, status_error
from raiden.endpoints.replies import make_reply

Structure = Literal["tool", "prompt"]
_TOOL = "reply"
_CUT = ("max_tokens", "model_context_window_exceeded")
# What stands in such a reply was not written by the model.
_BLOCKED = ("guardrail_intervened", "content_filtered")
_NO_SUCH_MODEL = ("model identifier is invalid", "on-demand throughput")


class BedrockEndpoint:
    """One try of a request to Bedrock; a RetryingEndpoint makes more of it.

    Credentials come from where AWS tools look for them: environment, shared files, single sign-on, instance roles.
    Bedrock takes no seed. Reasoning is left off, as it is unless asked for.

    Args:
        model_id: of a model or an inference profile.
        region: left out, that of the environment or of the AWS profile.
        timeout: seconds that a connection may be silent.
        concurrency: calls at once; each takes a thread and a connection.

    Raises:
        ConfigError: boto3 is missing, or the options cannot work.
    """

    def __init__(
        self, model_id: str, region: str | None = None, timeout: float = 120.0, concurrency: int = 16
    ) -> None:
        if not model_id:
            raise ConfigError("`model_id` is missing; name a model or an inference profile of Bedrock.")
        self.model_id = model_id
        self._client = _connect(region, timeout, concurrency)
        self._threads = ThreadPoolExecutor(concurrency, thread_name_prefix="bedrock")
        self._structures: list[Structure] = ["tool", "prompt"]

    async def identity(self) -> Identity:
        return Identity("bedrock", self.model_id)

    async def complete(self, request: ChatRequest) -> ChatReply:
        return self._reply(request, await self._negotiate(request))

    async def stream(self, request: ChatRequest, show: Show) -> ChatReply:
        """As `complete`, but the request must have no schema; reasoning is not shown."""
        return self._reply(request, await self._converse_stream(_body(request.messages, request), show))

    def _reply(self, request: ChatRequest, answer: Mapping[str, Any]) -> ChatReply:
        stop_reason = answer["stopReason"]
        usage = answer.get("usage", {})
        tokens = {
            "prompt_tokens": usage.get("inputTokens", 0),
            "completion_tokens": usage.get("outputTokens", 0),
        }
        if stop_reason in _BLOCKED:
            raise RequestError(f"{self.model_id}: the reply was blocked ({stop_reason})", **tokens)
        content = answer.get("output", {}).get("message", {}).get("content", [])
        return make_reply(request, _text(content), truncated=stop_reason in _CUT, **tokens)

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._client.close()

    async def _negotiate(self, request: ChatRequest) -> Mapping[str, Any]:
        """The answer; a model that refuses tools gets the schema in the prompt, from then on at once."""
        if request.schema is None:
            return await self._converse(_body(request.messages, request))
        refusal: RequestError | None = None
        for structure in self._structures:
            body = _body(request.messages, request) if structure == "tool" else _body(spell_out(request), request)
            if structure == "tool":
                body["toolConfig"] = _forced_tool(request.schema)
            try:
                answer = await self._converse(body)
            except TransientError:
                raise
            except RequestError as fault:
                refusal = fault
            else:
                self._structures = [structure]
                return answer
        assert refusal is not None  # there is always a structure
        raise refusal

    async def _converse(self, body: dict[str, Any]) -> Mapping[str, Any]:
        def call() -> Mapping[str, Any]:
            with _translated_faults(self.model_id):
                return self._client.converse(modelId=self.model_id, **body)

        answer = await asyncio.get_running_loop().run_in_executor(self._threads, call)
        if "stopReason" not in answer:  # botocore makes an empty answer of a body that it cannot read
            raise TransientError(f"{self.model_id}: replied with what is no JSON", "not_json")
        return answer

    async def _converse_stream(self, body: dict[str, Any], show: Show) -> Mapping[str, Any]:
        """As `_converse`, with the answer's text shown while it comes."""
        loop = asyncio.get_running_loop()
        is_awaited = True

        def tell(piece: str) -> None:
            if is_awaited:
                show(piece)

        def call() -> Mapping[str, Any]:
            answer: dict[str, Any] = {}
            text = ""
            with _translated_faults(self.model_id):
                for event in self._client.converse_stream(modelId=self.model_id, **body)["stream"]:
                    if piece := event.get("contentBlockDelta", {}).get("delta", {}).get("text"):
                        text += piece
                        loop.call_soon_threadsafe(tell, piece)
                    answer |= event.get("messageStop", {}) | event.get("metadata", {})
            return answer | {"output": {"message": {"content": [{"text": text}]}}}

        try:
            answer = await loop.run_in_executor(self._threads, call)
        finally:
            is_awaited = False
        if "stopReason" not in answer:
            raise TransientError(f"{self.model_id}: the stream ended before the reply did", "connection")
        return answer


def _connect(region: str | None, timeout: float, concurrency: int) -> Any:
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError as fault:
        raise ConfigError("`backend`: bedrock needs boto3; run: pip install 'raiden-r1[bedrock]'") from fault
    config = Config(
        # Retries are ours; botocore counts the first try too.
        retries={"total_max_attempts": 1, "mode": "standard"},
        connect_timeout=min(timeout, 20.0),
        read_timeout=timeout,
        max_pool_connections=concurrency,
    )
    try:
        return boto3.Session(region_name=region).client("bedrock-runtime", config=config)
    except (BotoCoreError, ValueError) as fault:
        raise ConfigError(
            f"`region` or the AWS profile cannot be used ({fault}); give `region`, as us-east-1."
        ) from fault


def _body(messages: tuple[Message, ...], request: ChatRequest) -> dict[str, Any]:
    """The arguments of a call, the model apart; Bedrock wants turns that alternate, and the user to begin."""
    messages = tuple(shaped(messages, alternates=True))
    system = [{"text": message.content} for message in messages if message.role == "system"]
    turns = [m for m in messages if m.role != "system"]
    body: dict[str, Any] = {
        "messages": [{"role": turn.role, "content": [{"text": turn.content}]} for turn in turns],
        "inferenceConfig": {"maxTokens": request.max_tokens, "temperature": request.temperature},
    }
    return body | {"system": system} if system else body


def _forced_tool(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema as the arguments of a tool that the model has to use."""
    tool = {"name": _TOOL, "description": "Hands in the reply.", "inputSchema": {"json": dict(schema)}}
    return {"tools": [{"toolSpec": tool}], "toolChoice": {"tool": {"name": _TOOL}}}


def _text(content: list[dict[str, Any]]) -> str:
    """What the model wrote, its reasoning apart: the tool's arguments as JSON, else its text."""
    for block in content:
        if "toolUse" in block:
            return json.dumps(block["toolUse"].get("input", {}), ensure_ascii=False)
    return "".join(block.get("text", "") for block in content)


@contextmanager
def _translated_faults(model_id: str) -> Iterator[None]:
    """Raises what goes wrong inside as an EndpointError."""
    from botocore import exceptions as aws
    from botocore.parsers import ResponseParserError

    try:
        yield
    except aws.ClientError as fault:
        raise _status_error(fault, model_id) from fault
    except (aws.ReadTimeoutError, aws.ConnectTimeoutError) as fault:
        raise TransientError(f"{model_id}: {shorten(str(fault))}", "timeout") from fault
    except (aws.HTTPClientError, aws.ConnectionError, aws.IncompleteReadError) as fault:
        raise TransientError(f"{model_id}: the connection failed ({shorten(str(fault))})", "connection") from fault
    except ResponseParserError as fault:
        raise TransientError(f"{model_id}: replied with what is no JSON ({fault})", "not_json") from fault
    except aws.BotoCoreError as fault:  # what is left: credentials that are missing, incomplete or cannot be renewed
        raise AccessError(
            f"Bedrock cannot be called ({shorten(str(fault))}); give credentials: `aws configure`, `aws sso login`, "
            "or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment."
        ) from fault


def _status_error(fault: Any, model_id: str) -> EndpointError:
    error, metadata = fault.response.get("Error", {}), fault.response.get("ResponseMetadata", {})
    status, code, message = metadata.get("HTTPStatusCode", 500), error.get("Code", ""), error.get("Message", "")
    remedies = {
        401: "check the credentials with `aws sts get-caller-identity`",
        403: f"check the credentials with `aws sts get-caller-identity`, and that they may invoke {model_id}",
        404: "correct `model_id`, or give the `region` that offers this model",
    }
    if code.startswith("Expired"):
        remedies[status] = "the credentials have expired; renew them with `aws sso login`, or give new ones"
    if any(words in message for words in _NO_SUCH_MODEL):
        remedies[status] = "correct `model_id`; some models are called by an inference profile, as us.vendor.model"
    retry_after = parse_retry_after(metadata.get("HTTPHeaders", {}).get("retry-after"))
    return status_error(status, f"{model_id}: {code}: {message}", remedies, retry_after)
