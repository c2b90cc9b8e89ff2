"""How much of the chat protocol a server understands: the fields that not every server takes."""

from __future__ import annotations

import json
from collections.abc import Mapping
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
    """Whether the switch for thinking is sent along; servers without it may refuse unknown fields."""

    def body(self, request: ChatRequest, enable_thinking: bool) -> dict[str, Any]:
        """The body of the HTTP request, the model apart."""
        body: dict[str, Any] = {
            "messages": [asdict(message) for message in request.messages],
            "max_tokens": request.max_tokens,
            "temperature": request.temperature,
            "seed": request.seed,
        }
        if self.template_kwargs:
            # Qwen and GLM read the first, DeepSeek the second.
            switches = {"enable_thinking": enable_thinking, "thinking": enable_thinking}
            body["chat_template_kwargs"] = switches
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


def dialects(structured: bool, switchable: bool = True) -> list[Dialect]:
    """The ways to write a request, best first.

    Args:
        switchable: whether thinking is to be switched on or off at all.
    """
    structures: tuple[Structure, ...] = ("json_schema", "json_object", "prompt") if structured else ("prompt",)
    return [
        Dialect(structure, kwargs)
        for structure, kwargs in product(structures, (True, False) if switchable else (False,))
    ]


def spell_out(request: ChatRequest) -> tuple[Message, ...]:
    """The request's messages, with its schema written at the end of the last."""
    *before, last = request.messages
    schema = json.dumps(request.schema, ensure_ascii=False)
    return (*before, Message(last.role, f"{last.content}\n\n{SCHEMA_INSTRUCTION}{schema}"))
