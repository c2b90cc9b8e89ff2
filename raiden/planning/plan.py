"""A run's plan: its model, its work, the memory of each process, and whether that fits."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from raiden.core.errors import ConfigError
from raiden.planning.engine import Wave, cached_tokens, engine_moments
from raiden.planning.headroom import Headroom, find_headroom
from raiden.planning.memory import Moment, Training, always, largest_moment
from raiden.planning.model import NORMS, read_config, read_model
from raiden.planning.shape import Pass, Precision, Shape
from raiden.planning.workload import Demand, Limits, Workload, grpo_demand, largest_wave, measure, sft_demand
from raiden.policy import PolicyConfig
from raiden.policy.sharing import Sharing, sharing_of
from raiden.rollout.engines import TransformersEngine
from raiden.train.datamodule import RoleplayDataModule
from raiden.train.grpo.module import GRPOModule
from raiden.train.module import PolicyModule
from raiden.train.sft import SFTModule

GIB = 2**30
Verdict = Literal["fits", "tight", "does not fit", "not known"]
_TIGHT = 0.9
"""Share of the memory above which fragmentation may make a run fail that fits on paper."""
_PROCESS = {True: 2 * GIB, False: 600 * 2**20}
"""What a process takes before raiden does: on a GPU the CUDA context, NCCL's buffers and captured graphs (usual
figures, not measured here); on a CPU Python and its libraries (measured)."""
WIDTHS = {"float32": 4, "bfloat16": 2}
"""Bytes of a number."""
_REMEDIES = {
    "weights": "more `trainer.devices` with `trainer.strategy` fsdp2, or `model.policy.lora` with `quantization`",
    "gradients": "more `trainer.devices` with `trainer.strategy` fsdp2, or `model.policy.lora`",
    "optimizer states": "more `trainer.devices` with `trainer.strategy` fsdp2, or `model.policy.lora`",
    "reference cache": "`model.update.reference_cache_gib` lower",
    "reference": "`model.objective.beta` 0, which needs none, or `model.policy.lora`, which has one for nothing",
    "activations": "`model.policy.gradient_checkpointing` true, or fewer `model.update.micro_batch_tokens`",
    "layer backward": "fewer `model.update.micro_batch_tokens`",
    "logits": "fewer `model.update.micro_batch_tokens`",
    "dequantised weight": "a smaller model",
    "compute-type weights": "`model.policy.dtype` bfloat16 with `model.policy.lora`, or a smaller model",
    "embedding backward": "`model.policy.lora`, or a smaller model",
    "engine: weights": "`model.engine.dtype` bfloat16, or a smaller model",
    "engine: cache": "less for the engine (`gpu_memory_utilization`, `cpu_cache_gib`; or `max_rows`)",
    "engine: passes": "fewer rows (`model.engine.max_rows`) or prompts (`data.val_batch_size`)",
}


@dataclass(frozen=True)
class Processes:
    """Where the run runs."""

    num: int
    """Of all nodes."""
    on_gpu: bool
    shards: int | None
    """Processes that share one copy of the policy under FSDP2; None without it."""


@dataclass(frozen=True)
class Plan:
    """What `raiden plan` reports."""

    model: str
    shape: Shape | None
    """Of its layers; None: formulas of their memory were not derived."""
    sharing: Sharing
    num_parameters: int
    num_trained: int
    processes: Processes
    workload: Workload
    memory: dict[str, Moment]
    """Bytes of one process: for each moment its items."""
    budget: int
    """Bytes that a process may take."""
    cached_tokens: int | None
    """How many tokens the keys and values of a vLLM engine have room for; None: another engine."""
    max_length: int
    """Longest prompt with its completion, in tokens."""
    headroom: Headroom | None = None
    """How large its options may become; None: the memory is not known."""

    @property
    def peak(self) -> tuple[str, int]:
        """The highest moment, and its bytes."""
        sums = {name: sum(moment.values()) for name, moment in self.memory.items()}
        name = max(sums, key=sums.__getitem__, default="")
        if not name:
            return name, 0
        return name, sums[name]

    @property
    def largest_item(self) -> str:
        """Of the highest moment."""
        moment = self.memory.get(self.peak[0], {})
        return max(moment, key=moment.__getitem__, default="")

    @property
    def verdict(self) -> Verdict:
        if not self.memory:
            return "not known"
        if self.peak[1] > self.budget or not self.engine_has_room:
            return "does not fit"
        return "tight" if self.peak[1] > _TIGHT * self.budget else "fits"

    @property
    def engine_has_room(self) -> bool:
        """Whether vLLM can keep at least one sequence of the longest kind."""
        return self.cached_tokens is None or self.cached_tokens >= self.max_length

    @property
    def advice(self) -> str | None:
        """What to change where it is tight or does not fit."""
        if not self.engine_has_room:
            return (
                f"the engine has room for {self.cached_tokens} tokens, one completion with its prompt may have "
                f"{self.max_length}: raise `model.engine.gpu_memory_utilization` (`cpu_cache_gib` without a GPU)"
            )
        if self.verdict == "not known":
            return f"the memory of its layers is not known, but only of {', '.join(NORMS)}; it can be trained"
        if self.verdict == "fits":
            return None
        item = self.largest_item
        remedy = _REMEDIES.get(item, "a smaller model")
        return f"the largest item is {item} ({self.memory[self.peak[0]][item] / GIB:.1f} GiB): try {remedy}"


def make_plan(
    module: PolicyModule,
    data: RoleplayDataModule,
    limits: Limits,
    processes: Processes,
    budget: int,
    config_file: str | None = None,
) -> Plan:
    """Everything from the options of a run; no weights, no GPU and no trainer are needed.

    Args:
        budget: bytes that a process may take; on GPUs the size of one.
        config_file: a `config.json` in place of that of `model.policy.path`.

    Raises:
        ConfigError: an option cannot work, or the model's config cannot be had.
    """
    policy = module.policy_config
    if processes.shards is not None:
        policy.refuse_shards()
    config = read_config(policy, config_file)
    sharing = sharing_of(config)
    shape, parameters, adapters = read_model(policy, config_file)
    demand = _demand(module, data)
    work = measure(data, demand, limits, processes.num, sharing.packing)
    if not work.passes:
        raise ConfigError("the run has no step: `trainer.limit_train_batches` leaves none.")
    planned = partial(
        Plan,
        model=config_file or policy.path,
        shape=shape,
        sharing=sharing,
        num_parameters=parameters.total,
        num_trained=parameters.trained,
        processes=processes,
        workload=work,
        budget=budget,
        max_length=data.max_prompt_tokens + module.max_tokens,
    )
    if shape is None:
        return planned(memory={}, cached_tokens=None)
    training = Training(
        shape=shape,
        parameters=parameters,
        precision=_precision(policy, processes),
        adapters=adapters,
        checkpointing=policy.gradient_checkpointing,
        shards=processes.shards,
        with_reference=module.needs_reference and adapters is None,
        reference_cache=_reference_cache(module),
        on_gpu=processes.on_gpu,
        adds_up=work.passes_per_update > 1,
    )
    passes = [_by_attention(size, shape, policy, processes.on_gpu) for size in work.passes]
    wave, most_rows = _wave(module, data, processes)
    plan = planned(
        memory=_memory(training, module.engine, wave, passes, budget),
        cached_tokens=cached_tokens(training, module.engine, budget),
    )
    longest = max(len(p.token_ids) for p in data.train_dataloader().prompts)
    context = int(config.max_position_embeddings)
    most = Headroom(work.tokens_per_update, most_rows, max(1, context - longest))

    def fits(passes: Sequence[Pass], wave: Wave) -> bool:
        memory = _memory(training, module.engine, wave, passes, budget)
        changed = replace(plan, memory=memory, max_length=longest + wave.max_tokens)
        return changed.verdict == "fits" and _seats(changed, wave.rows)

    trains_on_samples = demand.num_sampled > 0
    found = find_headroom(fits, passes, wave, demand.micro_batch_tokens, most, longest, trains_on_samples)
    return replace(plan, headroom=found)


def _seats(plan: Plan, rows: int) -> bool:
    """Whether vLLM's keys and values have room for so many of the longest kind side by side; others make room."""
    return plan.cached_tokens is None or rows * plan.max_length <= plan.cached_tokens


def _demand(module: PolicyModule, data: RoleplayDataModule) -> Demand:
    if isinstance(module, GRPOModule):
        num_groups = 1 + module.max_resamples
        return grpo_demand(module.update, module.num_generations, module.sampling.max_tokens, num_groups)
    assert isinstance(module, SFTModule)
    return sft_demand(module.update, data)


def _reference_cache(module: PolicyModule) -> int:
    return module.reference_cache.max_bytes if isinstance(module, GRPOModule) and module.reference_cache else 0


def _by_attention(size: Pass, shape: Shape, policy: PolicyConfig, on_gpu: bool) -> Pass:
    """Flex attention needs no masks and gathers no keys, but has them once a query head where these are no power of 2.

    As transformers does it; on CPUs nothing of this is counted.
    """
    if not on_gpu or policy.attention == "sdpa":
        return size
    repeated = size.tokens * (shape.heads // shape.kv_heads) if shape.heads & (shape.heads - 1) else 0
    return replace(size, mask=0, copied_keys=repeated)


def _precision(policy: PolicyConfig, processes: Processes) -> Precision:
    weights = WIDTHS[policy.dtype]
    compute = WIDTHS[policy.compute_dtype] if policy.compute_dtype else weights
    return Precision(weights, compute, autocast=compute != weights and processes.shards is None)


def _wave(module: PolicyModule, data: RoleplayDataModule, processes: Processes) -> tuple[Wave, int]:
    max_rows = module.engine.max_rows if isinstance(module.engine, TransformersEngine) else 1
    num_generations, max_tokens = 0, 0
    if isinstance(module, GRPOModule):
        num_generations, max_tokens = module.num_generations, module.sampling.max_tokens
    return largest_wave(data, processes.num, num_generations, (max_tokens, module.val_sampling.max_tokens), max_rows)


def _memory(training: Training, engine: object, wave: Wave, passes: Sequence[Pass], budget: int) -> dict[str, Moment]:
    """All moments of a step, with what the process takes before it does anything."""
    process = {"the process": _PROCESS[training.on_gpu]}
    sampling, learning = engine_moments(training, engine, wave, budget)
    moments = largest_moment(training, passes)
    return {
        "sampling": _present({**process, **always(training), **sampling}),
        **{name: _present({**process, **moment, **learning}) for name, moment in moments.items()},
    }


def _present(moment: Moment) -> Moment:
    return {name: size for name, size in moment.items() if size}
