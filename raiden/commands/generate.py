"""`raiden generate`: character profiles -> training samples, in a file that only grows."""

import asyncio
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path

from raiden.commands.cast_options import read_characters
from raiden.commands.generate_options import BackendOptions, GenerateOptions, read_options
from raiden.commands.generate_view import RunView
from raiden.commands.model_endpoint import open_server
from raiden.commands.prompt_options import PromptOptions, read_settings
from raiden.commands.stopping import STOPPED, until_stopped
from raiden.core.errors import ConfigError
from raiden.core.types import Focus, Profile
from raiden.data.samples import held_out_characters
from raiden.datagen.base import Author
from raiden.datagen.pipeline import Pipeline, Plan, Tally
from raiden.datagen.questions import EndpointAuthor
from raiden.datagen.run_state import RunState, beside
from raiden.datagen.store import RejectionLog, SampleStore
from raiden.datagen.template import TemplateAuthor
from raiden.datagen.verification import AgreementVerifier, HardnessVerifier, Verifier
from raiden.endpoints import ChatEndpoint, RecordedEndpoint, RetryingEndpoint, Usage
from raiden.rewards import load_dictionaries

_DECISIVE = (
    "backend",
    "seed",
    "language",
    "num_samples_per_profile",
    "include_cm",
    "enable_thinking",
    "temperature",
    "max_tokens",
    "max_attempts",
    "agreement",
    "keep_hard",
    "prompt_template",
    "prompts_of",
)
"""Options that decide what the samples are; the models are told by the servers."""
_MAY_GROW = ("num_samples_per_profile", "include_cm", "max_attempts")
# Places that stay empty for this reason are as the user asked.
_EMPTY_ON_PURPOSE = {"too_easy"}


def main(argv: Sequence[str]) -> int:
    """Makes samples and splits them into training and validation files.

    Returns:
        The exit code: 0; 1 where profiles could not be used or samples not be made; 130 where the run was stopped.
    """
    options = read_options(argv)
    profiles, faults = read_characters(options.samples.profiles_file)
    try:
        code = asyncio.run(_generate(options, profiles[: options.samples.max_profiles]))
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here.", file=sys.stderr)
        return STOPPED
    except OSError as fault:
        place = fault.filename or options.output_file
        raise ConfigError(
            f"{place}: cannot be written ({fault.strerror}); make room or give another path, "
            "and the same command goes on from here."
        ) from fault
    return code or int(bool(faults))


async def _generate(options: GenerateOptions, profiles: Sequence[Profile]) -> int:
    foci: tuple[Focus, ...] = ("sbk", "cm") if options.samples.include_cm else ("sbk",)
    plan = Plan(profiles, options.samples.num_samples_per_profile, foci, options.samples.language)
    split = [options.output_dir / "train.json", options.output_dir / "validation.json"]
    async with AsyncExitStack() as stack:
        state = RunState(options.output_file, split)
        stack.push_async_callback(state.close)
        state.refuse_foreign()
        backend = await open_backend(options, stack)
        asked = {**asdict(options.samples), **asdict(options.backend), **asdict(options.acceptance)}
        decisive = {name: asked[name] for name in _DECISIVE} | backend.models
        await state.begin(decisive, _MAY_GROW, profiles)
        store = SampleStore(options.output_file)
        stack.push_async_callback(store.close)
        rejections = RejectionLog(beside(options.output_file, "rejections"))
        stack.push_async_callback(rejections.close)
        await rejections.keep_only(store)

        pipeline = Pipeline(
            plan,
            backend.author,
            store,
            rejections,
            backend.verifiers,
            options.acceptance.max_attempts,
            options.backend.concurrency,
        )
        load_dictionaries({options.samples.language or profile.language for profile in profiles})
        view = RunView(pipeline.tally, rejections, backend.usages, backend.retries)
        was_stopped = await until_stopped(pipeline.run(), view.show())
        if not was_stopped:
            await state.claim()
            await state.note_written(_write_split(store, plan, options.samples.train_ratio, *split))
            await store.finish(store.in_order(plan.order()))
            await rejections.finish(plan.order())
        view.print_tables()
        view.print_end(store, split, was_stopped)
    return STOPPED if was_stopped else int(_lacks_something(pipeline.tally, plan))


def _write_split(store: SampleStore, plan: Plan, train_ratio: float, train: Path, validation: Path) -> list[Path]:
    """Parts the samples by character; returns the files that were written.

    With samples about one character only there is nothing to hold out, and all are for training.
    """
    keys = store.in_order(plan.order())
    characters = {name for name, _, _ in keys}
    held_out = held_out_characters(characters, 1 - train_ratio) if len(characters) > 1 else set()
    store.write(train, [key for key in keys if key[0] not in held_out])
    if not held_out:
        return [train]
    store.write(validation, [key for key in keys if key[0] in held_out])
    return [train, validation]


def _lacks_something(tally: Tally, plan: Plan) -> bool:
    """Whether a character has no sample at all, or a place is empty that should not be."""
    is_empty = any(tally.samples_by_character[profile.name] == 0 for profile in plan.profiles)
    return is_empty or not _EMPTY_ON_PURPOSE.issuperset(tally.unfilled)


@dataclass
class Backend:
    """Who is asked in a run."""

    author: Author
    verifiers: list[Verifier] = field(default_factory=list)
    models: dict[str, str] = field(default_factory=dict)
    """Option -> the model that it means, found from the server where the option is unset."""
    usages: list[Usage] = field(default_factory=list)
    retries: list[Counter[str]] = field(default_factory=list)


async def open_backend(options: GenerateOptions, stack: AsyncExitStack) -> Backend:
    """Connects to whom the options name; `stack` closes the connections.

    Raises:
        ConfigError: an option cannot work.
        EndpointError: a server did not say which model it serves.
    """
    backend = Backend(TemplateAuthor(options.samples.seed))
    asked, seed = options.acceptance, options.samples.seed
    prompts = read_settings(PromptOptions(prompt_template=asked.prompt_template, prompts_of=asked.prompts_of))
    if options.backend.backend != "template":
        option = "model_name" if options.backend.backend == "openai" else "model_id"
        endpoint = await _open(_writer(options.backend), option, "record", backend, options, stack)
        backend.author = EndpointAuthor(endpoint, seed, options.backend.temperature, options.backend.max_tokens)
        if asked.agreement:
            backend.verifiers.append(AgreementVerifier(endpoint, asked.agreement, seed, prompts))
    if asked.keep_hard:
        bare = open_server(
            asked.policy_base_url or "",
            asked.policy_api_key_env,
            asked.policy_model_name,
            options.backend.timeout,
            enable_thinking=False,
        )
        policy = await _open(bare, "policy_model_name", "policy_record", backend, options, stack)
        backend.verifiers.append(HardnessVerifier(policy, asked.keep_hard, seed, prompts))
    return backend


async def _open(
    bare: ChatEndpoint, option: str, record: str, backend: Backend, options: GenerateOptions, stack: AsyncExitStack
) -> ChatEndpoint:
    """An endpoint with retries, a log if it is wanted, and a record."""
    retrying = RetryingEndpoint(bare, options.backend.max_retries, options.backend.concurrency)
    log = beside(options.output_file, record.replace("record", "requests")) if options.backend.log_requests else None
    recorded = RecordedEndpoint(retrying, beside(options.output_file, record), log)
    stack.push_async_callback(recorded.close)
    backend.models[option] = (await recorded.identity()).model
    print(f"{option}: {backend.models[option]}", flush=True)
    backend.usages.append(recorded.usage)
    backend.retries.append(retrying.num_retries_by_reason)
    return recorded


def _writer(asked: BackendOptions) -> ChatEndpoint:
    if asked.backend == "bedrock":
        from raiden.endpoints.bedrock import BedrockEndpoint

        return BedrockEndpoint(asked.model_id or "", asked.region, asked.timeout, asked.concurrency)
    return open_server(asked.base_url, asked.api_key_env, asked.model_name, asked.timeout, asked.enable_thinking)
