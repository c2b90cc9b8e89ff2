"""The frozen reference as verifier: the log-odds of Yes against No, one token after the question."""

from collections.abc import Sequence
from dataclasses import replace

import torch

from raiden.core.processes import Processes
from raiden.core.types import Rollout
from raiden.data.chat_template import ChatTemplate
from raiden.packing import Group, Passes, token_logps
from raiden.policy import Policy
from raiden.rewards import RewardConfig
from raiden.scoring import Score, answer_of
from raiden.scoring.verifier import is_asked, verified, verifying_question

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
