"""The folder that a skipped step leaves, from which it can be computed again on any machine.

step.json             the options, prompts, completions, and what was found; readable
step.safetensors      rewards and log-probabilities, exactly
model/                the weights, config and tokenizer; with LoRA adapters.safetensors in its place
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from torch import Tensor

from raiden.core.errors import ConfigError
from raiden.core.processes import Processes
from raiden.core.records import load_json, read_bytes
from raiden.policy import LoraConfig, Policy, PolicyConfig, export_policy, full_tensor, local_tensor
from raiden.train.run_folder import folder_of

STEP, NUMBERS, MODEL, ADAPTERS = "step.json", "step.safetensors", "model", "adapters.safetensors"


def record_step(
    trainer: Any,
    record: Mapping[str, Any],
    tensors: Mapping[str, Tensor],
    policy: Policy,
    config: PolicyConfig,
    processes: Processes,
) -> str:
    """Writes a folder in the run's own, and says in a sentence how to use it. All processes have to call it.

    Weights that find no room, or are broken, are left out, which is said.
    """
    folder = (folder_of(trainer) or Path(trainer.default_root_dir)) / f"skipped-step-{record['step']:08d}"
    writes = processes.rank == 0
    trained = {name: p for name, p in policy.model.named_parameters() if p.requires_grad}
    size = sum(p.numel() * p.element_size() for p in trained.values())
    try:
        if writes:
            folder.mkdir(parents=True)
        broken = "optimizer" in record  # those before the step are in the run's last checkpoint
        fits = not broken and processes.gather([not writes or size < 0.9 * shutil.disk_usage(folder).free])[0]
        if writes:
            text = json.dumps({**record, "policy": asdict(config)}, ensure_ascii=False, indent=1)
            (folder / STEP).write_text(text, encoding="utf-8")
            save_file({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, folder / NUMBERS)
        if fits and config.lora is None:
            export_policy(policy, folder / MODEL, writes=writes)
        elif fits:
            adapters = {name: full_tensor(p).cpu().contiguous() for name, p in trained.items()}
            if writes:
                save_file(adapters, folder / ADAPTERS)
    except OSError as error:
        return f"The step could not be written to {folder} ({error})."
    run = f"`raiden replay {folder}` computes it again, on any machine"
    if broken:
        return f"{run}; with `--checkpoint`, the run's last one, its completions as well."
    if not fits:
        return (
            f"{run}; the weights ({_mib(size)}) found no room: give the model and the run's last checkpoint yourself."
        )
    if config.lora is not None:
        return f"{run} that has {config.path} ({_mib(size)} of adapters)."
    return f"{run} ({_mib(size)})."


def read_step(folder: Path) -> tuple[dict[str, Any], dict[str, Tensor], PolicyConfig]:
    """What was recorded: readable, exact numbers by name, and the policy's options.

    Raises:
        ConfigError: there is no recorded step.
    """
    try:
        record = load_json(read_bytes(folder / STEP, ConfigError).decode("utf-8"))
        tensors = load_file(folder / NUMBERS)
        policy = dict(record["policy"])
        lora = policy.pop("lora")
        config = PolicyConfig(**policy, lora=LoraConfig(**lora) if lora else None)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"`FOLDER`: {folder} holds no recorded step ({error}); name the folder that a run's last message names."
        ) from error
    return record, tensors, config


def fill_adapters(policy: Policy, folder: Path) -> None:
    """Gives the policy the recorded adapters."""
    parameters = dict(policy.model.named_parameters())
    for name, tensor in load_file(folder / ADAPTERS).items():
        local_tensor(parameters[name]).copy_(tensor)


def _mib(size: int) -> str:
    return f"{size / 2**20:.1f} MiB"
