"""The reward of `raiden fit` in verl and in EasyR1, on rows of `raiden convert --to verl` and `--to easyr1`.

verl: `reward.custom_reward_function.path=pkg://raiden.verl_route`, by `compute_score`; with the reward manager of
`raiden.verl_manager`, which hands over what verl's own leave out: whether a completion was cut, think tags that a
tokenizer counts among its special tokens, channels. EasyR1: the path of this file and `:compute_scores`, with
`reward_type: batch`. Without torch and transformers: those of verl are older than raiden's.

Options (`reward_kwargs`, `reward_function_kwargs`) are those of `model.rewards`, as `accuracy_weight`.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from difflib import get_close_matches
from functools import cache
from typing import Any

from raiden.core.errors import ConfigError, RewardError
from raiden.core.types import Reward
from raiden.data.reward_rows import RewardRow
from raiden.rewards import RewardConfig
from raiden.rewards.extra import COMPONENTS
from raiden.scoring.rows import Asked, RowScorer

READ = "raiden_read"
"""In `extra_info`: a completion as the reward manager has read it, and whether it was cut."""
_OF_VERL = ("reward_router_address", "reward_model_tokenizer")
"""What verl adds to the options where it has a reward model."""


def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: str,
    extra_info: Mapping[str, Any] | None = None,
    **options: Any,
) -> dict[str, Any]:
    """The reward of one completion, as `score`; each component, and as `acc` whether it is right; and the reason.

    May be called from several threads at once. `extra_info` is read only.

    Raises:
        SampleError: the row is none of `raiden convert --to verl`.
        RewardError: the completion has no score, which verl cannot leave out.
        ConfigError: an option cannot work here.
    """
    scorer = _scorer_of(options)
    if scorer.compares:
        raise ConfigError(
            f"the reward {scorer.compares[0]} compares the completions of a prompt, and this function sees one at a "
            "time; take compute_score_batch with verl's `batch` reward manager, or `raiden fit`."
        )
    return _score(scorer, [_asked(solution_str, ground_truth, extra_info)])[0]


def compute_score_batch(
    data_sources: Sequence[str],
    solution_strs: Sequence[str],
    ground_truths: Sequence[str],
    extra_infos: Sequence[Mapping[str, Any] | None] | None = None,
    **options: Any,
) -> list[dict[str, Any]]:
    """As `compute_score`, for verl's `batch` reward manager; neighbours of one sample are a group."""
    infos = [None] * len(solution_strs) if extra_infos is None else extra_infos
    return _score(_scorer_of(options), list(map(_asked, solution_strs, ground_truths, infos)))


def compute_scores(
    reward_inputs: Sequence[Mapping[str, Any]], max_response_length: int | None = None, **options: Any
) -> list[dict[str, float]]:
    """As `compute_score`, for EasyR1's `batch` reward manager: the reward as `overall`, and each component.

    Args:
        reward_inputs: a `response`, its `response_length` in tokens and its `ground_truth` each.
        max_response_length: `data.max_response_length`; a response as long was cut, unless it ends with a token that
            ends a turn, which `worker.reward.skip_special_tokens: false` leaves in its text.
    """
    rows = [RewardRow.load(given["ground_truth"]) for given in reward_inputs]
    asked: list[Asked] = []
    for row, given in zip(rows, reward_inputs, strict=True):
        reached = max_response_length is not None and given["response_length"] >= max_response_length
        asked.append((row.record, row.response_format, row.completion(given["response"], reached)))
    scores = _score(_scorer_of(options), asked)
    return [
        {"overall": s["score"]} | {n: v for n, v in s.items() if n not in ("score", "acc", "reason")} for s in scores
    ]


def _asked(solution: str, ground_truth: str, extra_info: Mapping[str, Any] | None) -> Asked:
    row = RewardRow.load(ground_truth)
    read = (extra_info or {}).get(READ)
    return row.record, row.response_format, read or row.completion(solution)


def _score(scorer: RowScorer, asked: Sequence[Asked]) -> list[dict[str, Any]]:
    names = [*COMPONENTS, *(extra.name for extra in scorer.config.extra_rewards)]
    return [_told(reward, names, cut) for reward, (*_, (_, cut)) in zip(scorer.score(asked), asked, strict=True)]


def _told(reward: Reward, names: Iterable[str], is_cut: bool) -> dict[str, Any]:
    """All have the same names, which verl takes from the first."""
    if reward.total is None:
        raise RewardError(
            f"a completion has no score ({', '.join(reward.unscored)}): {reward.reason} verl and EasyR1 cannot leave "
            "it out; see to the server or the reward, give it the weight 0, or train with `raiden fit`."
        )
    return {
        "score": reward.total,
        "acc": reward.accuracy,
        **{name: reward.components.get(name, math.nan) for name in names},
        "truncated": float(is_cut),
        "reason": reward.reason,
    }


def _scorer_of(options: Mapping[str, Any]) -> RowScorer:
    own = {name: _plain(value) for name, value in options.items() if name not in _OF_VERL}
    return _scorer(json.dumps(own, sort_keys=True))


@cache
def _scorer(options: str) -> RowScorer:
    given = json.loads(options)
    known = [field.name for field in fields(RewardConfig)]
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"there are {', '.join(known)}."
            raise ConfigError(f"`{name}` is no option of the reward; {hint}")
    return RowScorer(RewardConfig(**given))


def _plain(value: Any) -> Any:
    """Without the classes of a configuration library."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    return list(map(_plain, value)) if isinstance(value, Sequence) and not isinstance(value, str) else value
