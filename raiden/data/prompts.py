"""Sample -> chat messages: the character, the conversation so far, the question; in the sample's language."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import date as day
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from raiden.core.errors import ChatTemplateError, ConfigError
from raiden.core.limits import MAX_CONFIG_BYTES, refuse_larger
from raiden.core.reasoning import strip_reasoning
from raiden.core.shipped import find_file
from raiden.core.types import Language, Message, Sample
from raiden.data.sandbox import Sandbox
from raiden.rewards.reply import ResponseFormat

RECORD = "raiden.json"
"""In an exported model's folder: the settings of the run that made it."""
DEFAULT_TEMPLATE = Path(__file__).with_name("prompt_templates") / "default.jinja"
"""What describes characters where nothing else is said; to be copied and changed."""


@dataclass(frozen=True)
class PromptSettings:
    """What makes a sample's prompt, besides the model's own chat template."""

    response_format: ResponseFormat = "plain"
    """`plain`: the reply alone; `think`: reasoning in a think block, then the reply."""
    chat_template_kwargs: Mapping[str, Any] = field(default_factory=dict)
    """Handed to the chat template as they are."""
    date: str | None = None
    """What the chat template takes for today, as YYYY-MM-DD; None: the day it is."""
    opening_turn: str | None = None
    """What the user says before a greeting of the character, where the template wants the user to begin; None: in its
    language, that the conversation begins."""
    prompt: Literal["template", "profile"] = "template"
    """What says who the model is to be: a template, or the text of the profile's own file, as it stands there."""
    prompt_template: str = ""
    """The template, a text of Jinja; empty for the default."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """Under `profile`, those that are known, by character."""

    def __post_init__(self) -> None:
        if self.date is not None:
            try:
                day.fromisoformat(self.date)
            except ValueError as error:
                raise ConfigError(f"`data.date` must be a day as YYYY-MM-DD, got {self.date!r}.") from error

    def as_record(self) -> dict[str, Any]:
        """Plain data, which goes along with checkpoints and exports."""
        return asdict(self)

    @staticmethod
    def from_record(record: Mapping[str, Any]) -> PromptSettings:
        """The settings of a record; what it does not know of is as usual."""
        known = {each.name for each in fields(PromptSettings)}
        return PromptSettings(**{name: value for name, value in record.items() if name in known})


def write_record(folder: Path, record: Mapping[str, Any]) -> None:
    """Puts a run's settings beside its model."""
    (folder / RECORD).write_text(json.dumps(record, ensure_ascii=False, indent=1), encoding="utf-8")


def read_prompt_template(path: str | Path, option: str = "data.prompt_template") -> str:
    """The text of a template's file.

    Raises:
        ConfigError: it cannot be read.
    """
    found = find_file(Path(path).expanduser())
    refuse_larger(found, MAX_CONFIG_BYTES, ConfigError, "give the path of a Jinja file")
    try:
        return found.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"`{option}`: {path} cannot be read ({error}); give the path of a Jinja file, such as a copy of "
            f"{DEFAULT_TEMPLATE}."
        ) from None


def build_messages(sample: Sample, settings: PromptSettings = PromptSettings()) -> list[Message]:
    """The conversation that the model continues.

    All that does not depend on the question comes first, so that questions about one character share it.

    Raises:
        ConfigError: the settings make no prompt of this sample.
    """
    system = system_message(sample.character_name, sample.character_profile, sample.language, settings)
    return conversation(system, sample.conversation_history, sample.question)


def conversation(system: Message, history: Iterable[Message], question: str) -> list[Message]:
    """The setting, what was said, and the question; the reasoning of earlier turns is for nobody to read."""
    said = (m if m.role == "user" else Message(m.role, strip_reasoning(m.content)) for m in history)
    return [system, *said, Message("user", question)]


def system_message(
    name: str,
    fields: Mapping[str, str],
    language: Language,
    settings: PromptSettings = PromptSettings(),
    is_talk: bool = False,
    text: str = "",
) -> Message:
    """Who the model is to be: the character's setting, and what is asked of it.

    Args:
        fields: of the character's profile, `Name` included.
        language: of the instructions.
        is_talk: ask for a turn of a conversation, not for the answer to a question.
        text: of the profile's own file, where it is at hand; `settings.prompt` says whether it is the prompt.

    Raises:
        ConfigError: the template makes no prompt, or there is no text of this character.
    """
    if settings.prompt == "profile":
        if not (text := text or settings.texts.get(name, "")):
            raise ConfigError(
                f'`data.prompt` is profile, and no text of "{name}" is known; give the file of its profile by '
                "`data.profiles`."
            )
        return Message("system", text)
    variables = (name, setting_lines(fields), language, settings.response_format, is_talk)
    return Message("system", _rendered(_template_of(settings), settings.date, *variables))


def prompt_of_card(name: str, card: str, language: Language, settings: PromptSettings) -> str:
    """The setting with a text in place of a profile's lines, such as the words that a client puts its card for.

    Raises:
        ConfigError: the template makes no prompt.
    """
    if settings.prompt == "profile":
        return card
    return _rendered(_template_of(settings), settings.date, name, card, language, settings.response_format, False)


def setting_block(fields: Mapping[str, str]) -> str:
    """A character's profile as models read it."""
    return f"<Character Setting>\n{setting_lines(fields)}\n</Character Setting>"


def setting_lines(fields: Mapping[str, str]) -> str:
    """A line for each field, `field: value`."""
    return "\n".join(f"{field}: {value}" for field, value in fields.items())


def as_dicts(messages: Iterable[Message]) -> list[dict[str, str]]:
    """The messages as files, servers and chat templates take them.

    >>> as_dicts([Message("user", "Who are you?")])
    [{'role': 'user', 'content': 'Who are you?'}]
    """
    return [{"role": message.role, "content": message.content} for message in messages]


def _template_of(settings: PromptSettings) -> str:
    return settings.prompt_template or _default_template()


@lru_cache(maxsize=1)
def _default_template() -> str:
    return DEFAULT_TEMPLATE.read_text(encoding="utf-8")


@lru_cache(maxsize=4096)
def _rendered(
    template: str,
    date: str | None,
    name: str,
    profile: str,
    language: Language,
    response_format: ResponseFormat,
    is_talk: bool,
) -> str:
    """Questions about one character share its setting, which is rendered once."""
    variables = {
        "name": name,
        "profile": profile,
        "language": language,
        "response_format": response_format,
        "is_talk": is_talk,
    }
    try:
        text = _sandbox(template, os.getpid()).render_variables(variables, date).strip()
    except ChatTemplateError as fault:
        raise ConfigError(f'`data.prompt_template` makes no prompt of "{name}": {fault}; correct the file.') from fault
    if not text:
        raise ConfigError(f'`data.prompt_template` makes an empty prompt of "{name}"; correct the file.')
    return text


@lru_cache(maxsize=4)
def _sandbox(template: str, process: int) -> Sandbox:
    """One for all characters. A process that was forked has pipes of its own."""
    return Sandbox(template)
