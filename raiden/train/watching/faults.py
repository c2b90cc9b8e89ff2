"""What can be wrong with a run whose single steps are all right: the figure that shows it, and what helps."""

from raiden.train.watching.lasting import Fault

# Limits are the options of `LearningWatch`; beside each stands what healthy runs show.

SILENT = {
    "no_advantage": Fault(
        "frac_reward_zero_std",
        lambda share, _: share == 1,
        "no group had an advantage",
        "all completions of each group earn the same, so nothing is learned: look at the completions in TensorBoard; "
        "raise `model.sampling.temperature` or `model.num_generations`, or take easier (or harder) questions",
    ),
    "truncated": Fault(
        "completions/clipped_ratio",
        lambda share, _: share == 1,
        "all completions were truncated",
        "none ended before `model.sampling.max_tokens`: raise it, or check that the model's chat template and end "
        "token fit",
    ),
}
"""What stops all learning. Of a step of the quickstart at most half of the groups have no advantage."""
_HELD_BACK = "raise `model.objective.beta` (0 holds the policy to nothing) or lower `model.optimizer.lr`"
REWARD_HACKING = (
    "the reward is earned by something else than right answers, or the training questions are learned by heart: read "
    "the completions and the curves `rewards/...` in TensorBoard, lower the weight in `model.rewards` that pays for "
    f"it, {_HELD_BACK}, or stop earlier"
)


def low_entropy(limit: float) -> Fault:
    """Seeds of the quickstart begin at 1.6 to 1.9 nats a token and stay above 0.27."""
    return Fault(
        "entropy",
        lambda value, first: value < limit and value < first / 10,
        "the entropy was near nothing ({value:.4f} nats a token, {first:.4f} at the start)",
        "the model always says the same and has nothing left to choose from: lower `model.optimizer.lr`, or raise "
        "`model.objective.entropy_coef` or `model.sampling.temperature`, and go on from an earlier checkpoint; the "
        "limit is `watch.min_entropy`",
    )


def far_from_reference(limit: float) -> Fault:
    """The quickstart, which nothing holds back (its beta is 0), ends 0.75 to 0.88 nats a token away."""
    return Fault(
        "kl",
        lambda value, _: value > limit,
        "the policy was far from the reference ({value:.2f} nats a token, {first:.4f} at the start)",
        f"{_HELD_BACK}; the limit is `watch.max_kl`",
    )


def growing_replies(limit: float) -> Fault:
    """In the quickstart the share that is cut falls, from 0.8 to 0."""
    return Fault(
        "completions/clipped_ratio",
        lambda value, first: value - first > limit,
        "replies had grown to the limit ({value:.0%} were cut, {first:.0%} at the start)",
        "raise `model.sampling.max_tokens` where they are good, else lower `model.rewards.max_length` and raise "
        "`model.rewards.length_weight`; the limit is `watch.max_clipped_rise`",
    )


def alike_replies(limit: float) -> Fault:
    """Seeds of the quickstart stay below 0.19; 62 of 80 replies that end in a stray `.)` are 0.78."""
    return Fault(
        "completions/alike",
        lambda value, _: value > limit,
        "replies to different questions had grown alike ({value:.0%} {text}, beyond the reference answers and the "
        "first replies)",
        f"read the completions in TensorBoard; {_HELD_BACK}, and go on from an earlier checkpoint; the limit is "
        "`watch.max_alike`",
    )
