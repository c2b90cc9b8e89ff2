"""What was paid, what was refused, and why: the reasons of an evaluation, counted by kind."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from raiden.evaluation.results import Evaluation, Row
from raiden.rewards.extra import read_extra_rewards

_QUOTED = re.compile(r"""(?<!\w)(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")(?!\w)""")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_IN_BRACKETS = re.compile(r"\s*\([^()]*\)")
_SEVERAL = re.compile(r"…(?:,? (?:and|or|for) …)+")
_MAX_KINDS = 10
OTHERS = "other reasons"


def kind_of(reason: str) -> str:
    """What a reason says, without the words that it is about; of several the first.

    >>> kind_of("'fog' does not count for 'fog': it isn't the character's; the completion was cut at the token limit.")
    "… does not count: it isn't the character's"
    >>> kind_of("The reply says 'Hull' and 'York' for 'Hull' and 'York'."), kind_of("")
    ('The reply says …', '')
    >>> kind_of("The reply recites 4 facts that nobody asked for (tea; fog).")
    'The reply recites … facts that nobody asked for'
    """
    first = _QUOTED.sub("…", reason).removesuffix(".")
    # What stands in brackets may hold a semicolon of its own.
    first = _IN_BRACKETS.sub("", first).partition("; ")[0]
    return _SEVERAL.sub("…", _NUMBER.sub("…", first)).replace(" does not count for …:", " does not count:")


def counted(evaluations: Sequence[Evaluation]) -> list[dict[str, Any]]:
    """The kinds of reasons, the most frequent first, with the number of replies of each evaluation.

    Those that are paid stand before those that are refused; rare ones are together at the end.
    """
    by_side = [Counter(_key(row) for row in evaluation.rows if row["reason"]) for evaluation in evaluations]
    total: Counter[tuple[bool, str]] = sum(by_side, Counter())
    kept = [key for key, _ in total.most_common(_MAX_KINDS)]
    lines = [_line(right, kind, [side[right, kind] for side in by_side]) for right, kind in kept]
    for right in (True, False):
        rest = [sum(n for key, n in side.items() if key[0] == right and key not in kept) for side in by_side]
        if any(rest):
            lines.append(_line(right, OTHERS, rest))
    return sorted(lines, key=lambda line: not line["paid"])


def _key(row: Row) -> tuple[bool, str]:
    return row["accuracy"] == 1, kind_of(row["reason"])


def _line(paid: bool, kind: str, counts: Sequence[int]) -> dict[str, Any]:
    return {"paid": paid, "kind": kind, "counts": list(counts)}


def parts_of_reward(evaluations: Sequence[Evaluation]) -> list[dict[str, Any]]:
    """What each component adds to the mean reward of each evaluation, in reward units; [] where no file has weights.

    A component that adds nothing anywhere is left out.
    """
    names = dict.fromkeys(name for each in evaluations for row in each.rows for name in row["components"])
    lines = [(name, [_part(name, evaluation) for evaluation in evaluations]) for name in names]
    return [{"name": name, "values": values} for name, values in lines if any(values)]


def _part(name: str, evaluation: Evaluation) -> float | None:
    weight = _weights(evaluation.rewards or {}).get(name)
    values = [row["components"][name] for row in evaluation.rows if name in row["components"]]
    return weight * fmean(values) if weight is not None and values else None


def _weights(rewards: Mapping[str, Any]) -> dict[str, float]:
    """Reward units for each unit of a component, by its name."""
    own = {name.removesuffix("_weight"): weight for name, weight in rewards.items() if name.endswith("_weight")}
    return own | {one.name: one.weight for one in read_extra_rewards(rewards.get("extra") or (), "rewards.extra")}
