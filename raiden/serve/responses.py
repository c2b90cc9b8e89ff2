"""/v1/responses: what may be asked of it, and its answer as the protocol's objects and events."""

import time
import uuid
from collections import OrderedDict
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, Field, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import PydanticCustomError

from raiden.core.types import Message
from raiden.endpoints.live import GenerationRequest
from raiden.endpoints.written import Piece
from raiden.serve.answers import Answer, logprobs
from raiden.serve.bodies import INSTEAD, MAX_MESSAGES, OTHER_FORMS, Body, Limit, Turn
from raiden.serve.faults import ApiError

_LOGPROBS = "message.output_text.logprobs"
_WHOLE = "nothing is stored: send the whole conversation as `input`"


def _items(value: Any) -> Any:
    """A bare text is a message of the user's."""
    return [{"role": "user", "content": value}] if isinstance(value, str) else value


def _turn(value: Any, validate: ValidatorFunctionWrapHandler) -> Turn | None:
    """The message that an item is; None: reasoning of an earlier reply, which is no part of a prompt."""
    kind = value.get("type") or "message" if isinstance(value, dict) else "value that is no object"
    if kind == "reasoning":
        return None
    if kind == "item_reference":
        told = f"no item of this id is known: of earlier ones the last {NUM_REMEMBERED} are; send the message itself"
        raise PydanticCustomError("item", f"{told} (clients do it with `store` false)")
    if kind != "message":
        told = f"a {str(kind)[:40]} is not supported here, messages alone".replace("{", "").replace("}", "")
        raise PydanticCustomError("item", "{told}", {"told": told})
    turn: Turn = validate(value)
    return turn


class _Format(BaseModel):
    type: Literal["text"]


class _TextOptions(BaseModel):
    format: _Format | None = None


class ResponseBody(Body):
    """Of /v1/responses; `seed`, `stop` and the like, which its protocol lacks, are taken too."""

    other_forms: ClassVar = {
        **OTHER_FORMS,
        **dict.fromkeys(("previous_response_id", "conversation", "prompt"), ()),
        "background": (False,),
    }
    instead: ClassVar = {
        **INSTEAD,
        "previous_response_id": _WHOLE,
        "conversation": _WHOLE,
        "prompt": "nothing is stored: send `instructions` and `input`",
        "background": "nothing is stored: use `stream`",
    }

    input: Annotated[
        list[Annotated[Turn | None, WrapValidator(_turn)]],
        BeforeValidator(_items),
        Field(min_length=1, max_length=MAX_MESSAGES),
    ]
    instructions: str | None = None
    max_output_tokens: Limit | None = None
    n: Annotated[int, Field(ge=1, le=1)] | None = None
    text: _TextOptions | None = None
    include: list[str] | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    metadata: dict[str, str] | None = None
    store: bool | None = None

    @property
    def messages(self) -> list[Message]:
        """The conversation, what `instructions` say at its head."""
        turns = [turn.message for turn in self.input if turn is not None]
        if not turns:
            raise ApiError(400, "`input` must hold a message, not reasoning alone.", "input", "invalid_value")
        return [Message("system", self.instructions), *turns] if self.instructions else turns

    @property
    def limit(self) -> int | None:
        return self.max_output_tokens or self.max_tokens

    @property
    def num_top(self) -> int | None:
        asks = self.top_logprobs is not None or _LOGPROBS in (self.include or ())
        return (self.top_logprobs or 0) if asks else None


NUM_REMEMBERED = 1000
"""Items, the newest; in memory alone, and gone with the server."""


class ReplyMemory:
    """The last items of /v1/responses, by their ids.

    A client that leaves `store` at its default may send a reference in place of the reply (the Vercel AI SDK does).
    Ids are random, so that no client can name another's.
    """

    def __init__(self) -> None:
        self._items: OrderedDict[str, dict[str, Any]] = OrderedDict()

    def keep(self, item_id: str, text: str | None) -> None:
        """Remembers the text of an item, and forgets the oldest; None: reasoning, of which no prompt needs any."""
        said = {"type": "message", "role": "assistant", "content": text}
        self._items[item_id] = {"type": "reasoning"} if text is None else said
        if len(self._items) > NUM_REMEMBERED:
            self._items.popitem(last=False)

    def resolved(self, body: Any) -> Any:
        """A request's body with what its references name in their place; a reference to nothing known stays."""
        items = body.get("input") if isinstance(body, dict) else None
        return {**body, "input": [self._named(item) for item in items]} if isinstance(items, list) else body

    def _named(self, item: Any) -> Any:
        is_reference = isinstance(item, dict) and item.get("type") == "item_reference"
        named = item.get("id") if is_reference else None
        return self._items.get(named, item) if isinstance(named, str) else item


class ResponseAnswer(Answer):
    """A response: what it holds is what its events have told.

    The events share their parts: each is to be written down before the next is taken.

    Args:
        model: its name.
        body: parts of which it repeats.
        memory: gets its items, unless the body says `store` false.
    """

    def __init__(self, model: str, body: ResponseBody, asked: GenerationRequest, memory: ReplyMemory) -> None:
        super().__init__(asked)
        self._memory = None if body.store is False else memory
        self._num_events = self._num_thought = 0
        self._status = "in_progress"
        self._output: list[dict[str, Any]] = []
        self._head = {
            "id": _new_id("resp"),
            "object": "response",
            "created_at": int(time.time()),
            "model": model,
            "error": None,
            "instructions": body.instructions,
            "max_output_tokens": body.max_output_tokens,
            "metadata": body.metadata or {},
            "temperature": asked.sampling.temperature,
            "top_p": asked.sampling.top_p,
            "text": {"format": {"type": "text"}},
            "truncation": "disabled",
            # Nothing is stored, called or left for later, whatever was asked.
            **{"store": False, "background": False, "previous_response_id": None},
            **{"tools": [], "tool_choice": "none", "parallel_tool_calls": False},
        }

    @property
    def whole(self) -> dict[str, Any]:
        is_cut = self._status == "incomplete"
        return {
            **self._head,
            "status": self._status,
            "incomplete_details": {"reason": "max_output_tokens"} if is_cut else None,
            "output": self._output,
            "usage": None if self._status == "in_progress" else self._usage,
        }

    @property
    def _usage(self) -> dict[str, Any]:
        return {
            "input_tokens": self.num_prompt_tokens,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": self.num_tokens,
            "output_tokens_details": {"reasoning_tokens": self._num_thought},
            "total_tokens": self.num_prompt_tokens + self.num_tokens,
        }

    def beginning(self) -> Iterator[dict[str, Any]]:
        yield self._event("response.created", response=self.whole)
        yield self._event("response.in_progress", response=self.whole)

    def chunks(self, piece: Piece) -> Iterator[dict[str, Any]]:
        self._num_tokens[piece.choice] = piece.num_tokens
        if piece.reasoning:
            self._num_thought = piece.num_tokens
            yield from self._go_on("reasoning", piece.reasoning, None)
        is_message = not self._output or self._output[-1]["type"] == "message"
        if piece.text or (piece.finish_reason and is_message):  # an empty reply is a message too
            yield from self._go_on("message", piece.text, logprobs(piece.tokens))
        if piece.finish_reason:
            self._status = "incomplete" if piece.finish_reason == "length" else "completed"
            yield from self._close(self._status)

    def ending(self) -> Iterator[dict[str, Any]]:
        yield self._event(f"response.{self._status}", response=self.whole)

    def failure(self, error: ApiError) -> dict[str, Any]:
        """As the protocol is written down, flat, and as its own server sends it: clients read the one or the other."""
        (told,) = error.body.values()
        flat = {name: told[name] for name in ("code", "message", "param")}
        return self._event("error", **flat, error=told)

    def _go_on(self, kind: str, delta: str, told: list[dict[str, Any]] | None) -> Iterator[dict[str, Any]]:
        """What an item of this kind goes on by: the last one, or a new one where that is of the other kind."""
        if not self._output or self._output[-1]["type"] != kind:
            if self._output:
                yield from self._close("completed")
            yield from self._open(kind)
        part = self._output[-1]["content"][0]
        part["text"] += delta
        own = {} if told is None else {"logprobs": told}
        if told:
            part["logprobs"] += told
        if delta:
            yield self._event(f"response.{part['type']}.delta", **self._place, content_index=0, delta=delta, **own)

    def _open(self, kind: str) -> Iterator[dict[str, Any]]:
        item: dict[str, Any] = {"id": _new_id("msg"), "type": kind, "role": "assistant"}
        part: dict[str, Any] = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
        if kind == "reasoning":
            item, part = {"id": _new_id("rs"), "type": kind, "summary": []}, {"type": "reasoning_text", "text": ""}
        self._output.append({**item, "status": "in_progress", "content": []})
        yield self._event(
            "response.output_item.added", output_index=self._place["output_index"], item=self._output[-1]
        )
        yield self._event("response.content_part.added", **self._place, content_index=0, part=part)
        self._output[-1]["content"] = [part]

    def _close(self, status: str) -> Iterator[dict[str, Any]]:
        item = self._output[-1]
        (part,) = item["content"]
        item["status"] = status
        if self._memory is not None:
            self._memory.keep(item["id"], part["text"] if item["type"] == "message" else None)
        own = {name: part[name] for name in ("text", "logprobs") if name in part}
        yield self._event(f"response.{part['type']}.done", **self._place, content_index=0, **own)
        yield self._event("response.content_part.done", **self._place, content_index=0, part=part)
        yield self._event("response.output_item.done", output_index=self._place["output_index"], item=item)

    @property
    def _place(self) -> dict[str, Any]:
        return {"item_id": self._output[-1]["id"], "output_index": len(self._output) - 1}

    def _event(self, kind: str, **told: Any) -> dict[str, Any]:
        self._num_events += 1
        return {"type": kind, "sequence_number": self._num_events - 1, **told}


def _new_id(kind: str) -> str:
    return f"{kind}_{uuid.uuid4().hex}"
