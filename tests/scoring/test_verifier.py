"""The second verifier: it decides where the rule finds nothing, and never against the rule."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
import torch

from raiden.core.errors import ConfigError
from raiden.core.processes import ALONE
from raiden.core.types import Completion, Prompt, Rollout
from raiden.data.chat_template import ChatTemplate
from raiden.policy import PolicyConfig, load_policy
from raiden.rewards import VRAR, RewardConfig
from raiden.rollout.likelihood import log_odds, verify_by_reference
from raiden.rollout.rollouts import rollout_metrics
from raiden.scoring import Score, Scorer
from raiden.scoring.verifier import verified, verifying_question
from raiden.train.report import as_markdown, completion_rows, disagree
from tests.grpo.records import SAMPLE, make_rollout
from tests.servers.chat_server import Behaviour, ChatServer

ENDPOINT = "raiden.endpoints.verifier.EndpointVerifier"
TEXTS = ["In the north.", "Up where the ice begins.", "Not in the north.", "I like tea."]


@pytest.mark.parametrize(
    ("text", "is_open"),
    [(TEXTS[0], False), (TEXTS[1], True), (TEXTS[2], False), (TEXTS[3], True), ("", False), ("...", False)],
)
def test_the_rule_is_unsure_where_it_finds_nothing_for_or_against(text, is_open):
    assert VRAR()(SAMPLE, text).is_open == is_open


@pytest.mark.parametrize(
    ("text", "odds", "accuracy"),
    [(TEXTS[1], 2.0, 1), (TEXTS[1], -2.0, 0), (TEXTS[0], -2.0, 1), (TEXTS[2], 2.0, 0)],
)
def test_it_decides_what_is_open_and_overturns_nothing(text, odds, accuracy):
    config = RewardConfig()
    rule = VRAR(config)(SAMPLE, text)
    reward = verified(rule, Score(odds), config)
    assert (reward.components["rule"], reward.components["verifier"]) == (rule.accuracy, odds > 0)
    assert reward.accuracy == accuracy
    assert reward.total == pytest.approx(rule.total + 0.7 * (accuracy - rule.accuracy))
    assert f"{odds:+.2f} nats" in reward.reason


def test_without_its_word_an_open_completion_has_no_score_and_a_settled_one_keeps_its_own():
    unsure, settled = (
        verified(VRAR()(SAMPLE, t), Score(None, "asleep"), RewardConfig()) for t in (TEXTS[1], TEXTS[0])
    )
    assert (unsure.total, unsure.unscored) == (None, ("verifier",))
    assert (settled.total, settled.unscored) == (VRAR()(SAMPLE, TEXTS[0]).total, ("verifier",))


def ask_server(when, says, **behaviour):
    """The rewards by a server that says this, and the replies that it was asked about."""

    async def main():
        async with ChatServer(Behaviour(says=says, **behaviour)) as server:
            init = {"base_url": server.base_url, "model_name": "m", "timeout": 60.0, "max_retries": 0}
            scorer = Scorer(RewardConfig(verifier={"class_path": ENDPOINT, "init_args": init, "when": when}))
            (rewards,) = await scorer.score_async([(SAMPLE, [(text, False) for text in TEXTS])])
            await scorer.close_async()
            asked = [body["messages"][-1]["content"].partition("Reply: ")[2] for body in server.bodies]
            assert scorer.names == ["verifier"]
            return rewards, sorted(asked)

    return asyncio.run(main())


def likes_ice(messages):
    return "Yes." if "ice" in messages[-1]["content"].partition("Reply: ")[2] else "no"


def test_a_server_is_asked_of_open_replies_or_of_all():
    rewards, asked = ask_server("unsure", likes_ice)
    assert asked == sorted([TEXTS[1], TEXTS[3]])
    assert [reward.accuracy for reward in rewards] == [1, 1, 0, 0]
    rewards, asked = ask_server("all", likes_ice)
    assert asked == sorted(TEXTS)
    assert [reward.accuracy for reward in rewards] == [1, 1, 0, 0]
    assert [reward.components["verifier"] for reward in rewards] == [0, 1, 0, 0]
    rollout = replace(make_rollout([1], [[2]] * 4, [0.0] * 4), rewards=rewards)
    metrics = rollout_metrics([rollout], ["verifier"])
    assert metrics["verifier/agreement"] == 0.5  # "In the north." and the ice
    assert metrics["verifier/asked_share"] == 1
    assert metrics["rewards/rule/mean"] == metrics["rewards/verifier/mean"] == 0.25
    assert as_markdown(completion_rows([rollout], None, disagree)).count("\n") == 3


@pytest.mark.parametrize(
    ("says", "behaviour"),
    [(lambda _: "perhaps", {}), (likes_ice, {"faults": {"500": 1.0}}), (likes_ice, {"faults": {"half_body": 1.0}})],
    ids=["nonsense", "error", "half a body"],
)
def test_a_server_that_fails_or_talks_nonsense_gives_no_score(says, behaviour):
    rewards, _ = ask_server("all", says, **behaviour)
    assert [reward.total is None for reward in rewards] == [False, True, False, True]
    assert all(reward.unscored == ("verifier",) for reward in rewards)


@pytest.mark.parametrize(
    ("behaviour", "told"),
    [
        ({"first_logps": {"Yes": -0.2, " yes": -3.0, "No": -2.5, "Well": -4.0}}, "yes, +2.36 nats"),
        ({"first_logps": {"No": -0.5, "Well": -4.0}}, "no, -3.50 nats"),
        ({"first_logps": {"Yes": 0.0, "No": -9999.0}}, "yes, +100.00 nats"),
        ({"first_logps": {"Yes": "likely", "Well": -1.0}}, "yes, +1.00 nats"),
        ({"refused_fields": ("logprobs",), "first_logps": {"No": -0.1}}, "yes, +1.00 nats"),
        ({}, "yes, +1.00 nats"),
    ],
    ids=["both", "one", "never", "nonsense", "refused", "none"],
)
def test_a_server_that_tells_log_probabilities_gives_log_odds_and_another_its_word(behaviour, told):
    rewards, _ = ask_server("all", lambda _: "Yes", **behaviour)
    assert all(told in reward.reason for reward in rewards)


def rollouts_of(*replies):
    completions = tuple(Completion((2,), (-1.0,), text, "stop") for text in replies)
    return [Rollout(Prompt(SAMPLE, (1,)), completions, tuple(VRAR()(SAMPLE, text) for text in replies))]


def test_the_reference_says_yes_or_no_by_the_odds_of_the_next_token(tiny_folder, plain_model):
    policy = load_policy(PolicyConfig(str(tiny_folder)), with_reference=True)
    config = RewardConfig(verifier={"class_path": "reference", "when": "all"})
    (rollout,) = verify_by_reference(rollouts_of(*TEXTS), policy, config, ALONE, torch.device("cpu"))
    yes, no = (policy.tokenizer.encode(word, add_special_tokens=False)[0] for word in ("Yes", "No"))
    for text, reward in zip(TEXTS, rollout.rewards, strict=True):
        question = verifying_question(SAMPLE, text)
        (ids,) = ChatTemplate(policy.tokenizer).encode([[question]])
        logits = plain_model(torch.tensor([ids])).logits[0, -1]
        odds = (logits[yes] - logits[no]).item()
        assert f"{odds:+.2f} nats" in reward.reason
        assert reward.components["verifier"] == (odds > 0)


def test_questions_about_one_sample_share_the_work_of_what_comes_before_the_reply(tiny_folder, monkeypatch):
    policy = load_policy(PolicyConfig(str(tiny_folder)), with_reference=True)
    prompts = ChatTemplate(policy.tokenizer).encode([[verifying_question(SAMPLE, text)] for text in TEXTS])
    sizes = []
    forward = policy.separate_reference.forward
    monkeypatch.setattr(
        policy.separate_reference,
        "forward",
        lambda input_ids, **rest: sizes.append(input_ids.numel()) or forward(input_ids=input_ids, **rest),
    )
    log_odds(policy, prompts, ALONE, torch.device("cpu"))
    assert sum(sizes) < 0.5 * sum(map(len, prompts))


def test_who_has_no_reference_refuses_to_be_verified_by_it():
    with pytest.raises(ConfigError, match="there is none here"):
        Scorer(RewardConfig(verifier={"class_path": "reference"})).refuse_reference()


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"when": "all"}, "must have a `class_path`"),
        ({"class_path": "reference", "when": "never"}, "`model.rewards.verifier.when` must be unsure or all"),
        ({"class_path": "reference", "weight": 1}, "it decides the accuracy"),
        ({"class_path": "reference", "wehn": "all"}, "`model.rewards.verifier.wehn` is no option"),
    ],
)
def test_a_verifier_that_cannot_work_is_refused(entry, told):
    with pytest.raises(ConfigError, match=told):
        RewardConfig(verifier=entry)
