"""What a run has to do: its steps, its tokens, and the passes of its first epoch."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from raiden.core.errors import ConfigError
from raiden.core.processes import Processes
from raiden.core.types import Message, Prompt
from raiden.packing import Layout, pack
from raiden.packing.batching import Group, Packing, packed_rows, row_batches
from raiden.planning.characters import Characters
from raiden.planning.engine import Wave
from raiden.planning.shape import Pass
from raiden.policy import load_tokenizer
from raiden.train.datamodule import RoleplayDataModule
from raiden.train.grpo import UpdateConfig
from raiden.train.sft import SFTUpdateConfig
from raiden.train.sft.targets import target_text, target_token_ids


@dataclass(frozen=True)
class Limits:
    """How long the trainer goes on."""

    max_epochs: int | None
    max_steps: int
    """Rollouts; -1 for no limit."""
    limit_train_batches: int | float | None
    """Rollouts of an epoch (int) or a share of them (float)."""


@dataclass(frozen=True)
class Demand:
    """What a way of training makes of its prompts."""

    completions: Callable[[Prompt], Sequence[int]]
    """Of a prompt, those that are trained on: the length of each, at most, in tokens."""
    micro_batch_tokens: int
    mini_batches: Callable[[int], list[range]]
    """Of so many prompts, those behind each optimizer step of one iteration."""
    num_iterations: int = 1
    num_sampled: int = 0
    """Tokens that are sampled for a prompt, at most."""


def grpo_demand(update: UpdateConfig, num_generations: int, max_tokens: int, num_groups: int = 1) -> Demand:
    """
    Args:
        max_tokens: how long each completion is taken to be.
        num_groups: that a step samples for a prompt, at most.
    """
    return Demand(
        lambda prompt: [max_tokens] * num_generations,
        update.micro_batch_tokens,
        update.mini_batches,
        update.num_iterations,
        num_groups * num_generations * max_tokens,
    )


def sft_demand(update: SFTUpdateConfig, data: RoleplayDataModule) -> Demand:
    """Targets as long as they are, or as their characters say."""
    characters = Characters()

    def length(prompt: Prompt) -> list[int]:
        text = target_text(prompt.sample, data.settings.response_format)
        if data.chat is None:
            return [len(characters([[Message("assistant", text)]])[0])]
        return [len(target_token_ids(data.chat, text, end=0))]

    return Demand(length, update.micro_batch_tokens, lambda num: [range(num)])


@dataclass(frozen=True)
class Workload:
    """A run as its data and options make it. Completions are taken as long as they may become."""

    tokens_are_estimated: bool
    """Counted in characters, because no tokenizer could be had."""
    num_prompts: int
    """That are trained on in an epoch, those of the limit only."""
    steps_per_epoch: int
    """Rollouts."""
    steps: int
    """Of the whole run."""
    updates_per_epoch: int
    """Optimizer steps."""
    prompt_tokens: int
    """Of an epoch's prompts, shared ones counted for each."""
    sampled_tokens: int
    """Of an epoch's completions, at most."""
    update_tokens: int
    """That an epoch's forward and backward passes go through, shared ones counted once a pass; at most."""
    not_shared: float
    """How many times the tokens of passes that share there are in separate rows."""
    passes: tuple[Pass, ...]
    """All different sizes of an epoch's passes, on any process."""
    passes_per_update: int
    """On the busiest process, at most."""
    tokens_per_update: int
    """That the busiest process goes through for an optimizer step, at most."""


def prepare(data: RoleplayDataModule) -> bool:
    """Reads the samples and makes the prompts; returns whether their tokens had to be estimated.

    Raises:
        ConfigError: a tokenizer is there but no prompts can be made with it, so that the run would fail as well.
    """
    try:
        tokenizer = load_tokenizer(data.tokenizer_path, data.chat_template)
    except ConfigError as error:
        if error.__cause__ is None:  # raiden's own finding, not a file or a hub that cannot be reached
            raise
        data.prepare(Characters())
        return True
    data.prepare(data.take_chat(tokenizer).encode)
    return False


def measure(
    data: RoleplayDataModule,
    demand: Demand,
    limits: Limits,
    num_processes: int,
    packing: Packing = Packing.SHARED,
) -> Workload:
    """Goes through the first epoch as the run will, in the packing of its model, but without one."""
    estimated = prepare(data)
    loader = data.train_dataloader()
    steps_per_epoch = _limited(len(loader), limits.limit_train_batches)
    batches = [loader.batch(step) for step in range(steps_per_epoch)]
    num_updates = [len(demand.mini_batches(len(batch))) * demand.num_iterations for batch in batches]
    prompts = [prompt for batch in batches for prompt in batch]
    passes: dict[Pass, int] = {}
    most = most_tokens = shared = rows = 0
    for batch in batches:
        for groups in _updates(batch, demand, num_processes):
            sizes = _sizes(groups, demand.micro_batch_tokens, packing)
            most = max(most, len(sizes))
            most_tokens = max(most_tokens, sum(size.tokens for size in sizes))
            for size in sizes:
                passes[size] = passes.get(size, 0) + demand.num_iterations
            packed = sizes if packing is Packing.SHARED else _sizes(groups, demand.micro_batch_tokens, Packing.SHARED)
            shared += sum(size.tokens for size in packed)
            rows += sum(len(group.prompt) + len(own) for group in groups for own in group.completions)
    prompt_tokens = sum(len(p.token_ids) for p in prompts)
    return Workload(
        tokens_are_estimated=estimated,
        num_prompts=len(prompts),
        steps_per_epoch=steps_per_epoch,
        steps=_steps(limits, steps_per_epoch),
        updates_per_epoch=sum(num_updates),
        prompt_tokens=prompt_tokens,
        sampled_tokens=len(prompts) * demand.num_sampled,
        update_tokens=sum(size.tokens * count for size, count in passes.items()),
        not_shared=round(rows / max(shared, 1), 2),
        passes=tuple(passes),
        passes_per_update=most,
        tokens_per_update=most_tokens,
    )


def _limited(num_batches: int, limit: int | float | None) -> int:
    """Lightning's meaning of `limit_train_batches`."""
    if limit is None:
        return num_batches
    return min(limit, num_batches) if isinstance(limit, int) else int(limit * num_batches)


def _steps(limits: Limits, per_epoch: int) -> int:
    """Rollouts of the run."""
    bounds = []
    if limits.max_epochs is not None and limits.max_epochs >= 0:
        bounds.append(limits.max_epochs * per_epoch)
    if limits.max_steps >= 0:
        bounds.append(limits.max_steps)
    if not bounds:
        raise ConfigError("the run has no end: set `trainer.max_epochs` or `trainer.max_steps`.")
    return min(bounds)


def _updates(batch: Sequence[Prompt], demand: Demand, num_processes: int) -> Iterator[list[Group]]:
    """What each process computes for each optimizer step, its completions sharing nothing."""
    for mini_batch in demand.mini_batches(len(batch)):
        for rank in range(num_processes):
            own = [batch[i] for i in Processes(rank, num_processes).share(mini_batch)]
            lengths = [demand.completions(prompt) for prompt in own]
            yield [
                Group(prompt.token_ids, [(-1 - n,) * length for n, length in enumerate(of_it)], range(len(of_it)))
                for prompt, of_it in zip(own, lengths, strict=True)
            ]


def _sizes(groups: Sequence[Group], max_tokens: int, packing: Packing) -> list[Pass]:
    """The passes that the groups make."""
    if packing is Packing.SHARED:
        return [
            size_of(layout, sum(len(completion) for group in own for completion in group.completions))
            for own, layout in packed_rows(groups, max_tokens)
        ]
    return [
        Pass(len(rows) * len(rows[-1]), sum(len(row.completion) for row in rows), mask=0, copied_keys=0)
        for rows in row_batches(groups, max_tokens, together=packing is Packing.ROWS)
    ]


def size_of(layout: Layout, num_scored: int) -> Pass:
    """What the memory formulas need to know of a pass, which makes the logits of `num_scored` tokens."""
    masks = _masks(layout)
    return Pass(
        tokens=len(layout),
        scored=num_scored,
        mask=sum(tokens * keys for tokens, keys in masks),
        copied_keys=sum(keys for _, keys in masks),
    )


def _masks(layout: Layout) -> list[tuple[int, int]]:
    """Tokens, and keys that they may see, of each run that has others before it."""
    runs = layout.runs()
    return [(len(run), len(run) + sum(len(runs[i]) for i in run.before)) for run in runs if run.before]


def largest_wave(
    data: RoleplayDataModule, num_processes: int, num_generations: int, lengths: tuple[int, int], max_rows: int
) -> tuple[Wave, int]:
    """The largest of the waves in which the transformers engine samples and validates, and the rows of a whole step.

    Args:
        num_generations: 0: training samples nothing.
        lengths: longest completion in training and in validation.
    """
    waves: list[tuple[int, list[Prompt], int, int]] = []
    most = 0
    for loader, rows, length in (
        (data.train_dataloader(), num_generations, lengths[0]),
        (data.val_dataloader(), 1, lengths[1]),
    ):
        for batch in loader if rows else ():
            share = Processes(0, num_processes).share(range(len(batch)))
            most = max(most, len(share) * rows)
            own = [batch[i] for i in share[: max(1, max_rows // rows)]] or batch[:1]
            at_most = sum(len(prompt.token_ids) + rows * length for prompt in own)
            waves.append((at_most, own, rows, length))
    largest: Wave | None = None
    # Packing takes long, and shared prompts only make a wave smaller: the first few decide.
    for at_most, own, rows, length in sorted(waves, key=lambda wave: -wave[0]):
        if largest is not None and at_most <= _tokens(largest):
            break
        wave = _wave(own, rows, length)
        largest = max(largest or wave, wave, key=_tokens)
    assert largest is not None
    return largest, most


def _tokens(wave: Wave) -> int:
    return wave.prompt_tokens + wave.rows * wave.max_tokens


def _wave(prompts: Sequence[Prompt], rows: int, max_tokens: int) -> Wave:
    layout: Layout = pack([prompt.token_ids for prompt in prompts])
    mask = sum(tokens * keys for tokens, keys in _masks(layout))
    return Wave(len(layout), mask, len(prompts) * rows, max_tokens)
