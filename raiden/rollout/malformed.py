"""Whether an engine has answered what it was asked; whoever wrote it."""

from collections.abc import Sequence

from raiden.core.errors import EngineError
from raiden.core.types import Completion

_ROUNDING = 0.01
"""Nats that a log-probability may be above 0 by rounding."""


def refuse_malformed(
    groups: Sequence[Sequence[Completion]], seeds: Sequence[Sequence[int]], max_tokens: int, vocab_size: int
) -> None:
    """Compares completions with what was asked for; NaN and infinities are left to who skips the step.

    Args:
        seeds: one for each completion, prompt by prompt.

    Raises:
        EngineError: completions are missing, or hold what no sampling of this model can have given.
    """
    if list(map(len, groups)) != list(map(len, seeds)):
        asked, got = (sum(map(len, each)) for each in (seeds, groups))
        raise EngineError(
            f"the engine was asked for {asked} completions of {len(seeds)} prompts and gave {got} of {len(groups)}, "
            "or not as many of each prompt; take another `model.engine`."
        )
    for completion in (c for group in groups for c in group):
        if fault := _fault(completion, max_tokens, vocab_size):
            text = completion.text
            raise EngineError(f"the engine gave a completion {fault}: {text!r}; take another `model.engine`.")


def _fault(completion: Completion, max_tokens: int, vocab_size: int) -> str:
    ids, logps = completion.token_ids, completion.sampling_logps
    if not 1 <= len(ids) <= max_tokens:
        return f"of {len(ids)} tokens, where 1 to {max_tokens} were asked for"
    if len(ids) != len(logps):
        return f"of {len(ids)} tokens with {len(logps)} log-probabilities"
    if not 0 <= min(ids) <= max(ids) < vocab_size:
        return f"with tokens that the model has not (of {vocab_size:,}: {min(ids)} to {max(ids)})"
    if max(logps) > _ROUNDING:
        return f"with a log-probability above 0 ({max(logps):g} nats)"
    return ""
