"""`raiden plan --config FILE`: what a run will do, and whether it fits, before anything is loaded."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import psutil
import torch
from jsonargparse import Namespace
from lightning.pytorch.cli import LightningArgumentParser
from rich.table import Table

from raiden.commands.cli import RaidenCLI, open_cli
from raiden.core.errors import ConfigError
from raiden.core.terminal import new_table, of_figures, open_console
from raiden.data.chat_template import ChatTemplate
from raiden.planning import GIB, WIDTHS, Limits, Plan, Processes, make_plan
from raiden.planning.duration import GPU_RATE, epoch_seconds, measured_rate
from raiden.policy import PolicyConfig
from raiden.train.disk_need import DiskNeed, disk_need
from raiden.train.grpo.module import GRPOModule
from raiden.train.module import PolicyModule
from raiden.train.progress import format_duration
from raiden.train.sft import SFTModule

_GPU_MEMORY = 80 * GIB
"""Of an A100 or H100, where nothing is said."""
_DESCRIPTION = """Say what `raiden fit` with the same options (`raiden plan sft ...`: what `raiden sft`) will do and
how much memory each process will need, from the model's config and the samples alone; and how large passes, waves of
sampling and completions may become. Exit code: 0 where it fits, 1 where it does not, 2 for bad options."""


class PlanCLI(RaidenCLI):
    """The options of `raiden fit`, and those of the plan; nothing is loaded or started."""

    draws = False  # the one random order of a plan, that of the prompts, has a seed of its own
    plan: Plan
    disk: DiskNeed
    seconds: float
    """Of an epoch, roughly."""

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        super().add_arguments_to_parser(parser)
        parser.add_argument(
            "--gpu_memory",
            type=float | None,
            default=None,
            help="Memory that a process may take, in GiB: that of a GPU (null: 80), or with `--trainer.accelerator "
            "cpu` a share of the machine's (null: what is free here now, shared by the run's processes).",
        )
        parser.add_argument("--json", action="store_true", help="Print the plan as JSON.")
        parser.add_argument(
            "--model_config",
            type=str | None,
            default=None,
            help="A config.json in place of the model's own, where that cannot be had.",
        )
        parser.add_argument(
            "--ckpt_path", type=str | None, default=None, help="Changes nothing: going on needs what starting needs."
        )

    def before_instantiate_classes(self) -> None:
        self._refuse_unusable(self.config)
        self._settle_limits(self.config.trainer)
        if self.config.gpu_memory is not None and self.config.gpu_memory <= 0:
            raise ConfigError(f"`gpu_memory` must be above 0 GiB, got {self.config.gpu_memory}.")

    def instantiate_trainer(self, **kwargs: Any) -> Any:
        """None: it would look for the GPUs of the run."""

    def after_instantiate_classes(self) -> None:
        trainer = self.config.trainer
        processes = _processes(trainer)
        self.plan = make_plan(
            self.model,
            self.datamodule,
            Limits(trainer.max_epochs, trainer.max_steps, trainer.limit_train_batches),
            processes,
            _budget(self.config.gpu_memory, processes),
            self.config.model_config,
        )
        rate = GPU_RATE if processes.on_gpu else measured_rate() / processes.num
        policy = self.model.policy_config
        self.seconds = epoch_seconds(self.plan, rate, self.model.needs_reference, policy.gradient_checkpointing)
        checkpoint, export = self.config.checkpoint, self.config.export
        self.disk = _disk(
            self.plan,
            self.model.policy_config,
            checkpoint.keep,
            checkpoint.every_n_steps,
            export.enabled,
            export.dtype,
        )


def main(argv: Sequence[str]) -> int:
    """Plans a run and prints the plan.

    Returns:
        The exit code: 0 where the run fits, also tightly; 1 where it does not.
    """
    kinds: dict[str, type[PolicyModule]] = {"fit": GRPOModule, "sft": SFTModule}
    module: type[PolicyModule] = GRPOModule
    if argv and argv[0] in kinds:
        module, argv = kinds[argv[0]], argv[1:]
    cli: Any = open_cli(PlanCLI, argv, "raiden plan", _DESCRIPTION, run=False, module=module)
    if cli.config.json:
        disk = {"disk": {**asdict(cli.disk), "total": cli.disk.total}}
        time = {"epoch_seconds": round(cli.seconds, 1)}
        chat = cli.datamodule.chat
        traits = {"chat_template": {**asdict(chat.traits), "chosen": chat.switch}} if chat else {}
        sys.stdout.write(json.dumps(as_json(cli.plan) | time | disk | traits, ensure_ascii=False, indent=2) + "\n")
    else:
        _print(cli.plan, cli.disk, cli.seconds, cli.datamodule.chat)
    return int(cli.plan.verdict == "does not fit")


def _processes(trainer: Namespace) -> Processes:
    """Those that the trainer would start. `auto` is taken to mean GPUs: a plan is for the machine of the run."""
    on_gpu = trainer.accelerator != "cpu"
    num = _num_devices(trainer.devices, on_gpu) * trainer.num_nodes
    strategy: Any = trainer.strategy
    name = strategy if isinstance(strategy, str) else strategy.class_path.rpartition(".")[2]
    if name in ("fsdp2", "FSDP2Strategy"):
        replicas = 1 if isinstance(strategy, str) else strategy.init_args.replicas
        if num % replicas:
            raise ConfigError(f"`trainer.strategy.replicas` must divide the run's {num} processes, got {replicas}.")
        return Processes(num, on_gpu, num // replicas)
    if num > 1:
        raise ConfigError(f"`trainer.strategy`: {num} processes need `fsdp2`, got {name}.")
    return Processes(num, on_gpu, None)


def _budget(gpu_memory: float | None, processes: Processes) -> int:
    """Bytes that a process may take."""
    if gpu_memory is not None:
        return int(gpu_memory * GIB)
    return _GPU_MEMORY if processes.on_gpu else psutil.virtual_memory().available // processes.num


def _num_devices(devices: Any, on_gpu: bool) -> int:
    """Lightning's meanings: a number, a list of indices, both also as text, and auto or -1 for all of the machine."""
    if isinstance(devices, str) and devices != "auto":
        devices = [index for index in devices.split(",") if index] if "," in devices else int(devices)
    if devices in ("auto", -1):
        devices = torch.cuda.device_count() if on_gpu else 1
        if not devices:
            raise ConfigError("`trainer.devices` is left to the machine, and this one has no GPU; give their number.")
    return devices if isinstance(devices, int) else len(devices)


def _disk(
    plan: Plan, policy: PolicyConfig, keep: int, every_n_steps: int, exports: bool, export_dtype: str | None
) -> DiskNeed:
    width = WIDTHS[policy.dtype]
    lora = policy.lora is not None
    trained = plan.num_trained * (WIDTHS["float32"] if lora else width)  # PEFT's adapters
    exported = plan.num_parameters - (plan.num_trained if lora else 0)
    return disk_need(
        trained=trained,
        stored=trained if lora else plan.num_parameters * width,
        export=exported * WIDTHS[export_dtype or policy.dtype] if exports else 0,
        keep=keep,
        every_n_steps=every_n_steps,
        num_steps=plan.workload.steps,
    )


def as_json(plan: Plan) -> dict[str, Any]:
    """The plan for machines: bytes and counts."""
    moment, peak = plan.peak
    work = asdict(plan.workload)
    del work["passes"]
    return {
        "model": {
            "source": plan.model,
            "parameters": plan.num_parameters,
            "trained": plan.num_trained,
            **(asdict(plan.shape) if plan.shape else {}),
            "passes": plan.sharing.packing.value,
            "not_shared_because": plan.sharing.reason,
        },
        "processes": asdict(plan.processes),
        "workload": {**work, "largest_pass": asdict(max(plan.workload.passes, key=lambda size: size.tokens))},
        "memory": plan.memory,
        "peak": {"moment": moment, "bytes": peak, "largest_item": plan.largest_item},
        "largest_that_fit": asdict(plan.headroom) if plan.headroom else None,
        "engine_cached_tokens": plan.cached_tokens,
        "budget": plan.budget,
        "verdict": plan.verdict,
        "advice": plan.advice,
    }


def _print(plan: Plan, disk: DiskNeed, seconds: float, chat: ChatTemplate | None) -> None:
    console = open_console(wraps=False)
    work, processes = plan.workload, plan.processes
    console.print(f"{plan.model}: {plan.num_parameters:,} parameters, {plan.num_trained:,} trained")
    kind = "GPU" if processes.on_gpu else "CPU process"
    place = f"1 {kind}" if processes.num == 1 else f"{processes.num} {kind}{'s' if processes.on_gpu else 'es'}"
    console.print(place + (f"; the policy in {processes.shards} shards" if processes.shards else ""))
    console.print(
        f"run: {work.steps:,} steps; epoch: {work.num_prompts:,} prompts, {work.steps_per_epoch:,} steps, "
        f"{work.updates_per_epoch:,} optimizer updates"
    )
    console.print(
        f"tokens of an epoch: prompts {work.prompt_tokens:,}; sampled at most {work.sampled_tokens:,}; through the "
        f"update at most {work.update_tokens:,}"
    )
    at = f"an assumed {GPU_RATE / 1e12:.0f} TFLOP/s a GPU" if processes.on_gpu else "this machine's rate just now"
    console.print(
        f"time of an epoch, roughly: {format_duration(seconds)}, at {at}, completions as long as they may be"
    )
    if plan.sharing.reason:
        console.print(f"rows: not shared, about {work.not_shared:g} times the tokens: {plan.sharing.reason}")
    else:
        console.print(f"shared: separate rows would be {work.not_shared:g} times the tokens")
    if work.tokens_are_estimated:
        console.print("(tokens are estimated from characters: the model's tokenizer cannot be had)")
    if chat is not None:
        console.print(chat.describe())
    if plan.memory:
        console.print(_table(plan))
    if plan.cached_tokens is not None:
        console.print(
            f"engine: room for {plan.cached_tokens:,} tokens; a prompt with its completion: {plan.max_length:,}"
        )
    if plan.headroom:
        largest, sampling = plan.headroom, "sampling" if work.sampled_tokens > 0 else "val_sampling"
        console.print(
            f"largest that fit, each alone: `model.update.micro_batch_tokens` {largest.micro_batch_tokens:,}; "
            f"completions sampled side by side (`max_rows`) {largest.rows:,}; `model.{sampling}.max_tokens` "
            f"{largest.max_tokens:,}"
        )
    console.print(f"disk: {disk}")
    moment, peak = plan.peak
    shares = f"{peak / GIB:.1f} of {plan.budget / GIB:.3g} GiB ({peak / plan.budget:.0%})"
    if plan.memory:
        console.print(f"{plan.verdict}: {shares}, highest in the column {moment}")
    if plan.advice:
        console.print(plan.advice)


def _table(plan: Plan) -> Table:
    table = new_table("", *of_figures(plan.memory), title="memory of a process, GiB")
    for item in dict.fromkeys(item for moment in plan.memory.values() for item in moment):
        table.add_row(item, *(_gib(moment.get(item)) for moment in plan.memory.values()))
    table.add_section()
    table.add_row("together", *(_gib(sum(moment.values())) for moment in plan.memory.values()))
    return table


def _gib(size: int | None) -> str:
    return "" if size is None else f"{size / GIB:.2f}"
