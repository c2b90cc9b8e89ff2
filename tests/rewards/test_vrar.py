"""The reward as a whole: components, format, reasons, spans and the recital guard."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from raiden.core.errors import ConfigError
from raiden.core.types import Sample
from raiden.rewards import VRAR, RewardConfig

MakeSample = Callable[..., Sample]

MARA = {
    "Name": "Mara Quill",
    "Occupation": "lighthouse keeper",
    "Introduction": "Mara keeps the light on Skerry Rock, a lonely island off the northern coast.",
    "Detailed Description": (
        "She drinks green tea with honey at dawn. Her cat is called Biscuit. She plays the "
        "fiddle on stormy nights, "
        "collects sea glass, and writes letters to her brother Tom in Bergen. She is afraid of deep water."
    ),
}
ANSWER = "Green tea, always with a spoon of honey."


@pytest.fixture
def sample(make_sample: MakeSample) -> Sample:
    return make_sample(
        character_profile=MARA,
        question="What do you drink in the morning?",
        answer=ANSWER,
        keywords=["green tea"],
        language="en",
    )


def test_a_right_plain_reply_earns_everything(sample: Sample) -> None:
    reward = VRAR()(sample, "I drink green tea with honey.")
    assert reward.total == pytest.approx(1.0)
    assert reward.accuracy == 1
    assert reward.components["format"] == 1
    assert [span.text for span in reward.spans] == ["green tea"]
    assert reward.reason.endswith(".")


def test_the_reference_answer_earns_everything(sample: Sample) -> None:
    assert VRAR()(sample, ANSWER).total == pytest.approx(1.0)


def test_weights_are_applied(sample: Sample) -> None:
    reward = VRAR(RewardConfig(accuracy_weight=0.5, format_weight=0.1))(sample, "I drink coffee.")
    assert reward.total == pytest.approx(0.1)


def test_a_truncated_completion_is_not_well_formed(sample: Sample) -> None:
    reward = VRAR()(sample, "I drink green tea with", truncated=True)
    assert reward.components["format"] == 0
    assert reward.accuracy == 1


def test_one_related_fact_is_fine(sample: Sample) -> None:
    reply = "Green tea, every dawn. Biscuit, my cat, usually sits beside me while I drink it."
    assert VRAR()(sample, reply).accuracy == 1


def test_a_recital_of_the_profile_earns_no_accuracy(sample: Sample) -> None:
    reply = (
        "I am Mara Quill, a lighthouse keeper on Skerry Rock, a lonely island. I drink green tea "
        "with honey, my cat is called"
        " Biscuit, I play the fiddle on stormy nights and collect sea glass."
    )
    reward = VRAR()(sample, reply)
    assert reward.accuracy == 0
    assert "recites" in reward.reason


SHEETS = {
    "en": (
        "Age: 34\nJob: baker\nHome: Ghent\nPet: cat",
        "Where do you come from?",
        "I come from Ghent. I'm 34 and a baker. I have a cat.",
        "Ghent",
    ),
    "zh": (
        "年龄: 28\n职业: 花匠\n老家: 苏州\n爱好: 下棋",
        "你的老家在哪里？",
        "我的老家在苏州。我今年28岁。我是花匠。我喜欢下棋。",
        "苏州",
    ),
    "ja": (
        "年齢: 17\n職業: 高校生\n出身: 金沢\n趣味: 写真",
        "ご出身は？",
        "金沢の出身です。17歳です。高校生です。趣味は写真です。",
        "金沢",
    ),
    "ko": (
        "나이: 24\n직업: 간호사\n고향: 부산\n취미: 낚시",
        "고향이 어디예요?",
        "부산이 고향이에요. 24살이에요. 간호사예요. 취미는 낚시예요.",
        "부산",
    ),
}


@pytest.mark.parametrize("language", SHEETS)
def test_a_sheet_in_one_field_is_recited_fact_by_fact(make_sample: MakeSample, language: str) -> None:
    sheet, question, reply, keyword = SHEETS[language]
    sample = make_sample(
        question=question,
        character_profile={"Name": "Ada", "Profile": sheet},
        keywords=[keyword],
        answer=keyword,
        metadata={"language": language},
    )
    assert VRAR()(sample, reply).accuracy == 0
    assert VRAR(RewardConfig(recital_threshold=0))(sample, reply).accuracy == 1


def test_the_recital_guard_can_be_turned_off(sample: Sample) -> None:
    reply = " ".join(MARA.values())
    assert VRAR()(sample, reply).accuracy == 0
    assert VRAR(RewardConfig(recital_threshold=0))(sample, reply).accuracy == 1


@pytest.mark.parametrize(
    ("reply", "penalised"),
    [
        ("Mara Quill is a lighthouse keeper who drinks green tea.", True),
        ("You are drinking green tea.", True),
        ("I drink green tea.", False),
        ("Green tea with honey.", False),
        ("Mara drinks green tea? Yes, that is me.", False),
    ],
)
def test_speaking_out_of_character_is_penalised(sample: Sample, reply: str, penalised: bool) -> None:
    reward = VRAR()(sample, reply)
    assert reward.components["first_person"] == (-1 if penalised else 0)


def test_an_answer_about_the_user_is_in_character(make_sample: MakeSample) -> None:
    sample = make_sample(
        question="What did I say my name was?",
        keywords=["Tom"],
        focus="cm",
        language="en",
    )
    assert VRAR()(sample, "Your name is Tom.").components["first_person"] == 0


@pytest.mark.parametrize(
    ("text", "right", "well_formed"),
    [
        ("<think>easy</think>I drink green tea.", 1, 1),
        ("<think>easy</think>\n<answer>I drink green tea.</answer>", 1, 1),
        ("<think>green tea</think>I drink coffee.", 0, 1),
        ("I drink green tea.", 1, 0),
        ("<think></think>I drink green tea.", 1, 0),
        ("<think>green tea", 0, 0),
        ("green tea</think>I drink coffee.", 0, 0),
        ("<think>a</think><think>b</think>I drink green tea.", 1, 0),
        ("<think>a<think>b</think>green tea</think>coffee", 0, 0),
        ("<think>easy</think>", 0, 0),
        ("<think>easy</think><answer>I drink green tea.</answer> Bye!", 1, 0),
        ("<think>easy</think><answer></answer>", 0, 0),
        ("Well: <think>easy</think>I drink green tea.", 1, 0),
    ],
)
def test_think_format(sample: Sample, text: str, right: int, well_formed: int) -> None:
    reward = VRAR(RewardConfig(response_format="think"))(sample, text)
    assert (reward.accuracy, reward.components["format"]) == (right, well_formed)


@pytest.mark.parametrize(
    "text",
    [
        "<think>x</think>I drink green tea.",
        "I drink green tea.\nUser: And then?",
        "",
        "  ...  ",
    ],
)
def test_plain_format_faults(sample: Sample, text: str) -> None:
    assert VRAR()(sample, text).components["format"] == 0


@pytest.mark.parametrize(
    "text",
    ["我喝绿茶。", "緑茶を飲みます。", "저는 녹차를 마셔요.", "I drink green tea."],
)
def test_format_knows_no_language(sample: Sample, text: str) -> None:
    assert VRAR()(sample, text).components["format"] == 1


def test_spans_are_pieces_of_the_completion(make_sample: MakeSample) -> None:
    text = "<think>ｶﾞ…</think>Ｇｒｅｅｎ　Ｔｅａ ですよ。"
    reward = VRAR(RewardConfig(response_format="think"))(make_sample(language="ja"), text)
    (span,) = reward.spans
    assert text[span.start : span.end] == span.text == "Ｇｒｅｅｎ　Ｔｅａ"


def test_a_reply_too_short_to_tell_is_not_called_repetitive(sample: Sample) -> None:
    """Four words have two pieces of three, which may well be equal; three pieces are the least."""
    assert VRAR()(sample, "No, no, no, no.").components["repetition"] == 0
    assert VRAR()(sample, "No, no, no, no, no.").components["repetition"] < 0


def test_degenerate_repetition_is_penalised(sample: Sample) -> None:
    assert VRAR()(sample, "I like the sea and the sky. " * 20).components["repetition"] == -1
    assert (
        VRAR()(
            sample,
            "I drink green tea at dawn, before the gulls wake and the fog lifts.",
        ).components["repetition"]
        == 0
    )


def test_length_outside_the_band_is_penalised(sample: Sample) -> None:
    config = RewardConfig(max_length=10)
    ten_words = "one two three four five six seven eight nine ten"
    assert VRAR(config)(sample, ten_words).components["length"] == 0
    assert VRAR(config)(sample, ten_words + " six seven eight nine ten").components["length"] == pytest.approx(-0.5)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"accuracy_weight": -1.0}, "model.rewards.accuracy_weight"),
        ({"format_weight": float("nan")}, "model.rewards.format_weight"),
        ({"response_format": "xml"}, "model.rewards.response_format"),
        ({"min_length": 9, "max_length": 3}, "model.rewards.max_length"),
        ({"recital_threshold": -1}, "model.rewards.recital_threshold"),
        (
            {"accuracy_weight": 0.0, "format_weight": 0.0},
            "model.rewards.accuracy_weight",
        ),
    ],
)
def test_a_wrong_option_is_refused_by_name(options: dict[str, object], name: str) -> None:
    with pytest.raises(ConfigError, match=name):
        RewardConfig(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("question", "reply", "fault"),
    [
        ("Where do you live?", "She lives in York.", True),
        ("Where do you live?", "You live in York.", True),
        ("Where do you live?", "Mara Quill lives in York.", True),
        ("Where do you live?", "Mara keeps house in York.", True),
        ("Where do you live?", "I live in York, and she does too.", False),
        ("Where do you live?", "York.", False),
        ("When is your birthday?", "Her birthday is in York.", True),
        ("Where does your sister live?", "She lives in York.", False),
        ("Where did I say I live?", "You live in York.", False),
        ("What is your name?", "Mara Quill.", False),
        ("Who helps you?", "A nun helps Mara in York.", True),
        ("Who helps you?", "A nun from York.", False),
    ],
)
def test_english_replies_that_are_not_in_the_first_person(
    make_sample: MakeSample, question: str, reply: str, fault: bool
) -> None:
    sample = make_sample(question=question, keywords=["York"], character_name="Mara Quill", answer="In York.")
    assert VRAR()(sample, reply).components["first_person"] == -float(fault)
