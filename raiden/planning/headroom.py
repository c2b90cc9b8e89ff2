"""How large three options may become before a run does not fit any more, each alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil

from raiden.planning.engine import Wave
from raiden.planning.shape import Pass


@dataclass(frozen=True)
class Headroom:
    """The largest value of each option for which the run fits, the others as they are; 0: none does."""

    micro_batch_tokens: int
    """As many as an update has, where all of them fit."""
    rows: int
    """Completions that are sampled side by side; as many as a step has, where all of them fit."""
    max_tokens: int
    """Of a completion; as many as the model's context leaves, where all of them fit."""


def find_headroom(
    fits: Callable[[Sequence[Pass], Wave], bool],
    passes: Sequence[Pass],
    wave: Wave,
    micro_batch_tokens: int,
    most: Headroom,
    longest_prompt: int,
    trains_on_samples: bool,
) -> Headroom:
    """
    Args:
        fits: whether a step of such passes and such a wave does.
        passes: of the run as it is.
        wave: the largest of the run as it is.
        micro_batch_tokens: of the run as it is.
        most: what would ask for everything.
        longest_prompt: in tokens.
        trains_on_samples: longer completions make longer passes.
    """

    def longer(length: int) -> tuple[list[Pass], Wave]:
        own, growth = list(passes), length / wave.max_tokens
        if trains_on_samples:
            everything = ceil(most.micro_batch_tokens * _grown(passes, growth))
            own = [full_pass(passes, max(min(micro_batch_tokens, everything), longest_prompt + length), growth)]
        return own, replace(wave, max_tokens=length)

    return Headroom(
        micro_batch_tokens=largest(lambda n: fits([full_pass(passes, n)], wave), most.micro_batch_tokens),
        rows=largest(lambda n: fits(passes, _wave_of(wave, n)), most.rows),
        max_tokens=largest(lambda n: fits(*longer(n)), most.max_tokens),
    )


def largest(fits: Callable[[int], bool], most: int) -> int:
    """The largest number up to `most` that fits, where all smaller ones do; 0: not even 1.

    >>> largest(lambda n: n <= 37, 100), largest(lambda n: True, 100), largest(lambda n: False, 100)
    (37, 100, 0)
    """
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low


def full_pass(passes: Sequence[Pass], tokens: int, growth: float = 1.0) -> Pass:
    """A pass of so many tokens, made as those that there are.

    Args:
        growth: of the completions' length; the share of tokens that are scored grows along.

    >>> full_pass([Pass(100, 40, 50, 200), Pass(10, 1, 0, 0)], 1000)
    Pass(tokens=1000, scored=400, mask=500, copied_keys=2000)
    >>> full_pass([Pass(100, 50, 0, 0)], 1000, growth=3).scored
    750
    """
    return Pass(
        tokens=tokens,
        scored=ceil(tokens * _scored(passes) * growth / _grown(passes, growth)),
        mask=ceil(tokens * max(size.mask / size.tokens for size in passes)),
        copied_keys=ceil(tokens * max(size.copied_keys / size.tokens for size in passes)),
    )


def _scored(passes: Sequence[Pass]) -> float:
    """Share of the tokens, about those of the completions."""
    return max(size.scored / size.tokens for size in passes)


def _grown(passes: Sequence[Pass], growth: float) -> float:
    """How many times the tokens there are where completions are so many times as long."""
    return 1 + _scored(passes) * (growth - 1)


def _wave_of(wave: Wave, rows: int) -> Wave:
    scale = rows / wave.rows
    return replace(wave, rows=rows, prompt_tokens=ceil(wave.prompt_tokens * scale), mask=ceil(wave.mask * scale))
