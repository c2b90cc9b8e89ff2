"""Where the engine meets the reward: prompts -> groups of scored completions."""

from collections.abc import Sequence
from hashlib import blake2b
from math import isfinite, nan
from statistics import fmean

from raiden.core.errors import EngineError, TrainingError
from raiden.core.types import Completion, Prompt, Rollout, spread
from raiden.scoring import Scorer


def completion_seed(run_seed: int, step: int, sample_id: str, index: int) -> int:
    """The seed of one completion: a function of its position in the run, so that nothing else can change it.

    Args:
        step: rollouts before this one.
        index: of the completion among all that the step samples for this prompt.
    """
    position = f"{run_seed} {step} {sample_id} {index}".encode()
    return int.from_bytes(blake2b(position, digest_size=8).digest()) >> 1


def group_seeds(
    prompts: Sequence[Prompt], num_generations: int, run_seed: int, step: int, attempt: int = 0
) -> list[list[int]]:
    """The seeds of a group for each prompt.

    Args:
        attempt: groups that this step has sampled for these prompts before.
    """
    indices = range(attempt * num_generations, (attempt + 1) * num_generations)
    return [[completion_seed(run_seed, step, prompt.sample.id, index) for index in indices] for prompt in prompts]


def score_groups(scorer: Scorer, prompts: Sequence[Prompt], groups: Sequence[Sequence[Completion]]) -> list[Rollout]:
    """Each prompt with its group of completions, and what they earn."""
    written = [[(c.text, c.finish_reason == "length") for c in completions] for completions in groups]
    rewards = scorer.score([(prompt.sample, texts) for prompt, texts in zip(prompts, written, strict=True)])
    return [
        Rollout(prompt, tuple(completions), earned)
        for prompt, completions, earned in zip(prompts, groups, rewards, strict=True)
    ]


def refuse_unscored(rollouts: Sequence[Rollout]) -> None:
    """Ends a run that has nothing to go by.

    Raises:
        TrainingError: not one completion has a score; it says why the first has none.
    """
    if any(rollout.totals for rollout in rollouts):
        return
    num, first = sum(len(rollout.rewards) for rollout in rollouts), rollouts[0].rewards[0]
    raise TrainingError(
        f"none of {num} completions has a score ({', '.join(first.unscored)}). Of the first: {first.reason} See to "
        "the server or the reward and go on from the last checkpoint, or give that reward the weight 0."
    )


def rollout_metrics(rollouts: Sequence[Rollout], may_miss: Sequence[str] = ()) -> dict[str, float]:
    """What is logged of a step's rollouts, under the names that TRL's users know.

    `reward_std` is the mean spread within groups; `rewards/{name}/...` are components before their weights;
    lengths are in tokens. `frac_reward_zero_std` is logged with the groups that are trained on; see `SampledGroups`.

    Args:
        may_miss: rewards that may give no score. `rewards/{name}/unscored` counts the completions without one, and
            `rewards/unscored` those left out for it.

    `verifier/agreement` is the share of the replies a verifier was asked about on which the rule says the same.
    """
    completions = [c for r in rollouts for c in r.completions]
    rewards = [w for r in rollouts for w in r.rewards]
    totals = [total for r in rollouts for total in r.totals]
    lengths = [len(c.token_ids) for c in completions]
    terminated = [len(c.token_ids) for c in completions if c.finish_reason == "stop"]
    metrics = {
        "reward": fmean(totals) if totals and all(map(isfinite, totals)) else nan,
        "reward_std": fmean([r.reward_std for r in rollouts if r.totals] or [0.0]),
        "completions/mean_length": fmean(lengths),
        "completions/min_length": float(min(lengths)),
        "completions/max_length": float(max(lengths)),
        "completions/clipped_ratio": 1 - len(terminated) / len(completions),
        "completions/mean_terminated_length": fmean(terminated) if terminated else 0.0,
    }
    for name in dict.fromkeys(name for w in rewards for name in w.components):
        values = [w.components[name] for w in rewards if name in w.components]
        metrics[f"rewards/{name}/mean"] = fmean(values)
        metrics[f"rewards/{name}/std"] = spread(values) if len(values) > 1 else 0.0
    both = [(w.components["rule"], w.components["verifier"]) for w in rewards if "verifier" in w.components]
    if both:
        metrics["verifier/agreement"] = fmean(rule == verifier for rule, verifier in both)
        metrics["verifier/asked_share"] = len(both) / len(rewards)
    for name in may_miss:
        metrics[f"rewards/{name}/unscored"] = float(sum(name in w.unscored for w in rewards))
    if may_miss:
        metrics["rewards/unscored"] = float(len(rewards) - len(totals))
    for focus in ("sbk", "cm"):
        right = [w.accuracy for r in rollouts if r.prompt.sample.focus == focus for w in r.rewards]
        if right:
            metrics[f"train/{focus}"] = fmean(right)
    return metrics


_ROUNDING = 0.01
"""Nats that a log-probability may be above 0 by rounding."""


def refuse_malformed(
    groups: Sequence[Sequence[Completion]], seeds: Sequence[Sequence[int]], max_tokens: int, vocab_size: int
) -> None:
    """Compares completions with what was asked for; NaN and infinities are left to who skips the step.

    Args:
        seeds: one for each completion, prompt by prompt.

    Raises:
        EngineError: completions are missing, or hold what no sampling of this model can have given.
    """
    if list(map(len, groups)) != list(map(len, seeds)):
        asked, got = (sum(map(len, each)) for each in (seeds, groups))
        raise EngineError(
            f"the engine was asked for {asked} completions of {len(seeds)} prompts and gave {got} of {len(groups)}, "
            "or not as many of each prompt; take another `model.engine`."
        )
    for completion in (c for group in groups for c in group):
        if fault := _fault(completion, max_tokens, vocab_size):
            text = completion.text
            raise EngineError(f"the engine gave a completion {fault}: {text!r}; take another `model.engine`.")


def _fault(completion: Completion, max_tokens: int, vocab_size: int) -> str:
    ids, logps = completion.token_ids, completion.sampling_logps
    if not 1 <= len(ids) <= max_tokens:
        return f"of {len(ids)} tokens, where 1 to {max_tokens} were asked for"
    if len(ids) != len(logps):
        return f"of {len(ids)} tokens with {len(logps)} log-probabilities"
    if not 0 <= min(ids) <= max(ids) < vocab_size:
        return f"with tokens that the model has not (of {vocab_size:,}: {min(ids)} to {max(ids)})"
    if max(logps) > _ROUNDING:
        return f"with a log-probability above 0 ({max(logps):g} nats)"
    return ""
