"""The three rewards that come along."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace

import pytest

from raiden.core.errors import ConfigError
from raiden.endpoints.style import StyleJudge
from raiden.scoring import HintReward, LengthTarget
from tests.grpo.records import SAMPLE
from tests.servers.chat_server import Behaviour, ChatServer


def length(words, language, text, **options):
    return LengthTarget(words, **options)(replace(SAMPLE, language=language), (), text).value


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "I was born in the north."),
        ("ko", "나는 북쪽 바닷가에서 태어난 등대지기 딸입니다."),
        ("zh", "我出生在北方的海边上。"),
        ("ja", "北の海辺で生まれたの。"),
    ],
)
def test_the_target_counts_words_or_pairs_of_characters(language, text):
    num = {"en": 6, "ko": 6, "zh": 5, "ja": 5}[language]  # ten characters are five pairs
    assert length(num, language, text, tolerance=0) == pytest.approx(0, abs=0.15)
    # Half and double are one doubling away: half a unit beyond the tolerance of 0.5.
    assert length(num / 2, language, text) == pytest.approx(-0.5, abs=0.15)
    assert length(num * 2, language, text) == pytest.approx(-0.5, abs=0.15)


def test_the_target_may_differ_by_language_and_reasoning_does_not_count():
    assert length({"en": 6}, "en", "<think>Where was I born, let me see.</think>I was born in the north.") == 0
    assert length({"zh": 6}, "en", "No.") == 0
    assert length(6, "en", "") == -1
    with pytest.raises(ConfigError, match="tolerance"):
        LengthTarget(6, tolerance=-1)


REPLIES = ["In the north.", "Ah, the north! Where the wind has teeth.", "I was born in the north, friend."]


def judge(says, replies=REPLIES, faults=None, num_faults=1):
    """The scores of a judge behind a server that says this, and the number of requests."""

    async def main():
        async with ChatServer(Behaviour(says=says, faults=faults or {}, num_faults=num_faults)) as server:
            style = StyleJudge(server.base_url, "m", timeout=1.0 if "hang" in (faults or ()) else 60.0, max_retries=1)
            try:
                return await style.score_group(SAMPLE, (), replies), len(server.bodies)
            finally:
                await style.close()

    return asyncio.run(main())


def shown(messages):
    return re.findall(r"<Reply \d+>\n(.*?)\n</Reply", messages[-1]["content"])


def longest_first(messages):
    replies = shown(messages)
    order = sorted(range(len(replies)), key=lambda i: -len(replies[i]))
    return json.dumps({"ranking": [i + 1 for i in order]})


def test_a_judge_that_keeps_to_its_word_ranks_the_whole_group():
    scores, num = judge(longest_first)
    assert [score.value for score in scores] == [-1.0, 1.0, 0.0]
    assert num == 2


def test_a_judge_that_favours_a_place_scores_nobody():
    scores, _ = judge(lambda messages: json.dumps({"ranking": list(range(1, len(shown(messages)) + 1))}))
    assert [score.value for score in scores] == [None] * 3
    assert "agree on no pair" in scores[0].reason


def test_pairs_on_which_the_orders_agree_count_alone():
    def best_first_else_by_place(messages):  # the longest is always first, the others as they stand
        replies = shown(messages)
        best = max(range(len(replies)), key=lambda i: len(replies[i]))
        return json.dumps({"ranking": [best + 1, *(i + 1 for i in range(len(replies)) if i != best)]})

    scores, _ = judge(best_first_else_by_place)
    assert [score.value for score in scores] == [-1.0, 1.0, -1.0]


@pytest.mark.parametrize("fault", ["500", "hang", "half_body", "half_json", "empty"])
def test_a_judge_that_fails_scores_nobody(fault):
    scores, _ = judge(longest_first, faults={fault: 1.0}, num_faults=100)
    assert [score.value for score in scores] == [None] * 3
    assert "the judge failed" in scores[0].reason


@pytest.mark.parametrize("ranking", [[1, 1, 2], [1, 2, 4], [0, 1, 2]])
def test_a_ranking_of_other_replies_is_none(ranking):
    scores, _ = judge(lambda _: json.dumps({"ranking": ranking}))
    assert [score.value for score in scores] == [None] * 3


HINTED = replace(
    SAMPLE,
    character_profile={"Name": "Ada", "Life": "Ada was born in the north. She keeps the lighthouse."},
    raw={},
)


@pytest.mark.parametrize(
    ("completion", "value"),
    [
        # "ada was born in the north" is six of six words: 0.6 + 1.
        ("<hint>Ada was born in the north.</hint><think>So I say that.</think>In the north.", 1.6),
        # Ten words, six of them right: F1 is 12 / 16.
        ("<hint>Ada was born in the north. She keeps the lighthouse.</hint><think>Hm.</think>In the north.", 1.35),
        ("<hint>No idea</hint><think>Hm.</think>In the north.", 0.6),
        ("<think>Hm.</think><hint>Ada was born in the north.</hint>In the north.", 0.0),
        ("<hint>Ada was born in the north.</hint><think>Hm.</think>", 0.0),
        ("<hint>A</hint><hint>Ada was born in the north.</hint><think>Hm.</think>In the north.", 0.0),
        ("In the north.", 0.0),
    ],
)
def test_a_hint_earns_by_its_form_and_by_what_it_quotes(completion, value):
    assert HintReward()(HINTED, (), completion).value == pytest.approx(value)


def test_the_samples_own_hints_come_first_and_nothing_to_quote_is_no_score():
    completion = "<hint>She keeps the lighthouse.</hint><think>Hm.</think>In the north."
    own = replace(HINTED, raw={"hint": {"profile": "She keeps the lighthouse."}})
    assert HintReward()(own, (), completion).value == pytest.approx(1.6)
    assert HintReward()(replace(HINTED, character_profile={"Name": "Ada"}), (), completion).value is None
