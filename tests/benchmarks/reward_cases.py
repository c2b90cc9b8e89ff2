"""How many written cases the reward judges as a reader does: by language, by kind, and by pairs.

A pair is one reply under two questions, which answers one of them; it counts where both are judged right.

    python -m tests.benchmarks.reward_cases [FILE ...] [--failures] [--ablate]
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from raiden.core.types import LANGUAGES
from raiden.rewards.mechanisms import ALL
from tests.rewards.cases import CASES, accuracy, read_cases

Judged = tuple[Mapping[str, Any], bool, str]
"""A case, whether it is judged as a reader does, and the reward's reason."""


def judge(cases: Sequence[Mapping[str, Any]], mechanisms: frozenset[str] = ALL) -> list[Judged]:
    """Every case with the reward's verdict on it."""
    found = [(case, *accuracy(dict(case), mechanisms)) for case in cases]
    return [(case, score == case["expected"], reason) for case, score, reason in found]


def pairs(judged: Sequence[Judged]) -> list[tuple[Judged, Judged]]:
    """The cases of one reply and keyword of which one question is answered and the other is not."""
    by_reply: dict[str, list[Judged]] = defaultdict(list)
    for item in judged:
        by_reply[item[0]["reply"]].append(item)
    return [
        (wrong, right)
        for items in by_reply.values()
        for wrong in items
        for right in items
        if right[0]["question"] != wrong[0]["question"] and (wrong[0]["expected"], right[0]["expected"]) == (0, 1)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, default=[CASES / "questions.jsonl"])
    parser.add_argument("--failures", action="store_true", help="print each case that is judged otherwise")
    parser.add_argument("--ablate", action="store_true", help="print what each mechanism is worth")
    parser.add_argument("--languages", default=",".join(LANGUAGES))
    arguments = parser.parse_args()
    cases = [case for file in arguments.files for case in read_cases(file)]
    cases = [case for case in cases if case["language"] in arguments.languages.split(",")]
    judged = judge(cases)
    _table("language", judged, lambda case: case["language"])
    _table("label", judged, lambda case: "right replies" if case["expected"] else "wrong replies")
    _table("kind", judged, lambda case: case.get("kind", ""))
    told_apart = [wrong[1] and right[1] for wrong, right in pairs(judged)]
    print(f"pairs told apart: {_share(told_apart)}\nall: {_share(is_right for _, is_right, _ in judged)}")
    if arguments.ablate:
        _ablate(cases, judged)
    for case, is_right, reason in judged:
        if arguments.failures and not is_right:
            print(f"\n{case['language']} {case.get('kind', '')}: {case['question']}\n  {case['reply']}")
            print(f"  {case['keywords']} expected {case['expected']} ({case.get('why', '')}): {reason}")


def _ablate(cases: Sequence[Mapping[str, Any]], judged: Sequence[Judged]) -> None:
    """A table row for each mechanism: what switching it off costs, in cases and in pairs."""
    num_right, num_pairs = sum(is_right for _, is_right, _ in judged), _told_apart(judged)
    print("\n| switched off | cases lost | pairs lost |\n|---|---|---|")
    for name in sorted(ALL):
        without = judge(cases, ALL - {name})
        lost = num_right - sum(is_right for _, is_right, _ in without)
        print(f"| {name} | {lost} of {len(cases)} | {num_pairs - _told_apart(without)} of {len(pairs(judged))} |")


def _told_apart(judged: Sequence[Judged]) -> int:
    return sum(wrong[1] and right[1] for wrong, right in pairs(judged))


def _table(title: str, judged: Sequence[Judged], column: Any) -> None:
    rows: dict[str, list[bool]] = defaultdict(list)
    for case, is_right, _ in judged:
        rows[column(case)].append(is_right)
    print(f"by {title}: " + ", ".join(f"{name} {_share(rows[name])}" for name in sorted(rows)) + "\n")


def _share(found: Iterable[bool]) -> str:
    values = list(found)
    return f"{sum(values)}/{len(values)} ({sum(values) / max(1, len(values)):.0%})"


if __name__ == "__main__":
    main()
