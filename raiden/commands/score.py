"""`raiden score FILE`: what a file of replies earns, and why."""

import json
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from raiden.commands.model_options import read_reward_file
from raiden.commands.option_parser import POSITIONAL, parse_options
from raiden.core.errors import SampleError
from raiden.core.reasoning import with_opening
from raiden.core.records import read_records
from raiden.core.signals import silence
from raiden.core.types import LANGUAGES, Reward, Sample
from raiden.data.samples import parse_row
from raiden.rewards import RewardConfig
from raiden.rewards.reply import ResponseFormat
from raiden.scoring import Scorer

_HEADER = ("row", "lang", "accuracy", "format", "total", "matched", "reason")
_WIDTHS = (4, 4, 8, 6, 6, 20, 0)


_DESCRIPTION = "Score replies with the verifiable reward. A row needs `reply` and `keywords` (or `rule`)."


@dataclass(frozen=True)
class ScoreOptions:
    """What is scored, and how it is shown."""

    file: str = field(metadata=POSITIONAL)
    """rows as a JSON list, or as JSONL with one object a line"""
    json: bool = False
    """print one JSON object a row instead of a table"""
    explain: bool = False
    """print each clause, and why it counts or does not"""
    response_format: ResponseFormat | None = None
    """what a well-formed reply is: the reply alone, or one <think> block before it (default: as --rewards has it, else
    plain)"""
    rewards: str | None = None
    """weights, limits and rewards of your own: a run's configuration, or its `rewards` alone, in YAML"""


def main(argv: Sequence[str]) -> int:
    """Score every row of a file and print a table, or one JSON object a row."""
    options = parse_options(ScoreOptions, argv, "score", _DESCRIPTION)
    config = read_reward_file(options.rewards) if options.rewards else RewardConfig()
    scorer = Scorer(replace(config, response_format=options.response_format or config.response_format))
    scorer.refuse_reference()
    samples = [parse_row(record, origin) for origin, record in read_records(options.file, SampleError)]
    try:
        scored = list(zip(samples, _rewards(scorer, samples), strict=True))
    finally:
        scorer.close()
    lines = _json_lines(scored) if options.json else _table(scored)
    if options.explain:
        lines = _explained(scorer, scored)
    _print(lines)
    for warning in scorer.take_warnings():
        print(warning, file=sys.stderr)
    return 0


def _rewards(scorer: Scorer, samples: Sequence[Sample]) -> list[Reward]:
    """What each row's reply earns; rows with the same question to the same character are a group."""
    groups: dict[tuple[Any, ...], list[int]] = {}
    for index, sample in enumerate(samples):
        profile = tuple(sample.character_profile.items())
        key = (sample.character_name, profile, sample.conversation_history, sample.question, sample.rule)
        groups.setdefault(key, []).append(index)
    # A prompt that is not here may have opened the block of reasoning.
    texts = [with_opening(sample.raw["reply"]) for sample in samples]
    replies = [(samples[own[0]], [(texts[i], False) for i in own]) for own in groups.values()]
    earned = dict(
        pair
        for own, rewards in zip(groups.values(), scorer.score(replies), strict=True)
        for pair in zip(own, rewards, strict=True)
    )
    added = [len(text) - len(sample.raw["reply"]) for text, sample in zip(texts, samples, strict=True)]
    return [_without_opening(earned[index], added[index]) for index in range(len(samples))]


def _without_opening(reward: Reward, length: int) -> Reward:
    """The reward with its spans in the reply as the row has it."""
    spans = (replace(span, start=span.start - length, end=span.end - length) for span in reward.spans)
    return replace(reward, spans=tuple(spans)) if length else reward


def _print(lines: Iterable[str]) -> None:
    try:
        for line in lines:
            sys.stdout.write(line + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # `| head` has read enough; what is left goes nowhere, for the interpreter flushes once more at its end.
        silence(sys.stdout.fileno())


def _json_lines(scored: Iterable[tuple[Sample, Reward]]) -> Iterable[str]:
    for sample, reward in scored:
        row = {
            "accuracy": reward.accuracy,
            "format": reward.components["format"],
            "total": None if reward.total is None else round(reward.total, 6),
            "spans": [{"start": span.start, "end": span.end, "text": span.text} for span in reward.spans],
            "reason": reward.reason,
            "components": dict(reward.components),
            **({"unscored": list(reward.unscored)} if reward.unscored else {}),
            "language": sample.language,
        }
        yield json.dumps(row, ensure_ascii=False)


def _table(scored: Sequence[tuple[Sample, Reward]]) -> Iterable[str]:
    yield _line(_HEADER)
    for number, (sample, reward) in enumerate(scored, 1):
        matched = " ".join(span.text for span in reward.spans)
        yield _line(
            (
                str(number),
                sample.language,
                f"{reward.accuracy:.0f}",
                f"{reward.components['format']:.0f}",
                "-" if reward.total is None else f"{reward.total:.2f}",
                matched,
                reward.reason,
            )
        )
    yield ""
    yield from _totals(scored)


def _explained(scorer: Scorer, scored: Sequence[tuple[Sample, Reward]]) -> Iterable[str]:
    for number, (sample, earned) in enumerate(scored, 1):
        yield f"{number}. {sample.question} accuracy {earned.accuracy:.0f}: {earned.reason}"
        yield from (f"   {line}" for line in scorer.vrar.explain(sample, sample.raw["reply"]))


def _totals(scored: Sequence[tuple[Sample, Reward]]) -> Iterable[str]:
    for language in (*LANGUAGES, "all"):
        rewards = [reward for sample, reward in scored if language in (sample.language, "all")]
        if rewards:
            accuracy = sum(reward.accuracy for reward in rewards) / len(rewards)
            well_formed = sum(reward.components["format"] for reward in rewards) / len(rewards)
            totals = [reward.total for reward in rewards if reward.total is not None]
            total = f"{sum(totals) / len(totals):.2f}" if totals else "-"
            missing = f", {len(rewards) - len(totals)} without a score" if len(totals) < len(rewards) else ""
            cells = (language, f"{accuracy:.1%}", f"{well_formed:.0%}", total, f"of {len(rewards)} rows", missing)
            yield _line(("", *cells))


def _line(cells: Sequence[str]) -> str:
    return "  ".join(_padded(cell, width) for cell, width in zip(cells, _WIDTHS, strict=True)).rstrip()


def _padded(text: str, width: int) -> str:
    """Text cut and filled to a width in terminal columns, where a wide character takes two."""
    text = " ".join(text.split())
    columns = 0
    kept = ""
    for char in text:
        columns += 2 if unicodedata.east_asian_width(char) in "WF" else 1
        if width and columns > width:
            break
        kept += char
    shown = sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in kept)
    return kept + " " * (width - shown)
