"""A length to keep to."""

import math
from collections.abc import Mapping, Sequence

from raiden.core.errors import ConfigError
from raiden.core.types import Message, Sample
from raiden.rewards.normalise import fold_text
from raiden.rewards.units import length_in_words
from raiden.scoring.base import Score, answer_of


class LengthTarget:
    """How far a reply's length is from a target: 0 near it, down to -1.

    ``-min(1, max(0, |log2(length / words)| - tolerance))``: half and double are the same fault, and a reply that is
    far too short still learns from one that is a little longer. An empty reply gets -1.
    """

    units = "doublings"

    def __init__(self, words: float | dict[str, float], tolerance: float = 0.5) -> None:
        """
        Args:
            words: the target; of Chinese and Japanese in pairs of characters. By language where one number does not
                fit all (`{en: 12, zh: 10}`); a language that is not there has no target, and its replies score 0.
            tolerance: in doublings: 0.5 takes replies of 0.71 to 1.41 times the target.
        """
        targets = words if isinstance(words, Mapping) else {"": words}
        if not targets or not all(0 < target < math.inf for target in targets.values()):
            raise ConfigError(f"`words` must be above 0, got {words!r}.")
        if not 0 <= tolerance < math.inf:
            raise ConfigError(f"`tolerance` must be at least 0 doublings, got {tolerance!r}.")
        self.targets = targets
        self.tolerance = tolerance

    def __call__(self, sample: Sample, prompt: Sequence[Message], completion: str) -> Score:
        """
        >>> from types import SimpleNamespace
        >>> [LengthTarget(4)(SimpleNamespace(language="en"), (), text).value for text in ("Tea and a book", "Tea")]
        [0.0, -1.0]
        """
        target = self.targets.get(sample.language, self.targets.get(""))
        length = length_in_words(fold_text(answer_of(completion)))
        if target is None:
            return Score(0.0, f"{length:g} words, no target for {sample.language}")
        distance = abs(math.log2(length / target)) if length else math.inf
        return Score(0.0 - min(1.0, max(0.0, distance - self.tolerance)), f"{length:g} words of {target:g}")
