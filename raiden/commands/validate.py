"""`raiden validate` of any model, trained here or not: its replies to a file of samples, scored."""

import asyncio
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from raiden.commands.model_endpoint import open_model
from raiden.commands.model_options import (
    ModelOptions,
    add_model_options,
    is_checkpoint,
    read_model_options,
    rewards_of,
)
from raiden.commands.option_parser import OptionParser, take
from raiden.commands.prompt_options import PromptOptions, describe_settings, outline, read_settings
from raiden.commands.stopping import STOPPED, Progress, until_stopped
from raiden.core.errors import ConfigError, require_at_least
from raiden.core.terminal import new_table, open_console, percent
from raiden.core.types import Language, Sample
from raiden.data.samples import load_samples
from raiden.datagen.run_state import RunState, beside
from raiden.endpoints import Identity, RecordedEndpoint, ReplySampling
from raiden.evaluation.asking import evaluate
from raiden.evaluation.results import Evaluation, write_evaluation
from raiden.evaluation.statistics import MIN_CHARACTERS
from raiden.evaluation.summary import TITLES, estimates, pass_shares, title
from raiden.rewards import RewardConfig

_DESCRIPTION = """Ask a model the questions of a file of samples and score its replies, with the trainer's own prompts
and reward. The same command goes on where it was stopped. With --config in place of a model, the trainer validates:
see `raiden validate --config configs/quickstart.yaml --help`."""
_EPILOG = """Exit code: 0; 1 where requests kept failing (they are counted and told, and the same command tries them
again); 2 where an option or the file must change; 130 where the run was stopped."""


@dataclass(frozen=True)
class ValidateOptions:
    """What is asked, and where the scores go."""

    eval_data: str
    """samples, a JSON list or JSONL"""
    output_file: Path
    """the report as JSON: figures and each scored reply"""
    samples_per_question: int = 1
    """replies drawn to each"""
    temperature: float = ReplySampling.temperature
    """of the draws; 0 is greedy"""
    max_tokens: int = ReplySampling.max_tokens
    """longest reply, in tokens"""
    seed: int = ReplySampling.seed
    """of the draws"""
    rewards: str | None = None
    """weights, limits and rewards of your own: a run's configuration, or its `rewards` alone, in YAML (default: as the
    run of a checkpoint has it)"""
    limit: int | None = None
    """take the first so many samples only"""
    language: tuple[Language, ...] = ()
    """take samples in these languages only"""


def main(argv: Sequence[str]) -> int:
    """Evaluates a model and writes what it said."""
    parser = OptionParser("validate", _DESCRIPTION, _EPILOG, (ValidateOptions, PromptOptions))
    add_model_options(parser)
    arguments = parser.parse_args(argv)
    options, model = take(ValidateOptions, arguments), read_model_options(arguments)
    settings = read_settings(take(PromptOptions, arguments), model, options.rewards)
    rewards = rewards_of(model, settings.response_format, options.rewards)
    if is_checkpoint(model) and options.rewards is None:
        figures = ", ".join(f"{name} {value}" for name, value in asdict(rewards).items())
        print(f"prompts and reward as the checkpoint's run had them: {figures}", flush=True)
    print(f"prompts: {describe_settings(settings)}", flush=True)
    _check(options)
    sampling = ReplySampling(options.temperature, options.max_tokens, options.seed, settings)
    samples = _samples(options)
    try:
        return asyncio.run(_validate(model, sampling, rewards, samples, options))
    except KeyboardInterrupt:  # while a model was loaded
        return STOPPED
    except OSError as fault:
        place = fault.filename or options.output_file
        raise ConfigError(f"{place}: cannot be written ({fault.strerror}); make room or give another path.") from fault


def _check(options: ValidateOptions) -> None:
    require_at_least("samples_per_question", options.samples_per_question, 1, "reply")
    if not 0 <= options.seed < 2**31:
        raise ConfigError(f"`seed` must be 0 to 2**31 - 1, got {options.seed}.")
    if options.samples_per_question > 1 and options.temperature == 0:
        raise ConfigError(
            f"`temperature` is 0, and {options.samples_per_question} greedy replies to a question would all be the "
            "same; give a `temperature` above 0, or one `samples_per_question`."
        )


def _samples(options: ValidateOptions) -> list[Sample]:
    require_at_least("limit", options.limit, 1, "sample")
    samples = load_samples(options.eval_data)
    kept = [sample for sample in samples if not options.language or sample.language in options.language]
    if not kept:
        raise ConfigError(
            f"`language`: none of the {len(samples)} samples of {options.eval_data} is in "
            f"{', '.join(options.language)}; add a language or drop the option."
        )
    return kept[: options.limit]


async def _validate(
    model: ModelOptions,
    sampling: ReplySampling,
    rewards: RewardConfig,
    samples: Sequence[Sample],
    options: ValidateOptions,
) -> int:
    output, num_replies = options.output_file, options.samples_per_question
    done: list[Evaluation] = []
    async with AsyncExitStack() as stack:
        state = RunState(output)
        stack.push_async_callback(state.close)
        endpoint = open_model(model, stack, beside(output, "record"), sampling.settings)
        identity = await endpoint.identity()
        await state.begin(_fingerprint(identity, sampling, num_replies, samples), ("samples_per_question",), ())
        progress = Progress(len(samples) * num_replies, "replies")
        print(f"{identity.model}: {len(samples)} questions, {progress.total} replies", flush=True)

        async def work() -> None:
            done.append(await evaluate(endpoint, samples, sampling, num_replies, rewards, progress.advance))

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


def _fingerprint(
    identity: Identity, sampling: ReplySampling, samples_per_question: int, samples: Sequence[Sample]
) -> dict[str, Any]:
    """What an output file is made of; with another one it is another evaluation."""
    ids = " ".join(sample.id for sample in samples)
    return {
        "model": identity.model,
        "the model's files and dtype": identity.weights,
        "enable_thinking": identity.thinking,
        "samples of eval_data": f"{len(samples)} ({blake2b(ids.encode(), digest_size=4).hexdigest()})",
        "samples_per_question": samples_per_question,
        "temperature": sampling.temperature,
        "max_tokens": sampling.max_tokens,
        "seed": sampling.seed,
        **outline(sampling.settings),
    }


def print_summary(evaluation: Evaluation) -> None:
    """Prints the table of an evaluation."""
    console = open_console()
    table = new_table(
        "replies that are right", ">share", ">95 % interval", ">characters", ">replies", title=evaluation.model
    )
    found = estimates(evaluation.rows)
    for name, value in found.items():
        interval = f"{100 * value.low:.1f} to {100 * value.high:.1f}" + ("" if value.is_trusted else " ?")
        table.add_row(title(name), percent(value.mean), interval, str(value.num_characters), str(value.num_samples))
    if "reward" in evaluation.metrics:
        table.add_row(TITLES["reward"], f"{evaluation.metrics['reward']:.3f}", "", "", str(len(evaluation.rows)))
    console.print(table)
    shares = pass_shares(evaluation.rows)
    if shares:
        console.print("  ".join(f"pass@{k} {percent(share)}" for k, share in shares.items()))
    if any(not value.is_trusted for value in found.values()):
        console.print(f"?: fewer than {MIN_CHARACTERS} characters; the interval is not to be trusted")
