"""How much of the chat protocol a server understands: the fields that not every server takes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any, Literal

from raiden.core.types import Message
from raiden.endpoints.base import ChatRequest

Structure = Literal["json_schema", "json_object", "prompt"]

SCHEMA_INSTRUCTION = (
    "Reply with one JSON object and nothing else: no explanation, no code fence. It must follow this JSON schema:\n"
)


@dataclass(frozen=True)
class Dialect:
    """One way to write a request."""

    structure: Structure
    """How the schema is sent: as a constraint on the tokens, as a wish for some JSON, or in the prompt alone."""
    template_kwargs: bool
    """Whether options of the chat template are sent along; servers without one may refuse unknown fields."""
    logprobs: bool = False
    """Whether log-probabilities are asked for; some servers, and some models on them, refuse that."""

    def body(self, request: ChatRequest, template_kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """The body of the HTTP request, the model apart."""
        body: dict[str, Any] = {
            "messages": [asdict(message) for message in request.messages],
            "max_tokens": request.max_tokens,
            "temperature": request.temperature,
            "seed": request.seed,
        }
        if self.template_kwargs:
            body["chat_template_kwargs"] = dict(template_kwargs)
        if self.logprobs:
            body |= {"logprobs": True, "top_logprobs": request.num_alternatives}
        if request.schema is not None:
            body |= self._structured(request, request.schema)
        return body

    def _structured(self, request: ChatRequest, schema: Mapping[str, Any]) -> dict[str, Any]:
        if self.structure == "json_schema":
            described = {"name": "reply", "schema": schema, "strict": True}
            return {"response_format": {"type": "json_schema", "json_schema": described}}
        body: dict[str, Any] = {"messages": [asdict(message) for message in spell_out(request)]}
        if self.structure == "json_object":
            body["response_format"] = {"type": "json_object"}
        return body


def dialects(structured: bool, kwargs: Sequence[bool] = (True, False), logprobs: bool = False) -> list[Dialect]:
    """The ways to write a request, best first.

    Args:
        kwargs: with options of the chat template, or without.
        logprobs: with log-probabilities, where the server has them.
    """
    structures: tuple[Structure, ...] = ("json_schema", "json_object", "prompt") if structured else ("prompt",)
    asks = (True, False) if logprobs else (False,)
    return [Dialect(structure, has_kwargs, told) for structure, told, has_kwargs in product(structures, asks, kwargs)]


FORMS: tuple[tuple[bool, bool], ...] = ((True, False), (True, True), (False, False), (False, True))
"""Whether a system message is sent, and whether turns alternate: as it is, and as stricter chat templates take it."""


def spell_out(request: ChatRequest) -> tuple[Message, ...]:
    """The request's messages, with its schema written at the end of the last."""
    *before, last = request.messages
    schema = json.dumps(request.schema, ensure_ascii=False)
    return (*before, Message(last.role, f"{last.content}\n\n{SCHEMA_INSTRUCTION}{schema}"))
