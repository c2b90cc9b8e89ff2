"""Language that nobody writes is told; what people do write, chatting or in character, is not."""

from __future__ import annotations

from typing import Any

import pytest

from raiden.core.types import Language
from raiden.data.samples import load_samples, parse_sample
from raiden.rewards import VRAR, RewardConfig
from raiden.rewards.writing import writing_faults
from tests.records import sample_record
from tests.rewards.cases import CASES, read_cases

from ..runs import ROOT

BROKEN: dict[Language, list[str]] = {
    "en": [
        "I keep bees.)",
        "I live in York .",
        "(I live in York.",
        'She said "come in and I came.',
        "I keep the the light.",
        "I live in York,, by the sea.",
        "I was born in the northI was a girl.",
        "I keep bees.My dog is old.",
        "I live in the",
        "I keep bees, my",
        "I'm live in York.",
        "I has a dog.",
        "I live in York..",
        "] I keep bees.",
        "I keep bees, and",
        "My dog is called Waffle,",
        "I keep bees. .",
        "The dog (a collie is old.",
        "I'm a nurse,.",
        "I keep the my bees.",
        "“Come in, she said.",
        "My dog is called Waffle?.",
    ],
    "zh": [
        "我养蜜蜂。）",
        "我住在北方，，很冷。",
        "（我住在北方。",
        "我叫小明，",
        "她说“进来，我就进来了。",
        "我喜欢绿茶我喜欢绿茶。",
        "我住在北方，。",
        "我没有去，因为",
        "】我养蜜蜂。",
        "我是护士、。",
    ],
    "ja": [
        "蜂を飼っています。）",
        "「北に住んでいます。",
        "北に住んでいます、、",
        "私は看護師です私は看護師です。",
        "蜂を飼ってますです。",
        "看護師です私はそう言います。",
        "緑茶を",
        "】蜂です。",
        "北の海辺、。",
        "『猫と暮らしています",
    ],
    "ko": [
        "벌을 키워요.)",
        "(북쪽에 살아요.",
        "북쪽에 살아요,,",
        "저는 간호사입니다저는 그래요.",
        "녹차를 녹차를 마셔요.",
        "녹차를 마셔요,",
        "'녹차'를 마셔요 .",
        "“녹차를 마셔요.",
        "저는 안 갔어요. 왜냐하면",
        "간호사입니다 간호사입니다.",
    ],
}
WRITTEN: dict[Language, list[str]] = {
    "en": [
        "I keep bees :)",
        "Well... York, I suppose?!",
        "*shrugs* York. (Don't tell my mum!)",
        "No, no, no! Never.",
        'He said, "Come in," so I did.',
        "It's 5 p.m., time for tea.",
        "I... I don't know. I had had enough.",
        "That's who I lived with.",
        "Bye bye, love. Ha ha ha.",
        "A 6\" nail, that's all.",
        "1) bees 2) hens",
        "I'm—",
        "Because!",
        "My brother and I have a dog.",
        "eh, york. dunno, really",
        "The very, very old one.",
        "Ahhh, yes ;)",
        "'Tis the Captain's own, that is.",
        "It is what it is, is it not?",
        "St. Ives, Mr. Bell.",
        "...York.",
        "X, 8, (b).",
    ],
    "zh": [
        "嗯……我住在北方。",
        "（笑）我养蜜蜂呀~",
        "好的好的，研究研究！",
        "她说：“进来。”",
        "我的目的的确如此。",
        "啊？！真的吗？",
        "唉。。。算了",
        "爸爸妈妈都在。",
        "《红楼梦》，第三回。",
        "了了是我的名字",
    ],
    "ja": [
        "えっと……北の海辺です。",
        "（笑）蜂を飼ってますよ〜",
        "「入って」と言われて。",
        "はい、はい。わかりました！",
        "ものの五分です。",
        "ドキドキしますね。",
        "母はははと笑った。",
        "看護師ですが、何か？",
        "なにになりたいかって？",
        "『こころ』が好きです",
    ],
    "ko": [
        "음... 북쪽 바닷가요.",
        "벌을 키워요 ㅎㅎ",
        "네 네, 알겠어요!",
        "빨리 빨리 오세요.",
        "간호사입니다만, 왜요?",
        "녹차요~ ^^",
        '"들어와"라고 했어요.',
        "간호사입니다라고 말했죠.",
        "아.. 몰라요..",
        "하나 하나 셌어요 ^_^)",
    ],
}


def cases_of(table: dict[Language, list[str]]) -> list[Any]:
    return [pytest.param(language, text, id=text) for language, texts in table.items() for text in texts]


@pytest.mark.parametrize(("language", "text"), cases_of(BROKEN))
def test_what_nobody_writes_is_told(language: Language, text: str) -> None:
    assert writing_faults(text, language)


@pytest.mark.parametrize(("language", "text"), cases_of(WRITTEN))
def test_what_people_write_is_left_alone(language: Language, text: str) -> None:
    assert writing_faults(text, language) == []


def test_no_shipped_reference_and_no_honest_reply_is_taken_for_broken() -> None:
    files = [ROOT / f"data/training/{name}.json" for name in ("train", "validation")]
    texts = {(sample.language, sample.answer) for path in files for sample in load_samples(path)}
    texts |= {(case["language"], case["reply"]) for case in read_cases(CASES / "questions.jsonl")}
    assert len(texts) > 850
    assert [text for language, text in texts if writing_faults(text, language)] == []


def test_it_is_a_component_with_a_weight_and_a_reason() -> None:
    sample = parse_sample(sample_record(), "")
    plain, broken = (VRAR()(sample, text) for text in ("我叫小明。", "我叫小明。）"))
    assert (plain.components["writing"], broken.components["writing"]) == (0, -0.5)
    assert plain.total - broken.total == pytest.approx(0.5 * 0.2)
    assert "nobody writes: brackets or quotes that do not match" in broken.reason
    assert VRAR(RewardConfig(writing_weight=0.0))(sample, "我叫小明。）").total == pytest.approx(plain.total)


def test_a_fault_of_the_reference_answer_is_the_characters_manner() -> None:
    assert writing_faults("I keep bees .", "en", reference="I live in York .") == []


ENDED: dict[Language, str] = {
    "en": "I live in York.",
    "zh": "我养蜜蜂。",
    "ja": "蜂を飼っています。",
    "ko": "벌을 키워요.",
}
OPEN: dict[Language, list[str]] = {
    "en": ["I keep bees", "I know", "I keep bees too", "I was born in 1998", "She is called Mira Okafor"],
    "zh": ["我叫小明", "我三十岁"],
    "ja": ["北に住んでいます", "リンゴ"],
    "ko": ["간호사입니다", "서른 살"],
}
CLOSED: dict[Language, list[str]] = {
    "en": [
        *("I keep bees!", "Bees, you know...", 'She said "bees."', "Bees *smiles*", "(bees)"),
        *(
            "Bees :D",
            "Bees ;P",
            "Bees :-P",
            "Bees :'D",
            "Bees <3",
            "Bees T_T",
            "Bees lol",
            "Bees, haha",
            "Bees, love xx",
        ),
    ],
    "zh": ["我养蜜蜂呀~", "她说：“进来。”", "蜜蜂（笑）", "蜜蜂哈哈"],
    "ja": ["蜂です〜", "蜂です♪", "蜂ですよ笑", "蜂ですよw", "蜂だよwww"],
    "ko": ["벌이요 ㅎㅎ", "벌이요ㅠㅠ", "벌이요~"],
}


@pytest.mark.parametrize(("language", "text"), cases_of(OPEN))
def test_a_mark_at_the_end_is_asked_for_where_the_reference_answer_has_one(language: Language, text: str) -> None:
    (fault,) = writing_faults(text, language, reference=ENDED[language])
    assert fault.startswith("words without a mark at their end")
    assert writing_faults(text, language) == []
    assert writing_faults(text, language, reference=ENDED[language][:-1]) == []


@pytest.mark.parametrize(("language", "text"), cases_of(CLOSED))
def test_a_face_a_laugh_or_a_gesture_ends_a_reply_too(language: Language, text: str) -> None:
    assert writing_faults(text, language, reference=ENDED[language]) == []


FOREIGN: dict[Language, list[str]] = {
    "en": ["我住在灯塔里，养了一只猫。", "灯台に住んでいます。", "등대에서 고양이와 살아요."],
    "zh": ["I'm sorry for the misunderstanding.", "私は東京に住んでいます。", "저는 서울에 살아요."],
    "ja": [
        "I'm afraid I've been too busy to answer.",
        "我住在东京，你呢？",
        "저는 서울에 살아요.",
        "I'm sorry for the delay です。",
    ],
    "ko": ["I'll make sure to clarify.", "我住在首尔的一座灯塔里。", "私は東京に住んでいます。"],
}
OWN: dict[Language, list[str]] = {
    "en": ["I live near the 東京タワー.", "Café Déjà Vu is my shop.", "It is called 三毛.", "1952."],
    "zh": ["我最喜欢的书是The Old Man and the Sea。", "叫Tom。", "我会用日语说ありがとう。", "KTV。", "在2019年。"],
    "ja": [
        "好きな本はThe Old Man and the Seaです。",
        "Leonardo da Vinci.",
        "東京都千代田区。",
        "昭和六十三年八月十五日。",
    ],
    "ko": ["BTS요.", "제일 좋아하는 책은 The Old Man and the Sea예요.", "李 씨예요.", "1952년."],
}


@pytest.mark.parametrize(("language", "text"), cases_of(FOREIGN))
def test_a_sentence_in_another_language_than_the_samples_is_told(language: Language, text: str) -> None:
    """Of a policy that could not answer in Chinese, and came upon an English apology."""
    assert [fault for fault in writing_faults(text, language) if "another language" in fault], text
    assert not [fault for fault in writing_faults(text, language, reference=text) if "another language" in fault], text


@pytest.mark.parametrize(("language", "text"), cases_of(OWN))
def test_names_titles_and_words_of_another_language_are_ones_own(language: Language, text: str) -> None:
    assert not [fault for fault in writing_faults(text, language) if "another language" in fault], text
