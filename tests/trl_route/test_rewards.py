"""The reward as TRL's reward functions, called as TRL calls them."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from raiden.core.errors import SampleError
from raiden.data.conversion import convert_sample
from raiden.data.prompts import PromptSettings
from raiden.data.samples import load_samples, parse_sample
from raiden.rewards import VRAR, RewardConfig
from raiden.train.trl.rewards import (
    COMPONENTS,
    RewardFunctions,
    accuracy_reward,
    first_person_reward,
    format_reward,
    vrar_reward,
)
from tests.records import sample_record
from tests.runs import ROOT


def columns(samples, response_format="plain"):
    """The data set's columns, as TRL makes keyword arguments of them."""
    rows = [convert_sample(sample, "trl", PromptSettings(response_format)) for sample in samples]
    return {name: [row[name] for row in rows] for name in rows[0]}


@pytest.fixture(scope="module")
def shipped():
    return load_samples(ROOT / "data/training/validation.json")


def test_a_right_reply_a_wrong_one_and_one_about_the_character():
    sample = parse_sample(sample_record(), "")
    replies = ["我叫小明。", "我叫小红。", "小明的名字是小明。"]
    table = columns([sample] * 3)
    assert accuracy_reward(replies, **table) == [1.0, 0.0, 1.0]
    assert first_person_reward(replies, **table) == [0.0, 0.0, -1.0]
    assert vrar_reward(replies, **table) == pytest.approx([1.0, 0.3, 0.8])


def test_on_shipped_data_of_four_languages_all_rewards_are_those_of_the_trainer(shipped):
    replies = [
        text
        for sample, other in zip(shipped, [*shipped[1:], shipped[0]], strict=True)
        for text in (sample.answer, other.answer, "; ".join(sample.character_profile.values()), sample.question, "")
    ]
    samples = [sample for sample in shipped for _ in range(5)]
    assert {sample.language for sample in samples} == {"zh", "ja", "en", "ko"}
    table = columns(samples)
    expected = [VRAR()(sample, reply) for sample, reply in zip(samples, replies, strict=True)]
    assert {reward.accuracy for reward in expected} == {0.0, 1.0}

    functions = RewardFunctions()
    for name, function in zip(COMPONENTS, functions.functions, strict=True):
        assert function.__name__ == f"{name}_reward"
        assert function(replies, **table) == [reward.components[name] for reward in expected]
    assert functions.vrar_reward(replies, **table) == [reward.total for reward in expected]
    assert set(COMPONENTS) == set(expected[0].components)


def test_a_conversation_and_its_text_earn_the_same(shipped):
    table = columns(shipped)
    texts = [sample.answer for sample in shipped]
    turns = [[{"role": "assistant", "content": text}] for text in texts]
    assert vrar_reward(turns, **table) == vrar_reward(texts, **table)


def test_the_format_that_the_prompt_asked_for_is_the_one_that_is_rewarded():
    sample = parse_sample(sample_record(), "")
    replies = ["我叫小明。", "<think>他问名字。</think>我叫小明。"]
    assert format_reward(replies, **columns([sample] * 2)) == [1.0, 0.0]
    assert format_reward(replies, **columns([sample] * 2, "think")) == [0.0, 1.0]
    assert "<think>" in columns([sample], "think")["prompt"][0][0]["content"]


def test_reasoning_that_was_parsed_away_counts_as_a_think_block():
    table = columns([parse_sample(sample_record(), "")], "think")
    message = {"role": "assistant", "content": "我叫小明。", "reasoning_content": "他问名字。"}
    assert format_reward([[message]], **table) == [1.0]
    assert accuracy_reward([[message]], **table) == [1.0]
    assert accuracy_reward([[{**message, "content": None}]], **table) == [0.0]


def test_a_completion_that_was_cut_is_not_well_formed():
    sample = parse_sample(sample_record(), "")
    end = 9
    functions = RewardFunctions(transcribe=lambda ids: ("我叫小明。", ids[-1] != end))
    table = columns([sample] * 2) | {"completion_ids": [[1, 2, end], [1, 2, 3]]}
    assert functions.format_reward(["", ""], **table) == [1.0, 0.0]
    assert functions.accuracy_reward(["", ""], **table) == [1.0, 1.0]
    assert functions.vrar_reward(["", ""], **table) == pytest.approx([1.0, 0.7])


def test_settings_of_the_reward_reach_the_functions(shipped):
    config = RewardConfig(accuracy_weight=2.0, max_length=1, recital_threshold=0)
    functions = RewardFunctions(config)
    texts = [sample.answer for sample in shipped]
    expected = [VRAR(config)(sample, text).total for sample, text in zip(shipped, texts, strict=True)]
    assert functions.vrar_reward(texts, **columns(shipped)) == expected
    assert expected != vrar_reward(texts, **columns(shipped))
    assert functions.weights == [2.0, 0.3, 0.2, 0.1, 0.2, 0.2]


@pytest.mark.parametrize("column", [None, [None], []])
def test_rows_without_samples_are_refused_and_not_scored(column):
    table = columns([parse_sample(sample_record(), "")]) | {"sample": column}
    with pytest.raises(SampleError, match="`sample` must hold a value for each of the 1 completions"):
        accuracy_reward(["我叫小明。"], **table)


def test_a_sample_that_cannot_be_scored_is_refused():
    table = columns([parse_sample(sample_record(), "")])
    table["sample"] = [json.dumps(sample_record(keywords=[]))]
    with pytest.raises(SampleError, match="column `sample`"):
        format_reward(["我叫小明。"], **table)


def test_what_decided_is_told_to_trl():
    extra, metrics = {}, {}
    memory = sample_record(metadata={"focus": "conversation_memory", "language": "zh"}, question="我叫什么？")
    samples = [parse_sample(sample_record(), ""), parse_sample(memory, "")]
    accuracy_reward(
        ["我叫小明。", "不知道。"],
        **columns(samples),
        log_extra=extra.__setitem__,
        log_metric=metrics.__setitem__,
    )
    assert metrics == {"cm": 0.0, "sbk": 1.0}
    assert extra["id"] == [sample.id for sample in samples]
    assert extra["matched"] == ["小明", ""]
    assert extra["truncated"] == [False, False]
    assert all(extra["reason"])


def test_the_functions_come_without_torch_and_without_trl():
    code = (
        "import sys, raiden.train.trl.rewards; "
        "print(sorted({'torch', 'trl', 'datasets', 'transformers'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "[]\n"
