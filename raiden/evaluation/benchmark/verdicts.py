"""Verdicts -> scores, and their agreement with the rules."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from raiden.evaluation.benchmark.judge import Judged, Outcome

OUTCOMES: tuple[Outcome, ...] = ("win", "tie", "lose")


@dataclass(frozen=True)
class Score:
    """How a model fares against another by one judge.

    A comparison counts once, and each of its two verdicts for half of it: where the orders disagree, half goes to
    what the one says and half to what the other says. ``score = wins / (wins + ties + losses)``.
    """

    wins: float
    ties: float
    losses: float
    num_disagreements: int
    """Comparisons whose verdict changes with the order; their halves are in the counts above."""
    num_first_preferred: int
    """Those of them in which the model did better where its reply stood first than where it stood second."""
    num_errors: int
    """Comparisons without two verdicts; they are in no other count."""
    strict: float | None
    """Share of the comparisons that both orders give to the model; None without comparisons."""

    @property
    def num_comparisons(self) -> float:
        """All that have two verdicts."""
        return self.wins + self.ties + self.losses

    @property
    def score(self) -> float | None:
        """Between 0 and 1; None without comparisons."""
        return self.wins / self.num_comparisons if self.num_comparisons else None


def add_up(judged: Sequence[Judged]) -> Score:
    """The score of these comparisons."""
    valid = [one for one in judged if not one.failed]
    halves = Counter(verdict.outcome for one in valid for verdict in (one.model_first, one.model_second))
    both_win = sum(one.outcome == "win" for one in valid)
    return Score(
        wins=halves["win"] / 2,
        ties=halves["tie"] / 2,
        losses=halves["lose"] / 2,
        num_disagreements=sum(one.disagrees for one in valid),
        num_first_preferred=sum(_prefers_first(one) for one in valid),
        num_errors=len(judged) - len(valid),
        strict=both_win / len(valid) if valid else None,
    )


def share(judged: Judged, outcome: Outcome) -> float:
    """What a comparison with two verdicts adds to the wins, ties or losses: 0, one half or 1."""
    return sum(verdict.outcome == outcome for verdict in (judged.model_first, judged.model_second)) / 2


def _prefers_first(judged: Judged) -> bool:
    """Whether the model does better where its reply stands first than where it stands second."""
    first, second = judged.model_first.outcome, judged.model_second.outcome
    return first is not None and second is not None and OUTCOMES.index(first) < OUTCOMES.index(second)


def rule_outcome(accuracy: float, against: float) -> Outcome:
    """What the rule-based reward says of two replies, by the accuracy of each."""
    return "tie" if accuracy == against else "win" if accuracy > against else "lose"


def cohens_kappa(pairs: Sequence[tuple[Outcome, Outcome]]) -> float | None:
    """Agreement of two judges beyond chance: 1 where they always agree, 0 where no more than by chance.

    ``kappa = (p_o - p_e) / (1 - p_e)`` with the share ``p_o`` of equal verdicts and the share ``p_e`` to be expected
    from how often each gives which; Cohen, Educational and Psychological Measurement 20 (1960).

    Args:
        pairs: of verdicts on the same comparison.

    Returns:
        None without pairs, and where both judges always say the same one thing, for then nothing can be told.

    >>> cohens_kappa([("win", "win"), ("tie", "tie"), ("win", "tie"), ("tie", "tie")])
    0.5
    """
    first, second = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    # Whole numbers, so that a division by what is nearly zero cannot happen.
    by_chance = sum(first[outcome] * second[outcome] for outcome in OUTCOMES)
    if by_chance == len(pairs) ** 2:
        return None
    observed = sum(a == b for a, b in pairs) * len(pairs)
    return (observed - by_chance) / (len(pairs) ** 2 - by_chance)
