"""What the frozen reference says of completions: how unlikely they are, which nobody would write, and whether right.

`unlikely` is the mean of ``-log p`` of a reply's tokens under the reference, in nats a token, at the temperature that
samples. Within the band that reference answers lie in, nothing is taken; beyond it one unit of the component for each
nat, up to one.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from raiden.core.processes import Processes
from raiden.core.types import Prompt, Reward, Rollout
from raiden.data.chat_template import ChatTemplate
from raiden.packing import Group, Passes, token_logps
from raiden.policy import Policy
from raiden.rewards import RewardConfig
from raiden.scoring import Score, answer_of
from raiden.scoring.verifier import is_asked, verified, verifying_question

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


_MAX_TOKENS = 4096
"""Of one pass; shared ones count once."""


def verify_by_reference(
    rollouts: Sequence[Rollout], policy: Policy, config: RewardConfig, processes: Processes, device: torch.device
) -> list[Rollout]:
    """The rollouts with what the reference says of their completions. All processes have to ask together."""
    verifier = config.verifier_options
    assert verifier is not None
    asked = [
        (p, index)
        for p, rollout in enumerate(rollouts)
        for index, reward in enumerate(rollout.rewards)
        if is_asked(reward, verifier)
    ]
    if not asked:
        return list(rollouts)
    policy.move_reference(device)
    questions = (
        verifying_question(rollouts[p].prompt.sample, answer_of(rollouts[p].completions[index].text))
        for p, index in asked
    )
    chat = ChatTemplate(policy.tokenizer, kwargs={"enable_thinking": False})  # the answer is the next token
    prompts = chat.encode([[question] for question in questions])
    odds = dict(zip(asked, log_odds(policy, prompts, processes, device), strict=True))
    return [
        replace(
            rollout,
            rewards=tuple(
                verified(reward, Score(odds[p, index]), config) if (p, index) in odds else reward
                for index, reward in enumerate(rollout.rewards)
            ),
        )
        for p, rollout in enumerate(rollouts)
    ]


def log_odds(
    policy: Policy, prompts: Sequence[Sequence[int]], processes: Processes, device: torch.device
) -> list[float]:
    """``log p(Yes) - log p(No)`` of the token after each prompt, under the frozen reference, in nats.

    Prompts with a common beginning share its work; each process computes its share.
    """
    words = [policy.tokenizer.encode(word, add_special_tokens=False)[:1] for word in ("Yes", "No")]
    groups = [Group(prompt, words, [2 * i, 2 * i + 1]) for i, prompt in enumerate(prompts)]
    logps: dict[int, float] = {}
    with policy.reference() as reference:
        for batch in Passes(groups, _MAX_TOKENS, device, processes, policy.packing):
            found, _ = token_logps(reference, batch)
            if not batch.is_filler:
                logps.update(zip(batch.rows.tolist(), found.float().tolist(), strict=True))
    logps = dict(processes.gather(list(logps.items())))
    return [logps[2 * i] - logps[2 * i + 1] for i in range(len(groups))]
