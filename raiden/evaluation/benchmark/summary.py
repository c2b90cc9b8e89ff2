"""All figures of a run; each can be worked out again from `replies.json` and `verdicts.json`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from raiden.core.types import LANGUAGES
from raiden.evaluation.benchmark.dialogues import Skipped
from raiden.evaluation.benchmark.dimensions import DIMENSIONS, Dimension
from raiden.evaluation.benchmark.judge import Judged, Outcome, Verdict
from raiden.evaluation.benchmark.scoring import VERSION, Answered, Rule
from raiden.evaluation.benchmark.verdicts import add_up, cohens_kappa, rule_outcome, share
from raiden.evaluation.statistics import compare_paired, estimate
from raiden.evaluation.style import style

ALL = "all"
"""The name of what is worked out over all dimensions."""


def summarise(
    answered: Sequence[Answered],
    judged: Sequence[Judged],
    against: Mapping[str, str],
    against_rules: Mapping[str, Rule],
    skipped: Sequence[Skipped],
) -> dict[str, Any]:
    """The figures, ready for JSON.

    Args:
        against: what the other model replied, or the references, by id of the turn.
        against_rules: what the rules say of those.
    """
    met = [d for d in DIMENSIONS.values() if any(d in one.turn.dimensions for one in answered)]
    figures = {dimension.name: _dimension(dimension, answered, judged) for dimension in met}
    return {
        "version": VERSION,
        "dimensions": figures | {ALL: _figures(answered, judged, answered)},
        "mean_score": _mean_score(figures),
        "agreement": _agreement(answered, judged, against_rules),
        "style": _styles(answered, against),
        "skipped": dict(Counter(one.kind for one in skipped)),
    }


def _mean_score(figures: Mapping[str, Any]) -> float | None:
    """Mean of the dimensions' scores, each counting the same, as the benchmark's authors average them."""
    scores = [one["judge"]["score"] for one in figures.values() if one["judge"]]
    scores = [score for score in scores if score is not None]
    return sum(scores) / len(scores) if scores else None


def _dimension(dimension: Dimension, answered: Sequence[Answered], judged: Sequence[Judged]) -> dict[str, Any]:
    own = [one for one in answered if dimension in one.turn.dimensions]
    verdicts = [one for one in judged if one.comparison.dimension == dimension]
    # A turn has one rule, which tells of the first of its dimensions that a rule can tell of.
    scored = [one for one in own if one.turn.focus == dimension.focus]
    return {"code": dimension.code, "title": dimension.title} | _figures(own, verdicts, scored)


def _figures(answered: Sequence[Answered], judged: Sequence[Judged], scored: Sequence[Answered]) -> dict[str, Any]:
    return {
        "num_turns": len(answered),
        "num_failed": sum(one.reply is None for one in answered),
        "num_truncated": sum(one.truncated for one in answered),
        "rule": _rule_figures(scored),
        "judge": _judge_figures(judged),
    }


def _rule_figures(answered: Sequence[Answered]) -> dict[str, Any] | None:
    scored = [(one.turn.profile.name, one.rule) for one in answered if one.rule]
    if not scored:
        return None
    accuracy = estimate([rule.accuracy for _, rule in scored], [name for name, _ in scored])
    return {
        "num_scored": accuracy.num_samples,
        "num_characters": accuracy.num_characters,
        "accuracy": accuracy.mean,
        "interval": [accuracy.low, accuracy.high],
        "keyword_hits": sum(rule.keyword_hit for _, rule in scored) / len(scored),
    }


def _judge_figures(judged: Sequence[Judged]) -> dict[str, Any] | None:
    if not judged:
        return None
    score = add_up(judged)
    valid = [one for one in judged if not one.failed]
    return {
        "num_comparisons": len(valid),
        "num_characters": len({_character(one) for one in valid}),
        "wins": score.wins,
        "ties": score.ties,
        "losses": score.losses,
        "score": score.score,
        **(_intervals(valid) if valid else {"interval": None, "margin": None}),
        "strict_score": score.strict,
        "num_disagreements": score.num_disagreements,
        "disagreement_share": score.num_disagreements / len(valid) if valid else None,
        "num_first_preferred": score.num_first_preferred,
        "num_errors": score.num_errors,
    }


def _intervals(valid: Sequence[Judged]) -> dict[str, Any]:
    """How sure the score is, and whether wins and losses differ by more than chance."""
    characters = [_character(one) for one in valid]
    wins, losses = ([share(one, outcome) for one in valid] for outcome in ("win", "lose"))
    score, margin = estimate(wins, characters), compare_paired(losses, wins, characters)
    return {
        "interval": [score.low, score.high],
        "margin": {
            "difference": margin.difference,
            "interval": [margin.low, margin.high],
            "p_value": margin.p_value,
            "verdict": margin.verdict,
        },
    }


def _character(judged: Judged) -> str:
    return judged.comparison.turn.profile.name


def _agreement(
    answered: Sequence[Answered], judged: Sequence[Judged], against_rules: Mapping[str, Rule]
) -> dict[str, Any] | None:
    """Cohen's kappa between rules and judge, over the comparisons that both can decide."""
    rules = {one.turn.id: one.rule for one in answered if one.rule}
    pairs: list[tuple[Outcome, Outcome]] = []
    for one in judged:
        id_, focus = one.comparison.turn.id, one.comparison.turn.focus
        if one.comparison.dimension.focus == focus and one.outcome and id_ in rules and id_ in against_rules:
            pairs.append((rule_outcome(rules[id_].accuracy, against_rules[id_].accuracy), one.outcome))
    if not pairs:
        return None
    counts = Counter(f"rules: {rule}, judge: {judge}" for rule, judge in pairs)
    return {"kappa": cohens_kappa(pairs), "num_comparisons": len(pairs), "counts": dict(sorted(counts.items()))}


def _styles(answered: Sequence[Answered], against: Mapping[str, str]) -> dict[str, Any]:
    """How the model writes, beside the references and the other model, each on the same turns as the model."""
    styles: dict[str, Any] = {}
    for language in LANGUAGES:
        own = [one for one in answered if one.reply is not None and one.turn.language == language]
        pairs = {
            "reference": [(one.reply or "", one.turn.reference) for one in own if one.turn.reference],
            "against": [(one.reply or "", against[one.turn.id]) for one in own if one.turn.id in against],
        }
        if own:
            styles[language] = {"model": style([one.reply or "" for one in own], language)}
            for name, texts in pairs.items():
                styles[language][name] = {
                    "num_turns": len(texts),
                    "model": style([reply for reply, _ in texts], language),
                    "other": style([other for _, other in texts], language),
                }
    return styles


def verdict_rows(judged: Sequence[Judged]) -> list[dict[str, Any]]:
    """The comparisons with both verdicts, ready for JSON."""
    return [
        {
            "id": one.comparison.turn.id,
            "character_name": one.comparison.turn.profile.name,
            "dimension": one.comparison.dimension.name,
            "reply": one.comparison.reply,
            "against": one.comparison.against,
            "outcome": "error" if one.failed else one.outcome or "disagreement",
            "model_first": _verdict(one.model_first),
            "model_second": _verdict(one.model_second),
        }
        for one in judged
    ]


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {"outcome": verdict.outcome, "raw": verdict.raw}
