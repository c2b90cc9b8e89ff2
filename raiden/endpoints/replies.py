"""What a model wrote -> the text that was asked for: no reasoning, and JSON that follows its schema.

Models wrap JSON in prose and code fences, and write trailing commas and single quotes: that is mended. A record that
breaks off is never mended, for nobody knows what its other half would have said.
"""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

import json_repair
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from raiden.core.reasoning import strip_reasoning
from raiden.endpoints.base import ChatReply, ChatRequest
from raiden.endpoints.faults import TransientError, shorten

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


def first_logps(choice: Any) -> dict[str, float]:
    """What a reply might have begun with, in nats, as far as the server says; what is no number is left out."""
    first = next(iter(getattr(choice.logprobs, "content", None) or ()), None)
    alternatives = getattr(first, "top_logprobs", None) or ()
    found = ((getattr(one, "token", None), getattr(one, "logprob", None)) for one in alternatives)
    return {
        token: float(logp)
        for token, logp in found
        if isinstance(token, str) and isinstance(logp, int | float) and math.isfinite(logp)
    }


class MalformedReplyError(ValueError):
    """The reply is not what the request asked for; the message says why."""


def make_reply(
    request: ChatRequest, text: str, *, truncated: bool, prompt_tokens: int, completion_tokens: int
) -> ChatReply:
    """The reply to a request.

    Args:
        text: all that the model wrote.
        truncated: it was cut at the length limit.

    Raises:
        TransientError: there is no reply in it, or one that does not follow the schema; never where the request
            asks for the text verbatim.
    """
    tokens = {"prompt_tokens": prompt_tokens, "completion_tokens": completion_tokens}
    if request.verbatim:
        return ChatReply(text, prompt_tokens, completion_tokens, truncated=truncated)
    text = strip_reasoning(text)
    if not text:
        where = " within the token limit" if truncated else ""
        raise TransientError(f"the reply is empty{where}", "empty", **tokens)
    if request.schema is not None:
        try:
            text = read_json(text, request.schema, truncated)
        except MalformedReplyError as fault:
            raise TransientError(f"malformed reply: {fault}", "malformed", **tokens) from fault
    return ChatReply(text, prompt_tokens, completion_tokens, truncated=truncated)


def read_json(text: str, schema: Mapping[str, Any], truncated: bool = False) -> str:
    """The JSON object in a reply, written anew.

    Raises:
        MalformedReplyError: there is none, it breaks off, or it does not follow the schema.
    """
    if truncated:
        raise MalformedReplyError("it was cut at the token limit")
    value = _find_object(text)
    fault = best_match(Draft202012Validator(schema).iter_errors(value))
    if fault is not None:
        raise MalformedReplyError(f"`{fault.json_path}` does not follow the schema: {shorten(fault.message)}")
    written = json.dumps(value, ensure_ascii=False)
    try:
        written.encode()
    except UnicodeEncodeError as error:
        raise MalformedReplyError("it holds half a character (an escape such as \\ud83d alone)") from error
    return written


def _find_object(text: str) -> Any:
    """The object in the text, mended where only its notation is wrong."""
    start = text.find("{")
    if start < 0:
        raise MalformedReplyError(f"there is no JSON object in it: {shorten(text)!r}")
    try:
        return json.JSONDecoder(strict=False).raw_decode(text, start)[0]
    except (ValueError, RecursionError):
        pass
    candidate = text[start : text.rfind("}") + 1]
    if not candidate or not _is_closed(candidate):
        raise MalformedReplyError(f"its JSON breaks off: ...{shorten(text[-60:])!r}")
    return json_repair.loads(candidate, skip_json_loads=True)


def _is_closed(text: str) -> bool:
    """Whether every bracket and quotation mark that is opened is closed again."""
    outside = _STRING.sub("", text)
    return '"' not in outside and all(outside.count(a) == outside.count(b) for a, b in ("{}", "[]"))
