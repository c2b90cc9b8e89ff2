"""No input makes the reward raise or hang, and the same input always earns the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from raiden.core.languages import detect_language
from raiden.core.types import LANGUAGES
from raiden.rewards import VRAR, RewardConfig, japanese, korean

from .cases import CASES, accuracy, build_sample, read_cases

KEYWORDS = [
    "green tea",
    "27",
    "March 5",
    "绿茶",
    "5月5日",
    "緑茶",
    "食べる",
    "녹차",
    "달리다",
    "스물일곱",
    "King's",
    "東京",
    "🍵茶",
]
PIECES = [
    *KEYWORDS,
    *(
        "<think>",
        "</think>",
        "<answer>",
        "</answer>",
        "<THINK >",
        "not ",
        "no ",
        "不",
        "没有",
        "ない",
        "ません",
        "않",
        "아니",
        "안 ",
    ),
    *(
        ", ",
        "、",
        "。",
        "? ",
        "！",
        "\n",
        " or ",
        "或者",
        "か",
        " 또는 ",
        "1,2,3.",
        "9" * 40,
        "十百千万",
        "이일",
        "\u0301",
        "\u3099",
        "ᄀ",
        "\0",
    ),
    *(
        "\ud800",
        "\U0001f468\u200d\U0001f469",
        "maybe ",
        "可能",
        "かも",
        "아마",
        "twenty-",
        "hundred ",
        "/",
        "\\",
        "[",
        "(",
        "*",
        "|",
        "User:",
    ),
]
TEXTS = st.one_of(st.text(max_size=300), st.lists(st.sampled_from(PIECES), max_size=60).map("".join))
SLOW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@SLOW
@given(text=TEXTS, keyword=st.sampled_from(KEYWORDS), language=st.sampled_from(LANGUAGES), truncated=st.booleans())
def test_no_text_makes_the_reward_raise(text: str, keyword: str, language: str, truncated: bool) -> None:
    sample = build_sample(keywords=[keyword], language=language, question=text[:40])
    for response_format in ("plain", "think"):
        reward = VRAR(RewardConfig(response_format=response_format))(sample, text, truncated)
        assert reward.accuracy in (0, 1)
        assert all(text[span.start : span.end] == span.text for span in reward.spans)
        assert reward.reason.endswith(".")


@SLOW
@given(keyword=st.text(min_size=1, max_size=20), text=TEXTS, language=st.sampled_from(LANGUAGES))
def test_no_keyword_makes_the_reward_raise(keyword: str, text: str, language: str) -> None:
    try:
        sample = build_sample(keywords=[keyword], language=language, character_profile={"Name": keyword, "x": text})
    except ValueError:
        return
    VRAR()(sample, f"{text} {keyword} {text}")


@SLOW
@given(text=TEXTS)
def test_every_text_has_a_language(text: str) -> None:
    assert detect_language(text) in LANGUAGES


LONG = {
    "one letter": "a",
    "keyword": "green tea ",
    "Chinese keyword": "绿茶",
    "Chinese commas": "我,",
    "Chinese lists": "绿茶、",
    "Japanese": "緑茶は飲みませんが、",
    "Korean": "녹차는 안 마시지만 ",
    "digits": "1234567890",
    "numerals": "十百千",
    "number words": "twenty seven hundred ",
    "Korean numerals": "이십칠",
    "commas": "a, ",
    "or": "green tea, or ",
    "tags": "<think>",
    "closed tags": "<think>a</think>",
    "turns": "</s>",
    "labels": "User:\n",
    "comments": "<!--",
    "brackets": "<" * 50,
    "marks": "e\u0301\u0301",
    "jamo": "ᄀ",
    "blanks": " ",
    "line breaks": "\n",
    "periods": ".",
    "quotes": "'",
    "dates": "5月",
    "slashes": "1/2/",
    "maybe": "maybe ",
    "not": "not ",
}


@pytest.mark.parametrize("unit", LONG.values(), ids=LONG.keys())
@pytest.mark.parametrize("language", LANGUAGES)
def test_time_is_linear_up_to_100_kb(unit: str, language: str) -> None:
    keyword = {"zh": "绿茶", "ja": "緑茶", "ko": "녹차", "en": "green tea"}[language]
    sample = build_sample(
        keywords=[keyword, "27", "5月5日"],
        language=language,
        match="all",
        character_profile={"Name": "a", "x": "green tea, 绿茶"},
    )
    text = (unit * (100_000 // len(unit.encode("utf-8")) + 1))[:100_000]
    start = time.process_time()
    VRAR()(sample, text)
    assert time.process_time() - start < 20  # what grows with the square takes minutes; a busy machine twice the 3 s


@pytest.mark.parametrize("language", LANGUAGES)
def test_scores_are_the_same_in_every_thread(language: str) -> None:
    cases = read_cases(CASES / f"{language}.jsonl")[::2]
    alone = [accuracy(case) for case in cases]
    japanese.tokenise.cache_clear()
    korean.tokenise.cache_clear()
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(accuracy, 4 * cases)) == 4 * alone


def test_scores_are_the_same_in_every_process_and_hash_seed() -> None:
    program = (
        "import json, sys; sys.path.insert(0, 'tests')\n"
        "from rewards.cases import CASES, read_cases, build_sample\n"
        "from raiden.rewards import VRAR\n"
        "from dataclasses import asdict\n"
        "rows = "
        "[row for name in ('zh', 'ja', 'en', 'ko') for row in read_cases(CASES / f'{name}.jsonl')[::5]]\n"
        "if int(sys.argv[1]): rows = rows[::-1]\n"
        "found = [asdict(VRAR()(build_sample(**row), row['reply'])) for row in rows]\n"
        "print(json.dumps(found[::-1] if int(sys.argv[1]) else found))"
    )
    outputs = set()
    for seed, reverse, locale in (("0", "0", "C"), ("1", "1", "C.UTF-8"), ("4242", "0", "POSIX")):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": locale, "PYTHONUTF8": "1"}
        done = subprocess.run(
            [sys.executable, "-c", program, reverse],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        outputs.add(done.stdout)
    assert len(outputs) == 1
    assert json.loads(outputs.pop())
