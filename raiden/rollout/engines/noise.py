"""Noise that is a function of a completion's seed, a token's position in it and the vocabulary entry.

Nothing else decides it: neither what else is in the batch, nor how many numbers were drawn before, nor the device, for
all that is random is integer arithmetic, which is the same everywhere (the logarithms that follow agree to rounding).
And it is made where it is needed: nothing of the vocabulary's size goes from the host to a GPU.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

# (right shift, odd factor), three times, then a last shift: `triple32` of Chris Wellons's search for hash functions of
# 32 bits (hash-prospector; public domain). A change of one bit changes each other one in half of all cases.
_ROUNDS = ((17, 0xED5AD4BB), (11, 0xAC4C1B51), (15, 0x31848BAB))
_LAST_SHIFT = 14
_GOLDEN = 0x9E3779B9
"""2^32 over the golden ratio: positions one after another are far apart in all bits."""
_ONE = 1 - 2.0**-24
"""The largest float32 below 1."""
LARGEST = 22.2
"""No number of the noise is above it."""


def seed_words(seeds: Sequence[int], device: torch.device) -> Tensor:
    """Seeds of 64 bits as `gumbel` takes them.

    Shape:
        - output: ``(R, 2)``, int32: the low words, then the high ones
    """
    words = [[_signed(seed), _signed(seed >> 32)] for seed in seeds]
    return torch.tensor(words, dtype=torch.int32, device=device).view(-1, 2)


def gumbel(words: Tensor, position: int | Sequence[int], num_tokens: int) -> Tensor:
    """``-log(-log(u))`` with u uniform between 0 and 1: the largest of ``logit + gumbel`` is a draw from the softmax.

    ``u`` has 31 bits, and is nearer to 1 the finer it is told, as the largest numbers need it. All numbers are finite,
    between -2.82 and 22.18: a token whose logit is minus infinity never wins, nor does one of probability 1e-11.

    Args:
        words: of `seed_words`.
        position: of the token that is drawn in its completion, in all rows or in each; the first is 0.
        num_tokens: entries of the vocabulary.

    Shape:
        - words: ``(R, 2)``
        - output: ``(R, num_tokens)``, float32

    >>> words = seed_words([7, 8], torch.device("cpu"))
    >>> bool((gumbel(words, 3, 5)[1:] == gumbel(words[1:], 3, 5)).all())
    True
    """
    low, high = _keys(words, position)
    return _numbers(torch.arange(num_tokens, dtype=torch.int32, device=words.device) ^ low, high)


def gumbel_of(words: Tensor, position: int | Sequence[int], rows: Tensor, tokens: Tensor) -> Tensor:
    """Single numbers of what `gumbel` gives: those of these rows and tokens.

    Shape:
        - words: ``(R, 2)``
        - rows, tokens, output: ``(n,)``

    >>> words = seed_words([7, 8], torch.device("cpu"))
    >>> bool(gumbel_of(words, 3, torch.tensor([1]), torch.tensor([4])) == gumbel(words, 3, 5)[1, 4])
    True
    """
    low, high = _keys(words, position)
    return _numbers(tokens.to(torch.int32) ^ low[rows, 0], high[rows, 0])


def _keys(words: Tensor, position: int | Sequence[int]) -> tuple[Tensor, Tensor]:
    """One to one of the seeds, and others at each position: ``(R, 1)`` both."""
    high = _mix(words[:, 1:] + _offsets(position, words.device))
    return _mix(words[:, :1] + high), high


def _numbers(words: Tensor, key: Tensor) -> Tensor:
    """The noise of hashed words; they are overwritten."""
    bits = _mix(words, key)
    bits &= 0x7FFFFFFF
    noise = bits.to(torch.float32)
    del words, bits
    # 1 - u, in 2^31 steps from 2^-32 to the largest number below 1.
    return noise.add_(0.5).mul_(-(2.0**-31) * _ONE).log1p_().neg_().log_().neg_()


def _offsets(position: int | Sequence[int], device: torch.device) -> int | Tensor:
    if isinstance(position, int):
        return _signed(_GOLDEN * position)
    return torch.tensor([[_signed(_GOLDEN * own)] for own in position], dtype=torch.int32, device=device)


def _mix(words: Tensor, key: Tensor | None = None) -> Tensor:
    """Each word hashed, in place of a new tensor; the key, where there is one, comes in after the first round.

    Torch's int32 wraps at its ends, and shifts with the sign, which is masked off.
    """
    words = words.clone() if key is None else words
    shifted = torch.empty_like(words)
    for number, (shift, factor) in enumerate(_ROUNDS):
        words ^= _shifted(words, shift, shifted)
        words *= _signed(factor)
        if key is not None and number == 0:
            words += key
    words ^= _shifted(words, _LAST_SHIFT, shifted)
    return words


def _shifted(words: Tensor, by: int, out: Tensor) -> Tensor:
    torch.bitwise_right_shift(words, by, out=out)
    out &= (1 << (32 - by)) - 1
    return out


def _signed(word: int) -> int:
    """The low 32 bits as a signed number.

    >>> _signed(2**31), _signed(2**32 + 5)
    (-2147483648, 5)
    """
    return ((word + 2**31) & 0xFFFFFFFF) - 2**31
