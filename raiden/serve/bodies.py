"""What a request may ask for. What is not done here is refused by name, unless it asks for nothing."""

from __future__ import annotations

import secrets
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from raiden.core.types import Message, Role
from raiden.serve.faults import ApiError

MAX_MESSAGES = 2048
MAX_COMPLETIONS = 8
"""Of one request (`n`)."""
MAX_STOPS = 16
MAX_STOP_CHARACTERS = 256
_HARMLESS = {
    *("user", "metadata", "store", "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "service_tier"),
    *("parallel_tool_calls", "reasoning_effort", "verbosity", "cache_prompt"),
}
"""Change nothing here, whatever they say: notes for accounts and caches, and hints for models of other kinds."""
_OFF = {
    *("presence_penalty", "frequency_penalty", "min_tokens", "no_repeat_ngram_size", "top_a", "mirostat"),
    *("mirostat_mode", "xtc_probability", "dry_multiplier", "smoothing_factor", "dynatemp_range", "penalty_alpha"),
    *("echo", "use_beam_search", "early_stopping", "ignore_eos", "ban_eos_token", "include_stop_str_in_output"),
}
_ONE = {
    *("repetition_penalty", "repeat_penalty", "rep_pen", "length_penalty", "typical_p", "typical", "tfs", "best_of"),
    "num_beams",
}
_EMPTY = {
    *("logit_bias", "chat_template_kwargs", "tools", "functions", "stop_token_ids", "bad_words", "banned_strings"),
    *("custom_token_bans", "suffix", "grammar", "grammar_string", "sampler_priority", "truncate_prompt_tokens"),
}
_NEUTRAL: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(_OFF, (0,)),
    **dict.fromkeys(_ONE, (1,)),
    **dict.fromkeys(_EMPTY, ({}, [], "")),
    **dict.fromkeys(("tool_choice", "function_call"), ("none", "auto")),
    **dict.fromkeys(("skip_special_tokens", "spaces_between_special_tokens", "add_bos_token"), (True, False)),
    "modalities": (["text"],),
    "response_format": ({"type": "text"},),
}
"""Fields that are not done, and the values by which they ask for nothing, beside null."""
_SEED = 2**63
B = TypeVar("B", bound=BaseModel)


class _Part(BaseModel):
    type: Literal["text"]
    text: str


class _Turn(BaseModel):
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
    """What both kinds of request may hold."""

    model_config = ConfigDict(extra="allow", strict=True)

    model: str
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    top_k: Annotated[int, Field(ge=-1)] | None = None
    min_p: Annotated[float, Field(ge=0, le=1)] | None = None
    seed: Annotated[int, Field(ge=-_SEED, lt=_SEED)] | None = None
    n: Annotated[int, Field(ge=1, le=MAX_COMPLETIONS)] | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    stop: str | list[str] | None = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None

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
    def includes_usage(self) -> bool:
        """Of a stream: whether its last chunk counts the tokens."""
        return self.stream_options is not None and self.stream_options.include_usage


class ChatBody(Body):
    """Of /v1/chat/completions."""

    messages: Annotated[list[_Turn], Field(min_length=1, max_length=MAX_MESSAGES)]
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None

    @property
    def num_top(self) -> int | None:
        """Likely tokens to be told with each; None: no log-probabilities."""
        return (self.top_logprobs or 0) if self.logprobs else None


class TextBody(Body):
    """Of /v1/completions."""

    prompt: str | list[str]
    logprobs: Annotated[int, Field(ge=0, le=5)] | None = None

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
    for name, asked in (body.model_extra or {}).items():
        if asked is None or name in _HARMLESS:
            continue
        if name not in _NEUTRAL:
            raise ApiError(400, f"`{name}` is not known here; leave it out.", name, "unknown_parameter")
        if asked not in _NEUTRAL[name]:
            raise ApiError(400, f"`{name}` is not supported here; leave it out.", name, "unsupported_parameter")
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
