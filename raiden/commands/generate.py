"""`raiden generate`: character profiles -> training samples, in a file that only grows."""

import asyncio
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

from raiden.commands.cast_options import read_characters
from raiden.commands.generate_backend import Backend, open_backend
from raiden.commands.generate_options import GenerateOptions, read_options
from raiden.commands.generate_view import RunView
from raiden.commands.stopping import STOPPED, until_stopped
from raiden.core.errors import ConfigError
from raiden.core.types import Focus, Profile
from raiden.data.samples import held_out_characters
from raiden.datagen.pipeline import Pipeline, Plan, Tally
from raiden.datagen.run_state import RunState, beside
from raiden.datagen.store import RejectionLog, SampleStore
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
        await state.begin(_fingerprint(options, backend), _MAY_GROW, profiles)
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


def _fingerprint(options: GenerateOptions, backend: Backend) -> dict[str, Any]:
    asked = {**asdict(options.samples), **asdict(options.backend), **asdict(options.acceptance)}
    return {name: asked[name] for name in _DECISIVE} | backend.models


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
