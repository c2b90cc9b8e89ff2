"""What a request may ask for: what is done, what is refused, and the rest, which is ignored and told."""

import secrets
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from raiden.core.types import Message, Role
from raiden.rollout.engines.penalties import Penalties
from raiden.serve.faults import ApiError

MAX_MESSAGES = 2048
MAX_COMPLETIONS = 8
"""Of one request (`n`)."""
MAX_STOPS = 16
MAX_STOP_CHARACTERS = 256
OTHER_FORMS: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(("tool_choice", "function_call"), ("none", "auto")),
    **dict.fromkeys(("echo", "use_beam_search"), (False,)),
    **dict.fromkeys(("suffix", "grammar", "grammar_string", "json_schema", "logit_bias"), ("", {})),
    **dict.fromkeys(
        ("guided_json", "guided_regex", "guided_choice", "guided_grammar", "structured_outputs"), ("", {})
    ),
    "modalities": (["text"],),
    "response_format": ({"type": "text"},),
}
"""Fields by which a request asks for an answer of a form that is not done here, and the values, beside null, by which
it does not: whoever reads the answer would take it for something else. Any other field is ignored, and told."""
INSTEAD = {
    **dict.fromkeys(("tool_choice", "function_call"), 'the model calls no tools: leave it out, or say "auto"'),
    "response_format": "replies are plain text: leave it out, and say in the prompt what they shall look like",
}
_REPETITION = AliasChoices("repetition_penalty", "repeat_penalty", "rep_pen")
_SEED_NAMES = AliasChoices("seed", "random_seed")
_SEED = 2**63
B = TypeVar("B", bound=BaseModel)


Limit = Literal[-1] | Annotated[int, Field(ge=1)]
"""Of a reply, in tokens; -1: as many as there is room for."""


class _Part(BaseModel):
    type: Literal["text", "input_text", "output_text"]
    text: str


class Turn(BaseModel):
    """A message; what else may stand in one (`name`, `refusal`, ...) is no part of a prompt."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[_Part]

    @property
    def message(self) -> Message:
        content = self.content if isinstance(self.content, str) else "\n".join(part.text for part in self.content)
        role: Role = "system" if self.role == "developer" else self.role
        return Message(role, content)


class _StreamOptions(BaseModel):
    include_usage: bool = False


class Body(BaseModel):
    """What all kinds of request may hold."""

    model_config = ConfigDict(extra="allow", strict=True)
    other_forms: ClassVar[dict[str, tuple[Any, ...]]] = OTHER_FORMS
    instead: ClassVar[dict[str, str]] = INSTEAD
    """What a client can do that asks for one of them, where it is more than to leave it out."""

    model: str | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    top_k: Annotated[int, Field(ge=-1)] | None = None
    min_p: Annotated[float, Field(ge=0, le=1)] | None = None
    seed: Annotated[int | None, Field(ge=-_SEED, lt=_SEED, validation_alias=_SEED_NAMES)] = None
    n: Annotated[int, Field(ge=1, le=MAX_COMPLETIONS)] | None = None
    max_tokens: Limit | None = None
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    repetition_penalty: Annotated[float | None, Field(gt=0, le=10, validation_alias=_REPETITION)] = None
    stop: str | list[str] | None = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None

    @property
    def limit(self) -> int | None:
        """Of a completion, see `Limit`; None: the usual one."""
        return self.max_tokens

    @property
    def num_top(self) -> int | None:
        """Likely tokens to be told with each; None: no log-probabilities."""
        return None

    @property
    def seeds(self) -> tuple[int, ...]:
        """One for each completion, one after another; drawn where none is given, or -1, as many clients say it."""
        first = secrets.randbits(62) if self.seed in (None, -1) else self.seed
        assert first is not None
        return tuple((first + i + _SEED) % (2 * _SEED) - _SEED for i in range(self.n or 1))

    @property
    def stops(self) -> tuple[str, ...]:
        """Texts that end a completion; empty ones end nothing."""
        given = [self.stop] if isinstance(self.stop, str) else self.stop or []
        if len(given) > MAX_STOPS or any(len(text) > MAX_STOP_CHARACTERS for text in given):
            told = f"`stop`: at most {MAX_STOPS} texts of {MAX_STOP_CHARACTERS} characters"
            raise ApiError(400, f"{told}, got {len(given)}.", "stop", "invalid_value")
        return tuple(text for text in given if text)

    @property
    def penalties(self) -> Penalties | None:
        """None: nothing is made less likely."""
        asked = Penalties(self.frequency_penalty or 0.0, self.presence_penalty or 0.0, self.repetition_penalty or 1.0)
        return None if asked == Penalties() else asked

    @property
    def ignored(self) -> list[str]:
        """Names of fields that say something and change nothing."""
        return [name for name, asked in (self.model_extra or {}).items() if asked is not None]

    def refuse_other_forms(self) -> None:
        """Raises an ApiError where it asks for one."""
        for name, asked in (self.model_extra or {}).items():
            if name in self.other_forms and asked is not None and asked not in self.other_forms[name]:
                told = f"`{name}` is not supported here; {self.instead.get(name, 'leave it out')}."
                raise ApiError(400, told, name, "unsupported_parameter")

    @property
    def includes_usage(self) -> bool:
        """Of a stream: whether its last chunk counts the tokens."""
        return self.stream_options is not None and self.stream_options.include_usage


class ChatBody(Body):
    """Of /v1/chat/completions."""

    messages: Annotated[list[Turn], Field(min_length=1, max_length=MAX_MESSAGES)]
    max_completion_tokens: Limit | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None

    @property
    def limit(self) -> int | None:
        return self.max_completion_tokens or self.max_tokens

    @property
    def num_top(self) -> int | None:
        return (self.top_logprobs or 0) if self.logprobs else None


class TextBody(Body):
    """Of /v1/completions."""

    prompt: str | list[str]
    logprobs: Annotated[int, Field(ge=0, le=5)] | None = None

    @property
    def num_top(self) -> int | None:
        return self.logprobs

    @property
    def text(self) -> str:
        """The one prompt."""
        prompts = [self.prompt] if isinstance(self.prompt, str) else self.prompt
        if len(prompts) != 1 or not prompts[0]:
            raise ApiError(400, "`prompt` must be one text, and not an empty one.", "prompt", "invalid_value")
        return prompts[0]


def read_body(kind: type[B], value: Any) -> B:
    """A request, checked.

    Raises:
        ApiError: a field cannot be used, or asks for what is not done.
    """
    if not isinstance(value, dict):
        raise ApiError(400, "the body must be a JSON object.", None, "invalid_json")
    try:
        body = kind.model_validate(value)
    except ValidationError as fault:
        # Of a field that may be of several kinds each has its own complaint; the one that got furthest knows most.
        first = max(fault.errors(include_url=False, include_input=False), key=lambda error: len(error["loc"]))
        param = _param(first["loc"])
        raise ApiError(400, f"`{param}`: {first['msg']}.", param, "invalid_value") from fault
    if isinstance(body, Body):
        body.refuse_other_forms()
    return body


def _param(place: tuple[int | str, ...]) -> str:
    """The name of a field, as `messages[0].content`; what follows behind a union's kinds is left out."""
    told = ""
    for part in place:
        if isinstance(part, int):
            told += f"[{part}]"
        elif part.replace("_", "").islower() and part not in ("str", "list", "int"):
            told += f".{part}" if told else part
        else:
            break
    return told or "body"
