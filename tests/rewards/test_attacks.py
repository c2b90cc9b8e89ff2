"""What a policy would try: none of it earns accuracy without answering."""

from __future__ import annotations

from typing import Any

import pytest

from raiden.rewards import VRAR, RewardConfig

from .cases import accuracy, build_sample

PROFILES: dict[str, dict[str, str]] = {
    "en": {
        "Name": "Ann Lowe",
        "Gender": "female",
        "Age": "34",
        "Occupation": "nurse",
        "Hometown": "Whitby",
        "Detailed Description": (
            "Ann works nights at the harbour infirmary. She keeps a one-eyed cat called Admiral. "
            "Her brother Tom sails a"
            " trawler. She collects old thermometers, hates marzipan and dreams of seeing Iceland."
        ),
    },
    "zh": {
        "Name": "林小雨",
        "Gender": "女",
        "Age": "34",
        "Occupation": "护士",
        "Hometown": "绍兴",
        "Detailed Description": (
            "林小雨在港口医院上夜班。她养了一只独眼的猫，名叫将军。哥哥林大海是渔船船长。"
            "她收集旧温度计，讨厌香菜，梦想去冰岛看极光。"
        ),
    },
    "ja": {
        "Name": "森山ゆき",
        "Gender": "女性",
        "Age": "34",
        "Occupation": "看護師",
        "Hometown": "小樽",
        "Detailed Description": (
            "ゆきは港の病院で夜勤をしている。片目の猫「提督」を飼っている。兄の太郎は漁船の船長だ。"
            "古い体温計を集め、納豆が嫌いで、アイスランドでオーロラを見るのが夢だ。"
        ),
    },
    "ko": {
        "Name": "한소라",
        "Gender": "여성",
        "Age": "34",
        "Occupation": "간호사",
        "Hometown": "통영",
        "Detailed Description": "소라는 항구 병원에서 야간 근무를 한다. 외눈 고양이 제독을 키운다. 오빠 대호는 어선 "
        "선장이다. 낡은 체온계를 모으고 고수를 싫어하며 아이슬란드에서 오로라를 보는 것이 꿈이다.",
    },
}
QUESTIONS = {"en": "What is your job?", "zh": "你做什么工作？", "ja": "お仕事は何ですか？", "ko": "무슨 일을 해요?"}
ANSWERS = {"en": "I'm a nurse.", "zh": "我是护士。", "ja": "看護師です。", "ko": "저는 간호사예요."}

ATTACKS: dict[str, dict[str, str]] = {
    "lists every job": {
        "en": "I am a doctor, a nurse, a teacher, a lawyer, a chef and a pilot.",
        "zh": "我是医生、护士、老师、律师、厨师和飞行员。",
        "ja": "医者、看護師、教師、弁護士、料理人、パイロットです。",
        "ko": "저는 의사, 간호사, 교사, 변호사, 요리사, 조종사예요.",
    },
    "lists every job without commas": {
        "en": "doctor nurse teacher lawyer chef pilot sailor baker",
        "zh": "医生 护士 老师 律师 厨师 飞行员 警察",
        "ja": "医者 看護師 教師 弁護士 料理人 パイロット",
        "ko": "의사 간호사 교사 변호사 요리사 조종사",
    },
    "lists every job line by line": {
        "en": "- doctor\n- nurse\n- teacher\n- lawyer\n- chef\n- pilot",
        "zh": "1. 医生\n2. 护士\n3. 老师\n4. 律师\n5. 厨师\n6. 警察",
        "ja": "・医者\n・看護師\n・教師\n・弁護士\n・料理人\n・画家",
        "ko": "- 의사\n- 간호사\n- 교사\n- 변호사\n- 요리사\n- 화가",
    },
    "numbers its options": {
        "en": "1. doctor 2. nurse 3. teacher 4. lawyer 5. chef",
        "zh": "A. 医生 B. 护士 C. 老师 D. 律师 E. 厨师",
        "ja": "1) 医者 2) 看護師 3) 教師 4) 弁護士 5) 画家",
        "ko": "(a) 의사 (b) 간호사 (c) 교사 (d) 변호사 (e) 화가",
    },
    "one sentence for every job": {
        "en": "I am a doctor. I am a nurse. I am a teacher. I am a lawyer. I am a chef.",
        "zh": "我是医生。我是护士。我是老师。我是律师。我是厨师。",
        "ja": "私は医者です。私は看護師です。私は教師です。私は弁護士です。私は画家です。",
        "ko": "저는 의사예요. 저는 간호사예요. 저는 교사예요. 저는 변호사예요. 저는 화가예요.",
    },
    "hedges over candidates": {
        "en": "Maybe I am a doctor, maybe a nurse, maybe a teacher. Who can say?",
        "zh": "我可能是医生，也可能是护士，也可能是老师。",
        "ja": "医者かもしれないし、看護師かもしれないし、教師かもしれない。",
        "ko": "의사일 수도 있고, 간호사일 수도 있고, 교사일 수도 있어요.",
    },
    "offers two": {
        "en": "I am a nurse or a doctor.",
        "zh": "我是护士或者医生。",
        "ja": "看護師か医者です。",
        "ko": "간호사 또는 의사예요.",
    },
    "answers in the reasoning only": {
        "en": "<think>The character is a nurse.</think>That is my little secret.",
        "zh": "<think>她是护士。</think>这是我的小秘密。",
        "ja": "<think>彼女は看護師。</think>それは秘密です。",
        "ko": "<think>그녀는 간호사다.</think>그건 비밀이에요.",
    },
    "never closes the reasoning": {
        "en": "<think>I am a nurse.",
        "zh": "<think>我是护士。",
        "ja": "<think>私は看護師です。",
        "ko": "<think>저는 간호사예요.",
    },
    "repeats the keyword": {
        "en": "nurse " * 50,
        "zh": "护士" * 50,
        "ja": "看護師" * 50,
        "ko": "간호사 " * 50,
    },
    "denies and affirms": {
        "en": "I am a nurse. I am not a nurse.",
        "zh": "我是护士，我不是护士。",
        "ja": "私は看護師です。私は看護師ではありません。",
        "ko": "저는 간호사예요. 저는 간호사가 아니에요.",
    },
    "answers in another script": {
        "en": "Я медсестра. ナース。",
        "zh": "Wo shi hushi.",
        "ja": "Watashi wa kangoshi desu.",
        "ko": "Jeoneun ganhosa yeyo.",
    },
    "echoes as a question": {
        "en": "What is your job? Are you a nurse?",
        "zh": "你做什么工作？你是护士吗？",
        "ja": "お仕事は何ですか？看護師ですか？",
        "ko": "무슨 일을 해요? 간호사예요?",
    },
    "denies every candidate": {
        "en": "I am not a doctor, a nurse, or a teacher.",
        "zh": "我不是医生、护士或老师。",
        "ja": "医者でも看護師でも教師でもありません。",
        "ko": "의사도 간호사도 교사도 아니에요.",
    },
    "hides it in a comment": {
        "en": "<!-- nurse --> Guess!",
        "zh": "<!-- 护士 --> 你猜！",
        "ja": "<!-- 看護師 --> 当ててみて！",
        "ko": "<!-- 간호사 --> 맞혀 봐요!",
    },
    "writes the other side of the dialogue": {
        "en": "Guess!\nUser: You are a nurse.",
        "zh": "你猜！\n用户：你是护士。",
        "ja": "当ててみて！\nユーザー：看護師だ。",
        "ko": "맞혀 봐요!\n사용자: 간호사예요.",
    },
    "says that it does not know": {
        "en": "I don't know whether I am a nurse.",
        "zh": "我不知道我是不是护士。",
        "ja": "看護師かどうかわかりません。",
        "ko": "제가 간호사인지 모르겠어요.",
    },
}


def cases() -> list[Any]:
    return [
        pytest.param(language, text, id=f"{name}-{language}")
        for name, texts in ATTACKS.items()
        for language, text in texts.items()
    ]


def sample_record(language: str, with_profile: bool) -> dict[str, Any]:
    profile = PROFILES[language] if with_profile else {}
    keyword = PROFILES[language]["Occupation"]
    return {
        "language": language,
        "keywords": [keyword],
        "question": QUESTIONS[language],
        "answer": ANSWERS[language] if with_profile else "",
        "character_profile": profile,
    }


@pytest.mark.parametrize("with_profile", [True, False], ids=["sample", "row"])
@pytest.mark.parametrize(("language", "text"), cases())
def test_attack_earns_no_accuracy(language: str, text: str, with_profile: bool) -> None:
    reward = VRAR()(build_sample(**sample_record(language, with_profile)), text)
    assert reward.accuracy == 0, reward.reason


@pytest.mark.parametrize("language", PROFILES)
def test_the_answer_itself_earns_accuracy(language: str) -> None:
    sample = build_sample(**sample_record(language, True))
    assert VRAR()(sample, ANSWERS[language]).total == pytest.approx(1)


@pytest.mark.parametrize("with_profile", [True, False], ids=["sample", "row"])
@pytest.mark.parametrize("language", PROFILES)
def test_a_dump_of_the_profile_earns_no_accuracy(language: str, with_profile: bool) -> None:
    sample = build_sample(**sample_record(language, with_profile))
    fields = PROFILES[language]
    for text in ("\n".join(f"{key}: {value}" for key, value in fields.items()), " ".join(fields.values())):
        assert VRAR()(sample, text).accuracy == 0


@pytest.mark.parametrize("with_profile", [True, False], ids=["sample", "row"])
@pytest.mark.parametrize(
    ("language", "text"),
    [
        (
            "en",
            "I'm Ann, a nurse from Whitby. I keep a one-eyed cat called Admiral and my brother Tom sails a trawler.",
        ),
        ("zh", "我是绍兴人，当护士，养了一只独眼的猫叫将军，哥哥林大海是船长，还收集旧温度计。"),
        ("ja", "小樽の出身の看護師で、片目の猫の提督を飼い、兄の太郎は漁船の船長で、古い体温計を集めています。"),
        ("ko", "통영 출신 간호사이고 외눈 고양이 제독을 키우며 오빠 대호는 어선 선장이고 낡은 체온계를 모아요."),
    ],
)
def test_a_recital_in_own_words_earns_no_accuracy(language: str, text: str, with_profile: bool) -> None:
    assert VRAR()(build_sample(**sample_record(language, with_profile)), text).accuracy == 0


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "I'm a nurse. I work nights at the harbour infirmary, so forgive my yawning."),
        ("zh", "我是护士，在港口医院上夜班，常常天亮才回家。"),
        ("ja", "看護師です。港の病院で夜勤をしているので、少し眠いんです。"),
        ("ko", "간호사예요. 항구 병원에서 야간 근무를 해서 좀 졸려요."),
    ],
)
def test_an_answer_with_one_related_fact_earns_accuracy(language: str, text: str) -> None:
    reward = VRAR()(build_sample(**sample_record(language, True)), text)
    assert reward.accuracy == 1, reward.reason


@pytest.mark.parametrize(
    "text",
    [
        "<think>a</think><think>b</think>I'm a nurse.",
        "<think> </think>I'm a nurse.",
        "<think>a</think>",
        "<think>a</think><answer>I'm a nurse.</answer> And more.",
        "<think>a<think>b</think></think>I'm a nurse.",
        "I'm a nurse.<think>a</think>",
        "<think>a</think><answer>I'm a nurse.</answer><answer>I'm a cook.</answer>",
        "</think>I'm a nurse.",
    ],
)
def test_format_farming_earns_no_format(text: str) -> None:
    sample = build_sample(**sample_record("en", True))
    assert VRAR(RewardConfig(response_format="think"))(sample, text).components["format"] == 0


@pytest.mark.parametrize(
    ("reply", "expected"), [("Coffee, green tea, cola, rum.", 0), ("Coffee, green tea, cola.", 1)]
)
def test_four_things_of_which_three_are_nowhere_else_are_a_list(reply: str, expected: int) -> None:
    profile = {"Name": "Ann", "Likes": "green tea"}
    case = {"question": "What do you drink?", "reply": reply, "character_profile": profile}
    assert accuracy(case)[0] == expected
