"""The options that say how prompts are made; what they leave open is as the run has it that the model is of."""

import json
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

from raiden.commands.model_options import ModelOptions, read_reward_file
from raiden.core.errors import ConfigError
from raiden.core.records import load_json, read_bytes
from raiden.data.profiles import load_profiles
from raiden.data.prompts import RECORD, PromptSettings, ResponseFormat, read_prompt_template


@dataclass(frozen=True)
class PromptOptions:
    """The prompts (default: those of the run of a checkpoint or an export)."""

    prompts_of: str | None = None
    """a checkpoint or an export whose run's prompts are made (default: that of --model_path)"""
    response_format: ResponseFormat | None = None
    """the reply alone, or <think>...</think> and then the reply (default: as the run has it, else plain)"""
    chat_template_kwargs: dict[str, Any] | None = None
    """handed to the chat template, as {"enable_thinking": false} (default: as the run has it)"""
    prompt_template: str | None = None
    """a Jinja file that says who the model is to be (default: the run's)"""
    prompt_profiles: str | None = None
    """a file of profiles whose own texts, as they stand there, are the prompts in place of a template"""
    date: str | None = None
    """what the chat template takes for today, as YYYY-MM-DD (default: the run's, else today)"""
    opening_turn: str | None = None
    """what the user says before a greeting, where the user has to begin (default: that the talk begins)"""


def read_settings(
    options: PromptOptions, model: ModelOptions | None = None, rewards: str | None = None
) -> PromptSettings:
    """The settings of the run that the model is of, with what the options say.

    Args:
        rewards: a file of the reward's settings, whose response format holds where no option gives one.

    Raises:
        ConfigError: an option cannot work, or the run's record cannot be read.
    """
    settings = _of_run(options, model) or PromptSettings()
    names = ("response_format", "chat_template_kwargs", "date", "opening_turn")
    given = {name: getattr(options, name) for name in names} | _given_prompt(options)
    if given["response_format"] is None and rewards is not None:
        given["response_format"] = read_reward_file(rewards).response_format
    try:
        return replace(settings, **{name: value for name, value in given.items() if value is not None})
    except ConfigError as error:
        raise ConfigError(str(error).replace("`data.", "`")) from error


def _given_prompt(options: PromptOptions) -> dict[str, Any]:
    """What says who the model is to be, where an option does."""
    if options.prompt_template is not None and options.prompt_profiles is not None:
        raise ConfigError("`prompt_template` and `prompt_profiles` are two prompts; give one of them.")
    if options.prompt_template is not None:
        template = read_prompt_template(options.prompt_template, "prompt_template")
        return {"prompt": "template", "prompt_template": template, "texts": {}}
    if options.prompt_profiles is not None:
        texts = {profile.name: profile.text for profile in load_profiles(options.prompt_profiles)}
        return {"prompt": "profile", "prompt_template": "", "texts": texts}
    return {}


def _of_run(options: PromptOptions, model: ModelOptions | None) -> PromptSettings | None:
    """The run that is named, or that the model is of."""
    if options.prompts_of is not None:
        if (settings := settings_of(options.prompts_of, "prompts_of")) is None:
            raise ConfigError(
                f"`prompts_of`: {options.prompts_of} is neither a checkpoint nor the export of a run (no {RECORD} "
                "there); name one."
            )
        return settings
    if model is None or model.model_path is None:
        return None
    return settings_of(model.model_path, f"{model.prefix}model_path")


def settings_of(path: str, option: str) -> PromptSettings | None:
    """Those of the run that a checkpoint or an exported folder is of; None for anything else.

    Raises:
        ConfigError: the record cannot be read.
    """
    if path.rstrip("/").endswith(".ckpt"):
        from raiden.commands.checkpoint import load_settings

        return load_settings(Path(path), option)
    record = Path(path) / RECORD
    return read_record(record) if record.is_file() else None


def read_record(path: Path) -> PromptSettings:
    """What a run left beside its exported weights.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        return PromptSettings.from_record(load_json(read_bytes(path, ConfigError).decode("utf-8"))["prompts"])
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path} cannot be read ({error}); export the checkpoint again.") from error


def outline(settings: PromptSettings) -> dict[str, Any]:
    """The settings by name, long texts by their digest."""
    record = settings.as_record()
    for name in ("prompt_template", "texts"):
        if value := record[name]:
            digest = blake2b(json.dumps(value, ensure_ascii=False).encode(), digest_size=4).hexdigest()
            record[name] = f"{len(value)} {'characters' if name == 'prompt_template' else 'profiles'} ({digest})"
    return record


def describe_settings(settings: PromptSettings) -> str:
    """Settings in a line, for those who wonder where a prompt is from."""
    return ", ".join(
        f"{name} {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for name, value in outline(settings).items()
        if value
    )
