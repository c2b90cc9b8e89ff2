"""Language detection on the short and mixed texts of role play."""

from __future__ import annotations

import pytest

from raiden.core.languages import detect_language
from raiden.rewards import chinese, japanese, korean, load_dictionaries


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("佐藤健一", "ja"),
        ("田中", "ja"),
        ("小沢", "ja"),
        ("佐々木", "ja"),
        ("日本の小さな島", "ja"),
        ("私はTonyです。", "ja"),
        ("りんご", "ja"),
        ("渡辺健太は医者です", "ja"),
        ("最喜欢の是绿茶", "zh"),
        ("我喜欢《となりのトトロ》", "zh"),
        ("我是Tony，喜欢Coldplay的歌。", "zh"),
        ("王小明", "zh"),
        ("臺灣", "zh"),
        ("東京都と言います", "ja"),
        ("我最愛の奶茶店在台北市", "zh"),
        ("저는 John Smith예요", "ko"),
        ("서울에 살아요. My name is Kim.", "ko"),
        ("저는 살아요", "ko"),
        ("I am 李小龙", "en"),
        ("My teacher 王老师 is from 北京 and we met there.", "en"),
        ("My friend 지훈 lives in Seoul", "en"),
        ("Café!", "en"),
        ("", "en"),
        ("27", "en"),
        ("!?", "en"),
    ],
)
def test_language_of_short_and_mixed_texts(text: str, language: str) -> None:
    assert detect_language(text) == language


def test_a_long_text_is_judged_by_its_beginning() -> None:
    assert detect_language("我是一名医生。" * 100_000) == "zh"


def test_dictionaries_are_loaded_before_the_first_reply():
    loaded = [chinese._segmenter, japanese._tokenizer, korean._tagger]
    for cached in (*loaded, japanese.tokenise, korean.tokenise):
        cached.cache_clear()
    load_dictionaries(["ja", "en"])
    assert [load.cache_info().currsize for load in loaded] == [0, 1, 0]
    load_dictionaries(["zh", "ko"])
    assert [load.cache_info().currsize for load in loaded] == [1, 1, 1]
