"""Rewards of one's own beside the verifiable one: what counts, what is left out, what is told."""

from __future__ import annotations

import pytest

from raiden.core.errors import ConfigError, RewardError
from raiden.core.types import Prompt, Rollout
from raiden.rewards import VRAR, RewardConfig
from raiden.rollout.rollouts import refuse_unscored, rollout_metrics
from raiden.scoring import Scorer
from tests.grpo.records import SAMPLE, make_rollout

from .rewards import by_text

OWN = "tests.scoring.rewards."
TEXTS = ["In the north.", "In the south.", "I do not know.", "I was born in the north."]


def scorer(*entries, **options):
    extra = [{"class_path": OWN + name, **rest} for name, rest in entries]
    return Scorer(RewardConfig(extra=extra, **options))


def score(own, texts=TEXTS):
    (rewards,) = own.score([(SAMPLE, [(text, False) for text in texts])])
    own.close()
    return rewards


def test_a_reward_of_ones_own_is_added_with_its_weight_and_its_reason():
    rewards = score(scorer(("ByText", {"weight": 0.5, "name": "mine"})))
    for text, reward in zip(TEXTS, rewards, strict=True):
        rule = VRAR()(SAMPLE, text)
        assert reward.total == pytest.approx(rule.total + 0.5 * by_text(text))
        assert reward.components == {**rule.components, "mine": by_text(text)}
        assert reward.reason.startswith(rule.reason)
        assert "points, by its text" in reward.reason


@pytest.mark.parametrize(("weight", "is_left_out"), [(1.0, True), (0.0, False)])
def test_no_score_leaves_a_completion_out_unless_the_reward_has_no_weight(weight, is_left_out):
    first, *others = score(scorer(("FirstOnly", {"weight": weight, "init_args": {"num": 3}})))
    assert first.total is not None
    assert first.unscored == ()
    assert (others[-1].total is None) == is_left_out
    assert others[-1].unscored == ("first_only",)
    assert "first_only" not in others[-1].components
    assert "no score, a matter of place" in others[-1].reason


def test_a_request_that_failed_is_no_score():
    assert [r.total for r in score(scorer(("Gives", {"init_args": {"value": "fails"}})))] == [None] * 4


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("raises", "raised ZeroDivisionError (by nothing)"),
        ("nan", "gave nan, which is no finite number"),
        ("much", "gave 'much', which is no finite number"),
    ],
)
def test_what_is_no_score_ends_the_run_with_name_sample_value_and_remedy(value, told):
    with pytest.raises(RewardError) as error:
        score(scorer(("ByText", {}), ("Gives", {"init_args": {"value": value}, "name": "odd"})))
    message = str(error.value)
    assert told in message
    assert "`model.rewards.extra[1]` (odd)" in message
    assert SAMPLE.id in message
    assert SAMPLE.question in message
    assert "(None, reason)" in message


def test_a_reward_that_is_always_the_same_is_told_once_with_its_value():
    own = scorer(("Gives", {"init_args": {"value": 0.25}}))
    for _ in range(3):
        own.score([(SAMPLE, [(text, False) for text in TEXTS * 10])])
    (warning,) = own.take_warnings()
    assert "gives was 0.25 for 64 completions in a row" in warning
    assert "extra[0]" in warning
    assert SAMPLE.id in warning
    assert own.take_warnings() == []
    own.close()


def test_a_reward_that_varies_is_not_told():
    own = scorer(("ByText", {}))
    score(own, TEXTS * 20)
    assert own.take_warnings() == []


def test_no_more_calls_of_an_async_reward_wait_than_it_allows():
    own = scorer(("Slow", {"max_in_flight": 3}))
    rewards = score(own, TEXTS * 5)
    assert own.extra[0].reward.most == 3
    assert all(SAMPLE.question in reward.reason for reward in rewards)  # the prompt ends with the question


def test_a_completion_alone_is_nothing_for_a_reward_of_groups():
    (reward,) = score(scorer(("FirstOnly", {"init_args": {"num": 0}})), TEXTS[:1])
    assert reward == VRAR()(SAMPLE, TEXTS[0])


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"class_path": "nowhere.Nothing"}, "there is no nowhere.Nothing"),
        ({"class_path": OWN + "Missing"}, "there is no tests.scoring.rewards.Missing"),
        ({"class_path": OWN + "by_text"}, "is no class"),
        ({"class_path": OWN + "NoUnits"}, "must say what a score of 1 is"),
        ({"class_path": OWN + "OtherArguments"}, r"must take \(sample, prompt, completion\)"),
        ({"class_path": OWN + "FirstOnly", "init_args": {"nmu": 2}}, "cannot be made"),
        ({"class_path": OWN + "FirstOnly", "init_args": {"num": "two"}}, "cannot be made"),
        ({"class_path": OWN + "ByText", "wieght": 2}, "`model.rewards.extra.0..wieght` is no option"),
        (
            {"class_path": OWN + "ByText", "weight": -1},
            "`model.rewards.extra.0..weight` must be a number",
        ),
        ({"class_path": OWN + "ByText", "name": "accuracy"}, "there is a reward called accuracy already"),
        ({"weight": 1}, "must have a `class_path`"),
        ({"class_path": "raiden.scoring.LengthTarget", "init_args": {"words": 0}}, "`words` must be above 0"),
    ],
)
def test_an_entry_that_cannot_work_is_refused_at_load(entry, told):
    with pytest.raises(ConfigError, match=told):
        Scorer(RewardConfig(extra=[entry]))


def rollout_of(rewards):
    made = make_rollout([1], [[2]] * len(rewards), [0.0] * len(rewards))
    return Rollout(Prompt(SAMPLE, (1,)), made.completions, rewards)


def test_curves_are_means_over_the_completions_that_have_a_score():
    own = scorer(("FirstOnly", {}))
    rewards = score(own)
    metrics = rollout_metrics([rollout_of(rewards)], own.names)
    rules = [VRAR()(SAMPLE, text).total for text in TEXTS[:2]]
    values = [by_text(text) for text in TEXTS[:2]]
    assert metrics["reward"] == pytest.approx((sum(rules) + sum(values)) / 2)
    assert metrics["rewards/first_only/mean"] == pytest.approx(sum(values) / 2)
    assert metrics["rewards/first_only/unscored"] == metrics["rewards/unscored"] == 2
    a, b = (rule + value for rule, value in zip(rules, values, strict=True))
    assert metrics["reward_std"] == pytest.approx(abs(a - b) / 2**0.5)


def test_rewards_that_are_all_missing_end_the_run():
    rewards = score(scorer(("Gives", {"init_args": {"value": "fails"}, "name": "judge"})))
    with pytest.raises(Exception, match=r"none of 4 completions has a score \(judge\)\. .*the server is asleep"):
        refuse_unscored([rollout_of(rewards)])
