"""`raiden export --format gguf`: the file, looked at once more, and beside it what other programs need to use it."""

import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from raiden.chat import Cast
from raiden.commands.checkpoint import load_checkpoint, load_sampling
from raiden.commands.export import ExportOptions
from raiden.commands.prompt_options import settings_of
from raiden.core.errors import ConfigError
from raiden.core.records import write_json, write_text
from raiden.core.types import Language, Profile
from raiden.core.writing import in_bytes, writing
from raiden.core.yaml_text import load_yaml
from raiden.data.chat_template import ChatTemplate, end_of_turn_ids
from raiden.data.clients import ClientSettings, modelfile, preset, turns_of
from raiden.data.clients.sillytavern import CARD, NAME
from raiden.data.profiles import read_profiles
from raiden.data.prompts import PromptSettings, prompt_of_card, system_message
from raiden.data.samples import load_samples
from raiden.policy import Policy, PolicyConfig, load_policy, resolve_model
from raiden.policy.gguf import GgufFile, GgufType
from raiden.policy.gguf.check import ask_llama_cpp, read_again
from raiden.policy.gguf.llama_cpp import has_llama_cpp
from raiden.policy.sources import explain_model_errors, load_config

_TELL_SECONDS = 3.0


def export_gguf(options: ExportOptions) -> int:
    """Writes the file and those beside it; all or nothing of the file.

    Raises:
        ConfigError: llama.cpp does not know such a model, an option must change, or a file is there already.
        TrainingError: the file is not what the policy is.
    """
    dtype: GgufType = options.dtype or "f16"  # type: ignore[assignment]
    path = _path(options.output, dtype)
    source = options.checkpoint
    is_checkpoint = source.rstrip("/").endswith(".ckpt")
    settings = settings_of(source, "CHECKPOINT") or PromptSettings()
    clients = of_run(options, Path(source), is_checkpoint, settings)
    for there in (path, *clients.paths(path)):
        if there.exists():
            raise ConfigError(f"`--output`: {there} is there already; choose another name.")
    policy = load_checkpoint(Path(source), "CHECKPOINT", options.config) if is_checkpoint else _load(source)
    chat = ChatTemplate(policy.tokenizer, settings)
    file = GgufFile(policy, dtype, chat, path.stem)
    for note in file.notes:
        print(f"note: {note}")
    with writing(path, file.num_bytes) as part:
        print(f"writing {path}: {len(file.tensors)} tensors, {in_bytes(file.num_bytes)}", flush=True)
        file.write(part, _Teller(file.num_bytes))
        print(_check(file, part, chat), flush=True)
        clients.write(path, policy, chat, file.vocabulary.adds_bos)
    print(f"export: {path}")
    return 0


def _path(output: Path, dtype: str) -> Path:
    """The file itself, or one in a folder that takes its name.

    >>> _path(Path("edith.gguf"), "f16").as_posix(), _path(Path("out/edith"), "q8_0").as_posix()
    ('edith.gguf', 'out/edith/edith-q8_0.gguf')
    """
    return output if output.suffix == ".gguf" else output / f"{output.absolute().name}-{dtype}.gguf"


def _load(path: str) -> Policy:
    """A model as it is, in the type of its files."""
    if Path(path, "config.yaml").is_file():
        raise ConfigError(f"CHECKPOINT: {path} is the folder of a run; give its `export`, or one of its checkpoints.")
    with explain_model_errors(path):
        stored = str(getattr(load_config(resolve_model(path)), "dtype", None))
    dtype = "bfloat16" if stored.endswith("bfloat16") else "float32"
    print(f"reading {path}", flush=True)
    return load_policy(PolicyConfig(path, dtype=dtype), with_reference=False)  # type: ignore[arg-type]


def _check(file: GgufFile, path: Path, chat: ChatTemplate) -> str:
    if has_llama_cpp():
        print("checking with llama.cpp", flush=True)
        return f"llama.cpp and the policy: {ask_llama_cpp(file, path, chat).describe()}"
    read_again(file, path)
    return (
        "read again: as it was written. llama.cpp itself was not asked, for it is not installed; "
        'pip install "raiden-r1[gguf]" makes the next export ask it'
    )


class _Teller:
    """Says how far the writing is, every few seconds."""

    def __init__(self, num_bytes: int) -> None:
        self.num_bytes = num_bytes
        self.told = time.monotonic()

    def __call__(self, num_written: int) -> None:
        if time.monotonic() - self.told > _TELL_SECONDS:
            self.told = time.monotonic()
            print(f"written {in_bytes(num_written)} of {in_bytes(self.num_bytes)}", flush=True)


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
        profile, system = None, None
        if self.cast is not None:
            profile = self.cast.profiles[0] if self.character is None else self.cast.find(self.character)
            shown = profile.name, profile.fields, profile.language
            system = system_message(*shown, self.settings, text=profile.text).content
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
