"""A recorded step, computed again completion by completion: what each gives, and where the first fault comes from."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from raiden.core.errors import ConfigError
from raiden.packing import Group, Passes
from raiden.policy import BrokenWeight, Policy, load_policy, restore_weights
from raiden.policy.loading import best_device
from raiden.policy.weights import plain_name
from raiden.train.grpo import restore_update
from raiden.train.recording import ADAPTERS, MODEL, fill_adapters, read_step
from raiden.train.sft.cross_entropy import CrossEntropy


@dataclass(frozen=True)
class Replayed:
    """What one completion gives."""

    row: int
    question: str
    text: str
    num_tokens: int
    reward: float | None
    advantage: float | None
    loss: float
    """Its part in the loss of the step."""
    grad_norm: float
    """Of its part in the gradient, before clipping."""
    first: str | None
    """The first module whose output, or weight whose gradient, is not finite."""

    @property
    def is_finite(self) -> bool:
        return self.first is None and math.isfinite(self.loss) and math.isfinite(self.grad_norm)


def broken_by_optimizer(folder: Path) -> BrokenWeight | None:
    """The weight that the optimizer broke in a recorded step, and what it was given; None: it broke none.

    Raises:
        ConfigError: the folder holds no step.
    """
    record, _, _ = read_step(folder)
    kept = record.get("optimizer")
    return None if kept is None else BrokenWeight(**kept)


def replay(folder: Path, model_path: str | None, checkpoint: Path | None) -> tuple[str, Iterator[Replayed], Any]:
    """What was found when the step was skipped, each of its completions, and what computes them.

    The last one's `nonfinite` is the first value that is not finite, once all completions are through.

    Args:
        model_path: the model, where the folder does not hold it.
        checkpoint: weights that are read in its place, where the folder does not hold them.

    Raises:
        ConfigError: the folder holds no step, or the model is not where it was.
    """
    record, tensors, config = read_step(folder)
    own = folder / MODEL
    path = model_path or (str(own) if own.is_dir() else config.path)
    here = "auto" if config.attention == "flex" and not torch.cuda.is_available() else config.attention
    policy = load_policy(replace(config, path=path, attention=here), with_reference=False)
    if (folder / ADAPTERS).exists():
        fill_adapters(policy, folder)
    elif checkpoint is not None:
        restore_weights(policy, checkpoint)
    elif not own.is_dir() and model_path is None:
        raise ConfigError(
            f"`FOLDER`: {folder} holds no weights; give the run's last checkpoint before step {record['step']} by "
            "--checkpoint, or a model by --model_path."
        )
    device = best_device()
    policy.model.to(device)
    if record["kind"] == "sft":
        groups = [Group(g["prompt"], [g["token_ids"]], [row]) for row, g in enumerate(record["groups"])]
        work: Any = CrossEntropy(Passes(groups, 1, device, packing=policy.packing))
        rows, losses = list(range(len(groups))), work.losses(policy.model)
    else:
        work = restore_update(record, tensors, device, policy.packing)
        rows, losses = work.rows(work.mini_batch), work.losses(policy.model, work.mini_batch)
    return str(record["found"]), _completions(policy, work, rows, losses, record), work


def _completions(
    policy: Policy, work: Any, rows: list[int], losses: Iterator[Tensor], record: Mapping[str, Any]
) -> Iterator[Replayed]:
    told = list(_told(record))
    for row in rows:
        with _watched(policy.model) as first:
            loss = next(losses)
            loss.backward()
        gradients = [p.grad for p in policy.model.parameters() if p.grad is not None]
        norm = torch.nn.utils.get_total_norm(gradients).item()
        policy.model.zero_grad()
        question, text, num_tokens = told[row]
        scored = record["kind"] == "grpo"
        reward = (
            work.rollouts[row // work.num_generations].rewards[row % work.num_generations].total if scored else None
        )
        advantage = work.batch.advantages[row].item() if scored else None
        yield Replayed(row, question, text, num_tokens, reward, advantage, loss.item(), norm, next(iter(first), None))


def _told(record: Mapping[str, Any]) -> Iterator[tuple[str, str, int]]:
    """Question, text and number of tokens of each completion."""
    for group in record["groups"]:
        if record["kind"] == "sft":
            yield group["question"], group["text"], len(group["token_ids"])
        else:
            for completion in group["completions"]:
                yield group["sample"]["question"], completion["text"], len(completion["token_ids"])


@contextmanager
def _watched(model: Any) -> Iterator[list[str]]:
    """Names what is not finite, in the order in which it is computed: outputs of modules, then gradients."""
    found: list[str] = []

    def look(what: str, values: Any) -> None:
        tensors = values if isinstance(values, tuple | list) else [values]
        if any(isinstance(t, Tensor) and t.is_floating_point() and not t.isfinite().all() for t in tensors):
            found.append(what)

    hooks: list[Any] = []
    for name, module in model.named_modules():
        output = f"the output of {plain_name(name) or 'the model'}"
        hooks.append(module.register_forward_hook(lambda _m, _i, out, what=output: look(what, out)))
    for name, parameter in model.named_parameters():
        gradient = f"the gradient of {plain_name(name)}"
        if parameter.requires_grad:
            hooks.append(parameter.register_post_accumulate_grad_hook(lambda p, what=gradient: look(what, p.grad)))
    try:
        yield found
    finally:
        for hook in hooks:
            hook.remove()
