"""An update as plain data, from which it can be computed again elsewhere."""

import math
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import torch
from torch import Tensor

from raiden.core.types import Completion, Prompt, Reward, Rollout
from raiden.data.samples import parse_sample
from raiden.packing import Packing
from raiden.train.grpo.correction import SamplingCorrection
from raiden.train.grpo.objective import ObjectiveConfig
from raiden.train.grpo.update import RolloutUpdate, UpdateConfig


def record_update(update: RolloutUpdate) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """What the update is made of: readable, and exact numbers by name. All processes have to ask together."""
    groups = [
        {
            "sample": dict(rollout.prompt.sample.raw),
            "prompt": rollout.prompt.token_ids,
            "completions": [
                {
                    "token_ids": c.token_ids, "text": c.text, "finish_reason": c.finish_reason, "reason": reward.reason
                }
                for c, reward in zip(rollout.completions, rollout.rewards, strict=True)
            ],
        }
        for rollout in update.rollouts
    ]  # fmt: skip
    record = {
        "objective": asdict(update.objective),
        "update": asdict(update.config),
        "max_tokens": update.max_tokens,
        "temperature": update.temperature,
        "part": [update.mini_batch.start, update.mini_batch.stop],
        "groups": groups,
    }
    rewards = [reward.total for rollout in update.rollouts for reward in rollout.rewards]
    scores = [math.nan if reward is None else reward for reward in rewards]
    tensors = {"rewards": torch.tensor(scores, dtype=torch.float64), "scored": update.batch.scored}
    for name, by_row in {"sampling": update.batch.split(update.batch.sampling_logps), **update.kept_logps()}.items():
        tensors |= {f"{name}_logps.{row}": logps for row, logps in by_row.items()}
    return record, tensors


def restore_update(
    record: Mapping[str, Any], tensors: Mapping[str, Tensor], device: torch.device, packing: Packing = Packing.SHARED
) -> RolloutUpdate:
    """The update that was recorded, on one process, each of its completions in a pass of its own."""
    scored = tensors.get("scored", torch.ones(len(tensors["rewards"]), dtype=torch.bool))
    rewards = iter([r if s else None for r, s in zip(tensors["rewards"].tolist(), scored.tolist(), strict=True)])
    rows = iter(range(len(tensors["rewards"])))
    sampling, old, ref = (_by_row(tensors, f"{name}_logps.", device) for name in ("sampling", "old", "ref"))
    rollouts = []
    for group in record["groups"]:
        completions = tuple(
            Completion(tuple(c["token_ids"]), tuple(sampling[next(rows)].tolist()), c["text"], c["finish_reason"])
            for c in group["completions"]
        )
        scores = tuple(Reward(next(rewards), {}, (), c["reason"]) for c in group["completions"])
        prompt = Prompt(parse_sample(group["sample"], "the recorded step"), tuple(group["prompt"]))
        rollouts.append(Rollout(prompt, completions, scores))
    objective = dict(record["objective"])
    correction = SamplingCorrection(**objective.pop("sampling_correction"))
    update = RolloutUpdate(
        rollouts,
        ObjectiveConfig(**objective, sampling_correction=correction),
        replace(UpdateConfig(**record["update"]), micro_batch_tokens=1),
        record["max_tokens"],
        record["temperature"],
        device,
        packing=packing,
    )
    update.mini_batch = range(*record["part"])
    update.restore_logps({"old": old, "ref": ref})
    return update


def _by_row(tensors: Mapping[str, Tensor], prefix: str, device: torch.device) -> dict[int, Tensor]:
    return {int(name.removeprefix(prefix)): t.to(device) for name, t in tensors.items() if name.startswith(prefix)}
