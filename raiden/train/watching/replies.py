"""Whether replies to different questions have grown alike: the text, how it begins, how it ends."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any

from raiden.core.types import Rollout
from raiden.rewards.reply import take_answer

_NUM_QUESTIONS = 16
_ENOUGH = 8
"""Different questions without which nothing is said: two questions may well have one answer."""
_KEPT = 16
"""Characters kept of the beginning and of the end."""
_OPENINGS = [slice(n) for n in (4, 8, _KEPT)]
_ENDINGS = [slice(-n, None) for n in (1, 2, 4, 8, _KEPT)]
"""What is compared. A single last one tells a stray mark; a single first one is `I` in every honest reply."""

Parts = list[str]
"""Of one reply: a digest of the whole, how it begins, how it ends; the end of one cut at the limit is empty."""
Groups = Sequence[Sequence[Parts]]
"""The replies to each of some questions."""


class LatestReplies:
    """The replies to the latest questions of a run, beside its first ones and the reference answers.

    Only digests, beginnings and endings are kept, so that a checkpoint holds them too: a resumed run sees what one
    never stopped does.
    """

    def __init__(self) -> None:
        self._latest: dict[str, list[Parts]] = {}  # by sample id, the newest last
        self._answers: dict[str, Parts] = {}
        self._first: list[list[Parts]] = []

    def add(self, rollouts: Sequence[Rollout]) -> None:
        """Takes in the groups of a step, and forgets the oldest."""
        for rollout in rollouts:
            sample = rollout.prompt.sample
            self._latest.pop(sample.id, None)
            self._latest[sample.id] = [_parts(c.text, c.finish_reason == "length") for c in rollout.completions]
            self._answers[sample.id] = _parts(sample.answer)
        for old in list(self._latest)[: -max(_NUM_QUESTIONS, len(rollouts))]:
            del self._latest[old], self._answers[old]
        if not self._first and len(self._latest) >= _ENOUGH:
            self._first = list(self._latest.values())

    def alike(self) -> tuple[float, str]:
        """The share of the latest replies that say, begin or end the same, at most, and what they do.

        Beyond the share of the reference answers that do so, and of the run's first replies; first replies do not
        excuse later ones that are the same as a whole. 0.75 with `end in '.)'`: three in four replies end so that
        would not have at the start. 0 before there are enough questions.
        """
        if not self._first:
            return 0.0, ""
        groups, answers = list(self._latest.values()), [[answer] for answer in self._answers.values()]
        same = max(_shares(groups, 0).values()) - max(_shares(answers, 0).values())
        found = [(max(same, 0.0), 0, "are the same")]
        for part, cuts, verb in ((1, _OPENINGS, "begin with"), (2, _ENDINGS, "end in")):
            for cut in cuts:
                excess, text = _excess(groups, (answers, self._first), part, cut)
                found.append((excess, len(text), f"{verb} {text!r}"))
        share, _, what = max(found)  # where several are as frequent, the longest
        return share, what

    def state_dict(self) -> dict[str, Any]:
        return {"latest": self._latest, "answers": self._answers, "first": self._first}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._latest, self._answers, self._first = state["latest"], state["answers"], state["first"]


def _parts(text: str, truncated: bool = False) -> Parts:
    said = " ".join(take_answer(text, "plain").text.split())
    digest = blake2b(said.casefold().encode(), digest_size=8).hexdigest()
    return [digest, said[:_KEPT], "" if truncated else said[-_KEPT:]]


def _shares(groups: Groups, part: int, cut: slice = slice(None)) -> dict[str, float]:
    """The share of the replies with each text in this part, each question counting the same."""
    shares: dict[str, float] = defaultdict(float)
    for group in groups:
        for parts in group:
            shares[parts[part][cut]] += 1 / len(group) / len(groups)
    return {text: round(share, 9) for text, share in shares.items()}


def _excess(groups: Groups, others: Iterable[Groups], part: int, cut: slice) -> tuple[float, str]:
    """By how much, at most, the share of a text in this part exceeds its share elsewhere; and that text."""
    elsewhere = [_shares(other, part, cut) for other in others]
    shares = _shares(groups, part, cut)
    return max(
        ((share - max(e.get(text, 0.0) for e in elsewhere), text) for text, share in shares.items() if text),
        default=(0.0, ""),
    )
