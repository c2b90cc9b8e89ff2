"""Two models on the same samples: which is the better role-player, and how sure that is."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from raiden.core.errors import InputError
from raiden.core.types import LANGUAGES
from raiden.evaluation.results import Evaluation, Row
from raiden.evaluation.statistics import NUM_RESAMPLES, Difference, compare_paired
from raiden.evaluation.style import style
from raiden.evaluation.summary import grouped


@dataclass(frozen=True)
class Comparison:
    """What changes from a first model to a second one."""

    before: str
    """Name of the first model."""
    after: str
    differences: Mapping[str, Difference]
    """By cell: `all`, `sbk`, `cm`, `sbk/language/zh`, ..."""
    style_before: Mapping[str, float]
    """How the replies to the shared samples are written, see `styles`; as many of each model."""
    style_after: Mapping[str, float]
    only_before: Sequence[str]
    """Ids of samples without a reply of the second model; they count nowhere."""
    only_after: Sequence[str]

    def as_json(self) -> dict[str, Any]:
        """The comparison with its verdicts, ready for JSON."""
        differences = {name: {**asdict(d), "verdict": d.verdict} for name, d in self.differences.items()}
        return {**asdict(self), "differences": differences}


def compare(before: Evaluation, after: Evaluation, seed: int = 0, num_resamples: int = NUM_RESAMPLES) -> Comparison:
    """Pairs the samples of two evaluations; where a sample has several replies, their mean is its value.

    Raises:
        InputError: they share no sample, or the same sample reads differently in the two, or was scored by
            another rule.
    """
    first, second = by_sample_id(before.rows), by_sample_id(after.rows)
    shared = [sample for sample in first if sample in second]
    if not shared:
        raise InputError(
            f"{before.model} and {after.model} were asked no sample in common; evaluate both on the same `eval_data`."
        )
    for sample in shared:
        _refuse_changed(first[sample][0], second[sample][0])
    heads = [first[sample][0] for sample in shared]
    differences = {
        name: compare_paired(
            [_mean_accuracy(first[row["id"]]) for row in rows],
            [_mean_accuracy(second[row["id"]]) for row in rows],
            [row["character_name"] for row in rows],
            seed,
            num_resamples,
        )
        for name, rows in grouped(heads).items()
    }
    return Comparison(
        before.model,
        after.model,
        differences,
        styles([row for sample in shared for row in first[sample][: len(second[sample])]]),
        styles([row for sample in shared for row in second[sample][: len(first[sample])]]),
        [sample for sample in first if sample not in second],
        [sample for sample in second if sample not in first],
    )


def styles(rows: Sequence[Row]) -> dict[str, float]:
    """How replies are written: `style`'s figures over all languages, and the share of truncated ones.

    Words are another thing in each language, so the figures of each are weighted by its number of replies.
    """
    by_language = {ln: [row["reply"] for row in rows if row["language"] == ln] for ln in LANGUAGES}
    totals: dict[str, float] = defaultdict(float)
    for language, texts in by_language.items():
        for name, value in style(texts, language).items():
            totals[name] += value * len(texts) / len(rows)
    return {**totals, "truncated": fmean(row["finish_reason"] == "length" for row in rows)}


def differing_rewards(before: Evaluation, after: Evaluation) -> str:
    """The settings of the reward that two evaluations do not share; "" where there is none, or a file says nothing."""
    first, second = before.rewards or {}, after.rewards or {}
    shared = [name for name in first if name in second]
    return ", ".join(f"{name} {first[name]} and {second[name]}" for name in shared if first[name] != second[name])


def by_sample_id(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """The rows of each sample, whose replies may be several."""
    by_sample: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_sample[row["id"]].append(row)
    return by_sample


def _mean_accuracy(rows: Sequence[Row]) -> float:
    return fmean(row["accuracy"] for row in rows)


def _refuse_changed(before: Row, after: Row) -> None:
    for field in ("character_name", "question"):
        if before[field] != after[field]:
            raise InputError(
                f"sample {before['id']}: `{field}` is {before[field]!r} in the first file and {after[field]!r} in the "
                "second; compare files of the same samples."
            )
    for field in ("keywords", "rule"):
        if field in before and field in after and before[field] != after[field]:
            raise InputError(
                f"sample {before['id']}: `{field}` is {before[field]!r} in the first file and {after[field]!r} in the "
                "second, so that the replies were scored by different rules; evaluate both models by the same ones."
            )
