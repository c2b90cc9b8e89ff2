"""The figures of style, worked out by hand."""

import pytest

from raiden.evaluation.style import style


def test_figures_are_those_counted_by_hand():
    # Units: i bake bread / i bake rolls / fog mostly.
    figures = style(["I bake bread.", "I bake rolls! ", "Fog, mostly."], "en")

    assert figures["mean_length"] == (13 + 13 + 12) / 3
    assert figures["distinct_1"] == 6 / 8  # i bake bread rolls fog mostly
    assert figures["distinct_2"] == 4 / 5  # "i bake" stands twice
    assert figures["first_person"] == 2 / 3
    assert figures["repeated_openings"] == 0  # the third words differ


def test_a_model_that_says_the_same_each_time_has_no_distinct_words_left():
    dull = style(["I am a baker."] * 10, "en")

    assert (dull["distinct_1"], dull["distinct_2"]) == (4 / 40, 3 / 30)
    assert dull["repeated_openings"] == 1


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("zh", ["我在徽州学徒。", "铜尺。"]),
        ("ja", ["私は盛岡の職人です。", "りんごです。"]),
        ("ko", ["저는 통영에 살아요.", "석류나무예요."]),
        ("en", ["I live in Truro.", "A kingfisher."]),
    ],
)
def test_a_word_for_oneself_is_found_in_each_language(language, texts):
    assert style(texts, language)["first_person"] == 0.5


def test_chinese_is_counted_in_characters():
    assert style(["好好学习"], "zh")["distinct_1"] == 3 / 4


def test_no_replies_have_no_style():
    assert style([], "en") == {}


def test_an_opening_is_repeated_where_two_replies_share_it():
    assert style(["I bake bread.", "I bake bread daily.", "Fog, mostly."], "en")["repeated_openings"] == 2 / 3


def test_a_reply_without_a_word_is_no_opening():
    assert style(["...", "..."], "en")["repeated_openings"] == 0
