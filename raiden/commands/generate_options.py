"""The options of `raiden generate`: from the command line or a YAML file, checked before anything is done."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

from raiden.commands.option_parser import OptionParser, take
from raiden.core.errors import ConfigError
from raiden.core.types import Language

Backend = Literal["template", "openai", "bedrock"]

_DESCRIPTION = """Make training samples from character profiles. A rerun of the same command goes on where it stopped
and asks nothing twice; more profiles or more samples per profile may be asked for later."""


@dataclass(frozen=True)
class SampleOptions:
    """Which samples, and where they go."""

    profiles_file: str
    """characters: JSONL of profiles, RAIDEN's npc.json, a character card, or a folder of cards"""
    output_file: str
    """samples: a JSON list where the name ends in .json, else JSONL"""
    num_samples_per_profile: int = 2
    """samples of each kind about each character"""
    include_cm: bool = False
    """make samples about the conversation (CM) too, beside those about the profile (SBK)"""
    language: Language | None = None
    """language of all samples (zh, ja, en, ko); unset, each profile's own, found from its text"""
    auto_detect: bool = False
    """each profile's own language, as if `language` were unset; `language` wins where both are given"""
    max_profiles: int | None = None
    """use the first so many profiles only"""
    train_ratio: float = 0.9
    """share of the characters that goes into train.json; the rest goes into validation.json"""
    output_dir: str | None = None
    """folder of train.json and validation.json; unset, beside the output file and named like it"""
    seed: int = 0
    """another seed makes other samples"""


@dataclass(frozen=True)
class BackendOptions:
    """Who writes the samples."""

    backend: Backend = "template"
    """template: no model, from the profiles' own fields; openai: a server that speaks its protocol, such as SGLang
    or vLLM; bedrock: Amazon Bedrock"""
    base_url: str = "http://localhost:30000/v1"
    """address of the server (openai)"""
    model_name: str | None = None
    """model on the server; unset, the one that it serves (openai)"""
    api_key_env: str = "OPENAI_API_KEY"
    """environment variable that holds the key, if the server wants one (openai)"""
    enable_thinking: bool = False
    """let the model reason before it replies; slower and dearer (openai)"""
    region: str | None = None
    """AWS region; unset, that of the usual AWS configuration (bedrock)"""
    model_id: str | None = None
    """model or inference profile (bedrock)"""
    timeout: float = 120.0
    """seconds that one try of a request may take"""
    concurrency: int = 16
    """requests in flight at once"""
    max_retries: int = 6
    """tries of a request after the first, where it failed for a reason that may pass"""
    temperature: float = 0.8
    """randomness of the drafts; 0 is greedy"""
    max_tokens: int = 2048
    """longest reply, in tokens, reasoning included"""
    log_requests: bool = False
    """keep every request with its reply in <output_file>.requests.jsonl"""


@dataclass(frozen=True)
class AcceptanceOptions:
    """Which drafts are accepted, besides the checks that every sample must pass."""

    max_attempts: int = 3
    """drafts for one sample before its place stays empty"""
    agreement: int = 0
    """replies drawn to each question; kept where the rule and a judge agree on 70 % of them; 0: not asked"""
    keep_hard: int = 0
    """replies of the policy to each question; kept where at least one is wrong; 0: not asked"""
    prompt_template: str | None = None
    """a Jinja file that says who the model is to be, where `agreement` or `keep_hard` asks it for replies"""
    prompts_of: str | None = None
    """a checkpoint or an export whose run's prompts it gets there"""
    policy_base_url: str | None = None
    """address of the server of the policy that `keep_hard` asks"""
    policy_model_name: str | None = None
    """its model; unset, the one that it serves"""
    policy_api_key_env: str | None = None
    """environment variable that holds the key of the policy's server; unset, none is sent"""


@dataclass(frozen=True)
class GenerateOptions:
    """All options of the command, checked."""

    samples: SampleOptions
    backend: BackendOptions
    acceptance: AcceptanceOptions

    @property
    def output_file(self) -> Path:
        return Path(self.samples.output_file)

    @property
    def output_dir(self) -> Path:
        """The folder of the split."""
        if self.samples.output_dir is not None:
            return Path(self.samples.output_dir)
        output = self.output_file
        return output.with_suffix("") if output.suffix else output.with_name(output.name + "_split")


_GROUPS: tuple[type, ...] = (SampleOptions, BackendOptions, AcceptanceOptions)
_OWNERS: dict[str, tuple[str, ...]] = {
    "base_url": ("openai",),
    "model_name": ("openai",),
    "api_key_env": ("openai",),
    "enable_thinking": ("openai",),
    "region": ("bedrock",),
    "model_id": ("bedrock",),
    "temperature": ("openai", "bedrock"),
    "max_tokens": ("openai", "bedrock"),
    "log_requests": ("openai", "bedrock"),
    "agreement": ("openai", "bedrock"),
    "timeout": ("openai", "bedrock", "keep_hard"),
    "concurrency": ("openai", "bedrock", "keep_hard"),
    "max_retries": ("openai", "bedrock", "keep_hard"),
    "prompt_template": ("agreement", "keep_hard"),
    "prompts_of": ("agreement", "keep_hard"),
    "policy_base_url": ("keep_hard",),
    "policy_model_name": ("keep_hard",),
    "policy_api_key_env": ("keep_hard",),
}
"""What an option is for: with nothing of that in use, a value of it would be passed over in silence."""
_RANGES: dict[str, tuple[float, float, str]] = {
    "num_samples_per_profile": (1, 10**6, "samples"),
    "max_profiles": (1, 10**9, "profiles"),
    "seed": (0, 2**31 - 1, "a number"),
    "timeout": (0.001, 10**5, "seconds"),
    "concurrency": (1, 10**4, "requests"),
    "max_retries": (0, 1000, "tries"),
    "temperature": (0, 2, "a temperature"),
    "max_tokens": (16, 10**6, "tokens"),
    "max_attempts": (1, 1000, "drafts"),
    "agreement": (0, 1000, "replies"),
    "keep_hard": (0, 1000, "replies"),
}
"""Least and greatest value of an option, and what it counts."""


def read_options(args: Sequence[str]) -> GenerateOptions:
    """The options from a command line and, with `--config`, from a YAML file.

    Raises:
        ConfigError: one is unknown, missing, not of its type, out of range or without effect; the message names it.
    """
    parser = OptionParser("generate", _DESCRIPTION, kinds=_GROUPS, has_config=True)
    parsed = parser.parse_args(args)
    _check(parsed)
    return GenerateOptions(*(take(kind, parsed) for kind in _GROUPS))


def _check(parsed: argparse.Namespace) -> None:
    for name, (least, greatest, unit) in _RANGES.items():
        value = getattr(parsed, name)
        if value is not None and not least <= value <= greatest:
            raise ConfigError(f"`{name}` must be {least:g} to {greatest:g} {unit}, got {value}.")
    if not 0 < parsed.train_ratio < 1:
        raise ConfigError(f"`train_ratio` must lie between 0 and 1, got {parsed.train_ratio}; 0.9 is usual.")
    _refuse_idle(parsed)
    if parsed.backend == "bedrock" and not parsed.model_id:
        raise ConfigError("`model_id` is needed with `--backend bedrock`; give the model's id or inference profile.")
    if parsed.keep_hard and not parsed.policy_base_url:
        raise ConfigError("`policy_base_url` is needed with `keep_hard`; give the address of the policy's server.")


def _refuse_idle(parsed: argparse.Namespace) -> None:
    """Refuses options that would do nothing."""
    checks = ("agreement", "keep_hard")
    in_use = {parsed.backend, *(name for name in checks if getattr(parsed, name))}
    for group in _GROUPS:
        for field in fields(group):
            owners = _OWNERS.get(field.name)
            if owners and not in_use & set(owners) and getattr(parsed, field.name) != field.default:
                needed = " or ".join(f"`--{o}`" if o in checks else f"`--backend {o}`" for o in owners)
                raise ConfigError(
                    f"`{field.name}` does nothing with `--backend {parsed.backend}`; add {needed}, or drop it."
                )
