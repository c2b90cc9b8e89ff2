"""The Modelfile and the SillyTavern preset beside an exported GGUF file."""

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from raiden.chat import Cast
from raiden.commands.checkpoint import load_sampling
from raiden.commands.export import ExportOptions
from raiden.core.errors import ConfigError
from raiden.core.records import write_json, write_text
from raiden.core.types import Language, Profile
from raiden.core.yaml_text import load_yaml
from raiden.data.chat_template import ChatTemplate, end_of_turn_ids
from raiden.data.clients import ClientSettings, modelfile, preset, turns_of
from raiden.data.clients.sillytavern import CARD, NAME
from raiden.data.profiles import read_profiles
from raiden.data.prompts import PromptSettings, prompt_of_card, system_message
from raiden.data.samples import load_samples
from raiden.policy import Policy

_USUAL_CONTEXT = 8192
"""Tokens for which other programs are told to keep memory, unless the model has fewer."""
_ENDINGS = (".Modelfile", ".sillytavern.json")


@dataclass(frozen=True)
class ClientFiles:
    """What is written beside a GGUF file."""

    settings: PromptSettings
    sampling: dict[str, Any]
    """Of the run, by name; empty where there was none."""
    cast: Cast | None
    """Characters that the Modelfile can play; None: it says nothing of one."""
    character: str | None
    """Who of them; None: the first."""

    def paths(self, file: Path) -> list[Path]:
        """Their names, beside a GGUF file's."""
        return [file.with_suffix(ending) for ending in _ENDINGS]

    def write(self, file: Path, policy: Policy, chat: ChatTemplate, adds_bos: bool) -> None:
        """Writes them and says what they are for.

        Raises:
            ConfigError: the run's prompt cannot be made, or cannot stand in a Modelfile.
        """
        turns = turns_of(chat)
        if turns is None:
            print(
                "note: this chat template is not the same for all turns; Ollama and SillyTavern have to bring theirs"
            )
        elif adds_bos:
            turns = turns.without(str(policy.tokenizer.bos_token))
        window = policy.model.config.max_position_embeddings
        known = ClientSettings(min(window, _USUAL_CONTEXT), **self.sampling)
        stops = stop_strings(policy, chat)
        profile = None
        if self.cast is not None:
            profile = self.cast.profiles[0] if self.character is None else self.cast.find(self.character)
        system = None if profile is None else self._system(profile)
        note = f"ollama create {file.stem.lower()} -f {file.stem}.Modelfile"
        recipe, form = self.paths(file)
        try:
            write_text(recipe, modelfile(file.name, system, turns, stops, known, note))
        except ValueError as fault:
            raise ConfigError(f"{recipe}: {fault}; change the profile or the prompt template.") from fault
        card = prompt_of_card(NAME, CARD, self._language(), self.settings)
        write_json(form, preset(file.stem, card, turns, stops, known))
        who = "no character is known: --profiles_file gives some" if profile is None else f"it plays {profile.name}"
        print(f"Ollama: {recipe} ({who})")
        print(f"SillyTavern: {form} (Advanced Formatting, Master Import)")

    def _system(self, profile: Profile) -> str:
        return system_message(profile.name, profile.fields, profile.language, self.settings, text=profile.text).content

    def _language(self) -> Language:
        """That of most characters."""
        languages: list[Language] = [p.language for p in self.cast.profiles] if self.cast else ["en"]
        return Counter(languages).most_common(1)[0][0]


def of_run(options: ExportOptions, source: Path, is_checkpoint: bool, settings: PromptSettings) -> ClientFiles:
    """What the run that made a model says of its replies and characters.

    Raises:
        ConfigError: an option does not fit, or the run's configuration cannot be used.
        ProfileError: there is no such character.
    """
    usual = (source.parent.parent if is_checkpoint else source.parent) / "config.yaml"
    config = options.config or usual
    sampling = asdict(load_sampling(config)) if config.is_file() else {}
    if options.profiles_file is not None:
        cast: Cast | None = Cast(read_profiles([options.profiles_file])[0])
    else:
        cast = _cast_of(config) if config.is_file() else None
    if cast is not None and not cast.profiles:
        raise ConfigError(f"`--profiles_file`: {options.profiles_file} holds no profile that can be used.")
    if options.character is not None:
        if cast is None:
            raise ConfigError("`--character`: no characters are known here; give their file by `--profiles_file`.")
        cast.find(options.character)
    return ClientFiles(settings, sampling, cast, options.character)


def _cast_of(config: Path) -> Cast | None:
    """The characters of a run's samples, where these are still there."""
    data = load_yaml(config.read_text(encoding="utf-8")).get("data") or {}
    files = [Path(path) for name in ("train_file", "val_file") if (path := data.get(name))]
    found: dict[str, Profile] = {}
    for sample in (sample for file in files if file.is_file() for sample in load_samples(file)):
        name, fields = sample.character_name, sample.character_profile
        found.setdefault(name, Profile(name, fields, "", sample.language, sample.id, raw={}))
    return Cast(list(found.values())) if found else None


def stop_strings(policy: Policy, chat: ChatTemplate) -> list[str]:
    """The texts of the tokens that end a reply."""
    tokenizer = policy.tokenizer
    ends = [tokenizer.eos_token_id, *end_of_turn_ids(tokenizer, chat.traits)]
    return list(dict.fromkeys(str(tokenizer.convert_ids_to_tokens(end)) for end in ends if end is not None))
