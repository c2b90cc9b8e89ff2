"""`raiden validate` of any model, trained here or not: its replies to a file of samples, scored."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict
from hashlib import blake2b
from pathlib import Path
from typing import Any

from raiden.commands.evaluation_view import print_summary
from raiden.commands.model_endpoint import open_model
from raiden.commands.model_options import (
    ModelOptions,
    add_model_options,
    is_checkpoint,
    read_model_options,
    rewards_of,
)
from raiden.commands.option_parser import OptionParser
from raiden.commands.prompt_options import add_prompt_options, describe_settings, outline, read_settings
from raiden.commands.stopping import STOPPED, Progress, until_stopped
from raiden.core.errors import ConfigError
from raiden.core.types import LANGUAGES, Sample
from raiden.data.samples import load_samples
from raiden.datagen.run_state import RunState, beside
from raiden.endpoints import Identity, RecordedEndpoint
from raiden.evaluation.asking import Asking, evaluate
from raiden.evaluation.results import Evaluation, write_evaluation
from raiden.rewards import RewardConfig

_DESCRIPTION = """Ask a model the questions of a file of samples and score its replies, with the trainer's own prompts
and reward. The same command goes on where it was stopped. With --config in place of a model, the trainer validates:
see `raiden validate --config configs/quickstart.yaml --help`."""
_EPILOG = """Exit code: 0; 1 where requests kept failing (they are counted and told, and the same command tries them
again); 2 where an option or the file must change; 130 where the run was stopped."""


def main(argv: Sequence[str]) -> int:
    """Evaluates a model and writes what it said.

    Raises:
        InputError: an option or the samples must change.
        EndpointError: no request can succeed.
    """
    arguments = _parser().parse_args(argv)
    options = read_model_options(arguments)
    settings = read_settings(arguments, options)
    rewards = rewards_of(options, settings.response_format, arguments.rewards)
    if is_checkpoint(options) and arguments.rewards is None:
        figures = ", ".join(f"{name} {value}" for name, value in asdict(rewards).items())
        print(f"prompts and reward as the checkpoint's run had them: {figures}", flush=True)
    print(f"prompts: {describe_settings(settings)}", flush=True)
    asking = Asking(
        arguments.samples_per_question,
        arguments.temperature,
        arguments.max_tokens,
        arguments.seed,
        settings,
    )
    samples = _samples(arguments)
    try:
        return asyncio.run(_validate(options, asking, rewards, samples, Path(arguments.output_file)))
    except KeyboardInterrupt:  # while a model was loaded
        return STOPPED
    except OSError as fault:
        place = fault.filename or arguments.output_file
        raise ConfigError(f"{place}: cannot be written ({fault.strerror}); make room or give another path.") from fault


def _parser() -> OptionParser:
    parser = OptionParser("validate", _DESCRIPTION, _EPILOG)
    parser.add_argument("--eval_data", required=True, metavar="FILE", help="samples, a JSON list or JSONL")
    parser.add_argument(
        "--output_file", required=True, metavar="FILE", help="the report as JSON: figures and each scored reply"
    )
    parser.add_argument("--samples_per_question", type=int, default=1, help="replies drawn to each (default: 1)")
    parser.add_argument("--temperature", type=float, default=0.0, help="of the draws (default: 0, greedy)")
    parser.add_argument("--max_tokens", type=int, default=256, help="longest reply, in tokens (default: 256)")
    parser.add_argument("--seed", type=int, default=0, help="of the draws (default: 0)")
    parser.add_argument(
        "--rewards",
        metavar="FILE",
        help="weights, limits and rewards of your own: a run's configuration, or its `rewards` alone, in YAML "
        "(default: as the run of a checkpoint has it)",
    )
    parser.add_argument("--limit", type=int, metavar="N", help="take the first N samples only")
    parser.add_argument("--language", nargs="+", choices=LANGUAGES, help="take samples in these languages only")
    add_prompt_options(parser)
    add_model_options(parser)
    return parser


def _samples(arguments: argparse.Namespace) -> list[Sample]:
    if arguments.limit is not None and arguments.limit < 1:
        raise ConfigError(f"`limit` must be at least 1 sample, got {arguments.limit}.")
    samples = load_samples(arguments.eval_data)
    kept = [sample for sample in samples if arguments.language is None or sample.language in arguments.language]
    if not kept:
        raise ConfigError(
            f"`language`: none of the {len(samples)} samples of {arguments.eval_data} is in "
            f"{', '.join(arguments.language)}; add a language or drop the option."
        )
    return kept[: arguments.limit]


async def _validate(
    options: ModelOptions, asking: Asking, rewards: RewardConfig, samples: Sequence[Sample], output: Path
) -> int:
    done: list[Evaluation] = []
    async with AsyncExitStack() as stack:
        state = RunState(output)
        stack.push_async_callback(state.close)
        endpoint = open_model(options, stack, beside(output, "record"), asking.settings)
        identity = await endpoint.identity()
        await state.begin(_fingerprint(identity, asking, samples), ("samples_per_question",), ())
        progress = Progress(len(samples) * asking.samples_per_question, "replies")
        print(f"{identity.model}: {len(samples)} questions, {progress.total} replies", flush=True)

        async def work() -> None:
            done.append(await evaluate(endpoint, samples, asking, rewards, progress.advance))

        if await until_stopped(work(), progress.show()):
            print(f"stopped after {progress.num_done} of {progress.total}; the same command goes on.", file=sys.stderr)
            return STOPPED
        if isinstance(endpoint, RecordedEndpoint) and endpoint.usage.num_replayed:
            print(f"{endpoint.usage.num_replayed} replies were there from before")
    return _report(done[0], output)


def _report(evaluation: Evaluation, output: Path) -> int:
    write_evaluation(output, evaluation)
    print_summary(evaluation)
    if evaluation.failed:
        example = evaluation.failed[0]["error"]
        print(f"{len(evaluation.failed)} requests failed and count nowhere, for example: {example}", file=sys.stderr)
        print("the same command tries them again and asks nothing else", file=sys.stderr)
    print(f"report: {output}")
    return int(bool(evaluation.failed))


def _fingerprint(identity: Identity, asking: Asking, samples: Sequence[Sample]) -> dict[str, Any]:
    """What an output file is made of; with another one it is another evaluation."""
    ids = " ".join(sample.id for sample in samples)
    return {
        "model": identity.model,
        "the model's files and dtype": identity.weights,
        "enable_thinking": identity.thinking,
        "samples of eval_data": f"{len(samples)} ({blake2b(ids.encode(), digest_size=4).hexdigest()})",
        **{name: value for name, value in asdict(asking).items() if name != "settings"},
        **outline(asking.settings),
    }
