"""What it costs that a model's passes share nothing, told once when training begins."""

from __future__ import annotations

from collections.abc import Sequence

from lightning.pytorch.utilities import rank_zero_warn

from raiden.core.types import Prompt
from raiden.packing import pack
from raiden.policy.sharing import Sharing


def warn_if_unshared(sharing: Sharing, prompts: Sequence[Prompt], num_completions: int, max_tokens: int) -> None:
    """Warns with the reason and the factor of tokens, where nothing is shared.

    Args:
        prompts: of a step.
        max_tokens: how long each completion is taken to be.
    """
    if sharing.reason:
        shared = len(pack([prompt.token_ids for prompt in prompts])) + len(prompts) * num_completions * max_tokens
        separate = sum(num_completions * (len(prompt.token_ids) + max_tokens) for prompt in prompts)
        rank_zero_warn(
            f"not shared: {sharing.reason}; each completion has a row of its own with its whole prompt, about "
            f"{separate / shared:.1f} times the tokens."
        )
