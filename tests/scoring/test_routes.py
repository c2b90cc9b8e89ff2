"""Rewards of one's own in `raiden score`, `raiden validate` of any model and TRL's reward functions."""

from __future__ import annotations

import asyncio
import json

import pytest
import yaml

from raiden.commands.model_options import read_reward_file
from raiden.commands.score import main
from raiden.core.errors import ConfigError
from raiden.data.samples import parse_sample
from raiden.endpoints import ChatReply, Identity, ReplySampling
from raiden.evaluation.asking import evaluate
from raiden.evaluation.results import metrics_of
from raiden.rewards import RewardConfig
from raiden.scoring import Scorer
from raiden.train.trl.rewards import RewardFunctions
from tests.records import sample_record
from tests.trl_route.test_rewards import columns

ENTRY = {"class_path": "tests.scoring.rewards.FirstOnly", "weight": 0.5, "init_args": {"num": 2}, "name": "place"}
SAMPLE = parse_sample(sample_record(), "")
REPLIES = ["我叫小明。", "我叫小红。", "小明的名字是小明。"]


@pytest.fixture
def expected():
    scorer = Scorer(RewardConfig(extra=[ENTRY]))
    (rewards,) = scorer.score([(SAMPLE, [(text, False) for text in REPLIES])])
    scorer.close()
    assert [reward.total is None for reward in rewards] == [False, False, True]
    return rewards


@pytest.mark.parametrize("content", [{"extra": [ENTRY]}, {"model": {"rewards": {"extra": [ENTRY]}}}], ids=str)
def test_score_takes_rewards_from_a_file_and_rows_of_one_question_for_a_group(tmp_path, capsys, expected, content):
    rewards, rows = tmp_path / "rewards.yaml", tmp_path / "rows.json"
    rewards.write_text(yaml.safe_dump(content))
    rows.write_text(json.dumps([{**sample_record(), "reply": reply} for reply in REPLIES]))
    assert main([str(rows), "--json", "--rewards", str(rewards)]) == 0
    scored = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["total"] for row in scored] == [r.total and pytest.approx(r.total, abs=1e-6) for r in expected]
    assert scored[2]["unscored"] == ["place"]
    assert "unscored" not in scored[0]
    assert main([str(rows), "--rewards", str(rewards)]) == 0
    assert ", 1 without a score" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "told"), [("acuracy_weight: 1", "`acuracy_weight` is no option"), ("[1]", "holds no options")]
)
def test_a_file_of_rewards_that_cannot_be_used_is_told(tmp_path, content, told):
    (tmp_path / "rewards.yaml").write_text(content)
    with pytest.raises(ConfigError, match=told):
        read_reward_file(str(tmp_path / "rewards.yaml"))


class Parrot:
    """An endpoint that gives the replies in turn."""

    def __init__(self):
        self.replies = iter(REPLIES)

    async def identity(self):
        return Identity("local", "parrot")

    async def complete(self, request):
        return ChatReply(next(self.replies), 1, 1)


def test_validate_scores_the_replies_to_a_question_as_a_group_and_keeps_the_missing_out_of_the_mean(expected):
    sampling = ReplySampling(temperature=1.0)
    evaluation = asyncio.run(evaluate(Parrot(), [SAMPLE], sampling, 3, RewardConfig(extra=[ENTRY])))
    assert [row["total"] for row in evaluation.rows] == [reward.total for reward in expected]
    assert evaluation.rows[2]["unscored"] == ["place"]
    assert metrics_of(evaluation.rows)["reward"] == pytest.approx((expected[0].total + expected[1].total) / 2)
    assert evaluation.rewards["extra"] == [ENTRY]


def test_trl_gets_the_same_rewards_and_none_of_a_completion_without_a_score(expected):
    functions = RewardFunctions(RewardConfig(extra=[ENTRY]))
    table = columns([SAMPLE] * 3)
    given = [function(REPLIES, **table) for function in functions.functions]
    assert functions.functions[-1].__name__ == "place_reward"
    assert functions.weights[-1] == 0.5
    for index, reward in enumerate(expected):
        values = [of_one[index] for of_one in given]
        if reward.total is None:
            assert values == [None] * len(given)
        else:
            total = sum(weight * value for weight, value in zip(functions.weights, values, strict=True))
            assert total == pytest.approx(reward.total)
