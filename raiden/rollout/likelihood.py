"""How unlikely replies are under the frozen reference: what a policy writes that nobody would.

The mean of ``-log p`` of a reply's tokens under the reference, in nats a token, at the temperature that samples.
Within the band that reference answers lie in, nothing is taken; beyond it one unit of the component for each nat, up
to one.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from raiden.core.processes import Processes
from raiden.core.types import Prompt, Reward
from raiden.packing import Group, Passes, token_logps
from raiden.policy import Policy

NAME = "unlikely"
NUM_ANSWERS = 64
"""Reference answers whose likelihood is the band."""
_SHARE_WITHIN = 0.95
"""Of these answers, the share that lies within the band."""


def reference_logps(
    policy: Policy,
    prompts: Sequence[Prompt],
    completions: Sequence[Sequence[Sequence[int]]],
    temperature: float,
    max_tokens: int,
    processes: Processes,
    device: torch.device,
) -> list[list[Tensor]]:
    """Log-probability under the frozen reference of each token of each prompt's completions, in nats.

    Each process computes its share and gets those of the others; all have to ask together.

    Args:
        completions: token ids; one without any gets an empty tensor.
        max_tokens: of one pass, shared ones counted once.
    """
    rows = iter(range(sum(map(len, completions))))
    numbered = [[(next(rows), ids) for ids in group] for group in completions]
    groups = [
        Group(prompt.token_ids, [ids for _, ids in group if ids], [row for row, ids in group if ids])
        for prompt, group in zip(prompts, numbered, strict=True)
    ]
    passes = Passes([group if group.rows else None for group in groups], max_tokens, device, processes, policy.packing)
    by_row: dict[int, Tensor] = {}
    with policy.reference() as reference:
        for batch in passes:
            logps, _ = token_logps(reference, batch, temperature)
            if not batch.is_filler:
                by_row.update(zip(batch.rows.tolist(), logps.cpu().split(batch.lengths.tolist()), strict=True))
    by_row = processes.gather_rows(by_row, device)
    nothing = torch.zeros(0)
    return [[by_row.get(row, nothing).to(device) for row, _ in group] for group in numbered]


def nats_a_token(logps: Tensor) -> float:
    """Mean of ``-log p``; 0 of no token.

    >>> nats_a_token(torch.tensor([-1.0, -3.0])), nats_a_token(torch.zeros(0))
    (2.0, 0.0)
    """
    return -logps.mean().item() if len(logps) else 0.0


def band(answers: Sequence[float]) -> float:
    """The upper end of the band that reference answers lie in, in nats a token: 95 in 100 are below.

    >>> band([1.0, 2.0, 3.0])
    2.9
    """
    return round(torch.tensor(answers, dtype=torch.float64).quantile(_SHARE_WITHIN).item(), 9)


def with_likelihood(reward: Reward, nats: float, limit: float, weight: float) -> Reward:
    """A completion's reward with the component `unlikely`: 0 up to the limit, -1 from one nat beyond it on."""
    value = 0.0 - min(1.0, max(0.0, nats - limit))
    total = None if reward.total is None else reward.total + weight * value
    reason = (
        f"{reward.reason} {NAME}: {nats:.2f} nats a token, the band ends at {limit:.2f}." if value else reward.reason
    )
    return replace(reward, total=total, components={**reward.components, NAME: value}, reason=reason)
