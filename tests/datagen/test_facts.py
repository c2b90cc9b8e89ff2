"""What is asked of a profile: the character's own facts, all of several values, and no word that means nothing."""

from __future__ import annotations

import pytest

from raiden.core.types import LANGUAGES
from raiden.data.samples import parse_sample
from raiden.datagen.base import Rejection
from raiden.datagen.checks import check
from raiden.datagen.checks.dodges import dodge_taken_for_right, dodges
from raiden.datagen.template import samples_from_profiles
from raiden.rewards import VRAR
from tests.datagen.records import draft, profile_of, slot_of


def asked(fields: dict[str, str]) -> dict[str, list[tuple[str, ...]]]:
    """The variants of each term that a reply must say, by the label that is asked for."""
    samples = samples_from_profiles([profile_of(fields)], 40, False, 0)
    return {s.raw["metadata"]["field"]: [term.variants for term in s.rule.terms] for s in samples}


OTHERS = {
    "a lore entry": {"World Info": "## Milo\nMilo is Nora's brother.\nAge: 9\nGender: male"},
    "a section": {"Milo (little brother)": "A pupil.\nAge: 9\nGender: male"},
    "a block about the user": {"Introduction": "A baker.\n[Name: the user; Age: 9; Gender: male]"},
    "a family with members": {"Family": "- Brother: Milo\n  Age: 9\n  Gender: male"},
    "nested lines": {"Brother": "name: Milo\nage: 9\ngender: male"},
    "a possessive": {"Milo's age": "9", "Milo's gender": "male"},
    "a possessive of the user": {"the user's age": "9", "用户的性别": "male"},
    "another time": {"Age (before)": "9"},
    "a sentence": {"Age": "Nora is nine years old"},
    "a schema": {"Age": "number", "Gender": "string"},
    "macros": {"Age": "{{random::34::35}}", "Gender": "{{pick:male,female}}"},
    "two values of which one is wrong": {"Age": "34", "Age (2)": "9", "Gender": "female", "Gender (2)": "male"},
}


@pytest.mark.parametrize("fields", OTHERS.values(), ids=OTHERS)
def test_nothing_that_is_said_of_others_is_asked_of_the_character(fields):
    labels = {label.lower() for label in asked({"Name": "Nora Pell", "Occupation": "baker", **fields})}
    assert {"name", "occupation"} <= labels
    assert not [label for label in labels if "age" in label or "gender" in label or "性别" in label]


def test_all_of_several_relatives_are_kept_under_the_words_of_the_profile():
    relations = (
        "外公-沈怀山；上司-罗启明（报社主编），丁岚；朋友-赵明,孙倩,周立;妻子-刘婉（第一任），陈雪（现任）；"
        "姨妈-沈玉兰"
    )
    found = asked({"Name": "许知秋", "人物关系": relations})
    assert {label: [term[0] for term in terms] for label, terms in found.items() if label != "Name"} == {
        "外公": ["沈怀山"],
        "上司": ["罗启明", "丁岚"],
        "朋友": ["赵明", "孙倩", "周立"],
        "妻子": ["刘婉", "陈雪"],
        "姨妈": ["沈玉兰"],
    }
    japanese = asked({"Name": "藤井ハル", "家族": "妻・藤井ミオ、長男・ソラ、次男・リク、父・会社員"})
    assert {label for label in japanese if label != "Name"} == {"妻", "長男", "次男"}


@pytest.mark.parametrize(
    ("label", "value"),
    [
        ("星座", "根据生日推算"),
        ("职业", "先后做过多个职业"),
        ("智商", "远高于常人"),
        ("信仰", "成为面包王"),
        ("宝宝", "宝宝"),
    ],
)
def test_a_remark_is_no_value(label, value):
    assert label not in asked({"Name": "许知秋", "性别": "女", label: value})


def test_a_gender_is_asked_in_every_language():
    genders = {
        "Ada": ("Gender", "female"),
        "小红": ("性别", "女"),
        "あかり": ("性別", "女性"),
        "아라": ("성별", "여성"),
    }
    for name, (label, value) in genders.items():
        assert label in asked({"Name": name, label: value}), name


def test_other_names_are_asked_by_their_own_labels():
    found = asked({"Name": "团团", "外文名": "Tuantuan Bear", "别称": "团子、小圆"})
    assert (found["外文名"], found["别称"]) == ([("Tuantuan Bear",)], [("团子",), ("小圆",)])


def test_any_spelling_of_a_name_that_the_profile_has_is_right():
    ((variants,),) = [asked({"Name": "艾莲·罗伊", "性别": "女"})["Name"]]
    assert {"艾莲·罗伊", "艾莲罗伊"} <= set(variants)


@pytest.mark.parametrize(
    ("fields", "label", "variants"),
    [
        ({"Name": "민아라", "거주지": "낡은 등대 안"}, "거주지", ("낡은 등대 안", "등대")),
        ({"Name": "민아라", "거주지": "언덕 뒤 집"}, "거주지", ("언덕 뒤 집",)),
        ({"Name": "小红", "住址": "村子中"}, "住址", ("村子中",)),
    ],
)
def test_a_piece_of_a_place_that_means_nothing_alone_is_no_variant(fields, label, variants):
    assert asked(fields)[label] == [variants]


def test_relations_are_read_with_their_remarks_and_never_handed_on_to_the_next_one():
    relations = (
        "人物1）父亲林华：一位严肃的律师。人物2）好友王莉：室友，她的弟弟在国外；母亲-丁岚-非亲生；制造者---姜守一；"
        "朋友-周野（住在湖边，是木匠）、林可（海星）；妻子赵秀兰，两个女儿胡晓雨、胡晓晴；伙伴-娜娜，乌索等"
    )
    found = asked({"Name": "许知秋", "人物关系": relations})
    assert {label: [term[0] for term in terms] for label, terms in found.items() if label != "Name"} == {
        "父亲": ["林华"],
        "好友": ["王莉"],
        "母亲": ["丁岚"],
        "制造者": ["姜守一"],
        "朋友": ["周野", "林可"],
        "妻子": ["赵秀兰"],
        "女儿": ["胡晓雨", "胡晓晴"],
    }


def questions(fields: dict[str, str]) -> dict[str, tuple[str, str]]:
    samples = samples_from_profiles([profile_of(fields)], 40, False, 0)
    return {s.raw["metadata"]["field"]: (s.question, s.answer) for s in samples}


@pytest.mark.parametrize(
    ("fields", "answers"),
    [
        ({"宠物": "两只白雕"}, ["我养的宠物是白雕。"]),
        ({"职业": "医生，兼任讲师"}, ["我是医生和讲师。"]),
        ({"喜好": "兔子"}, ["我喜欢兔子。"]),
        ({"过敏": "花粉"}, ["我对花粉过敏。"]),
        ({"学校": "江城大学建筑系大四"}, ["我念的学校是江城大学。"]),
        ({"别名": "燕子 飞燕"}, ["我的别名有燕子和飞燕。"]),
        ({"太傅": "裴老先生"}, ["我的太傅是裴老先生。"]),
        ({"班主任": "方老师"}, ["我的班主任是方老师。"]),
        ({"Her mother": "Helen, 60, retired"}, ["My mother is Helen."]),
        ({"Cat": "Sushi"}, ["My pet is called Sushi."]),
        ({"Occupation": "Sheriff of Dry Creek"}, ["I am a sheriff of Dry Creek."]),
        ({"Former lover": "Dorian"}, ["My former lover is Dorian."]),
        ({"店里的猫": "墨团", "酒量": "三坛", "出身": "贫农之家", "学校": "某医科大学"}, []),
        ({"武功": "拳法、身体柔韧性很强", "讨厌": "有人插队", "应援色": "12"}, []),
        ({"Employer": "Lady Hartwell", "Likes": "tea, the user", "Male": "Human"}, []),
    ],
)
def test_what_a_character_says_of_a_fact_is_what_the_profile_says(fields, answers):
    name = "Ada" if all(label.isascii() for label in fields) else "许知秋"
    found = {label: answer for label, (_, answer) in questions({"Name": name, **fields}).items()}
    assert [answer for label, answer in found.items() if label not in ("Name",)] == answers


def test_a_counter_is_no_part_of_a_keyword():
    assert asked({"Name": "许知秋", "珍藏": "母亲留下的一把银剪"})["珍藏"] == [("银剪",)]


def test_people_are_asked_for_by_who():
    for fields in ({"助手": "简宁"}, {"房东": "梅姨"}, {"Deputy": "Amos"}):
        ((label, value),) = fields.items()
        question, answer = questions({"Name": "许知秋" if label != "Deputy" else "Ada", **fields})[label]
        assert "什么？" not in question.replace("叫什么名字", "")
        assert not question.startswith("What is your deputy?")
        assert value in answer


def test_another_name_in_brackets_is_right_too():
    ((variants,),) = [asked({"Name": "老胡", "姓名": "老胡（本名胡德海）", "性别": "男"})["Name"]]
    assert variants == ("老胡", "胡德海")


@pytest.mark.parametrize(
    ("question", "answer", "keyword", "reason"),
    [
        ("How old are you?", "I am 9 years old.", "9", "fact_of_another"),
        ("What do you do for a living?", "I am a pupil.", "pupil", "fact_of_another"),
        ("How old is your brother Milo?", "He is 9.", "9", ""),
        ("Where do you live?", "I live in York.", "York", ""),
    ],
)
def test_a_draft_that_takes_anothers_fact_for_the_characters_is_refused(question, answer, keyword, reason):
    fields = {"Name": "Nora Pell", "Home": "York", "Milo (brother)": "Age: 9\nOccupation: pupil in York"}
    slot = slot_of("sbk", "en", fields)
    kind = {"How": "how", "What": "what", "Where": "where"}[question.split(" ")[0]]
    outcome = check(draft(question, answer, [keyword], kind, slot), slot, ())
    assert (outcome.reason if isinstance(outcome, Rejection) else "") == reason


# Replies that dodge


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_are_twenty_different_dodges_a_language(language):
    assert len({text for text, _ in dodges(language, "Ada")}) == 20


def test_a_rule_that_takes_a_dodge_for_right_is_found():
    slot = slot_of("sbk", "ko", {"Name": "민아라", "거주지": "낡은 등대 안"})
    record = draft("사는 곳은 어디예요?", "낡은 등대 안에 살아요.", ["안"], "where", slot)
    sample = parse_sample(record, "here")
    reply = dodge_taken_for_right(sample)
    assert reply
    assert VRAR()(sample, reply).accuracy == 1
    assert not dodge_taken_for_right(parse_sample(record | {"keywords": ["낡은 등대"]}, "here"))


@pytest.mark.parametrize(
    ("label", "value", "accepted"),
    [
        ("代表作", "《枕溪集》《江行日录》", [["枕溪集"], ["江行日录"]]),
        ("著作", "《蘅芜集》三卷", [["蘅芜集"]]),
        ("忌口", "羊肉", [["羊肉"]]),
        ("饮食禁忌", "海鲜过敏", [["海鲜"]]),
        ("法宝", "摄魂铃、千里镜", [["摄魂铃"], ["千里镜"]]),
        ("妻子", "慕容氏（慕容清）", [["慕容氏", "慕容清"]]),
        ("座驾", "一辆二手吉普", [["一辆二手吉普", "二手吉普"]]),
        ("梦想", "成为一名电台主播", [["成为一名电台主播", "电台主播"]]),
        ("宠物", "仓鼠花生", [["花生"]]),
        ("年级", "高二", [["高二"]]),
        ("苦手", "英语", [["英语"]]),
        ("司机", "老吴", [["老吴"]]),
        ("茶馆", "聚贤茶楼", [["聚贤茶楼"]]),
        ("领地", "北境草原", [["北境草原"]]),
    ],
)
def test_values_say_what_a_speaker_of_chinese_reads_in_them(label, value, accepted):
    terms = asked({"Name": "小红", label: value, "性别": "女"})[label]
    assert [list(variants) for variants in terms] == accepted


@pytest.mark.parametrize(
    ("label", "value"),
    [
        ("官职", "历任校书郎、杭州通判"),
        ("年龄", "16岁(第一季)/18岁(第二季)"),
        ("饰演者", "林薇"),
        ("初次登场", "第3话"),
        ("墓址", "甘肃武威城西"),
        ("生卒", "1901—1949"),
        ("结局", "远走大漠"),
        ("死对头", "刑部郎中鲁直"),
        ("轮机长", "大胡子奥列格"),
        ("身份", "女官，掌宫中典籍"),
        ("语言", "一点中文"),
        ("右手", "缺一截小指"),
    ],
)
def test_what_a_character_cannot_say_so_is_not_asked_in_chinese(label, value):
    assert label not in asked({"Name": "小红", label: value, "性别": "女"})


@pytest.mark.parametrize("value", ["同上", "详见人物经历", "见装备栏", "一说江苏", "据说是剑"])
def test_remarks_are_no_values(value):
    assert not {"代表作", "武器", "籍贯"} & set(asked({"Name": "季遥", "代表作": value, "武器": value, "籍贯": value}))


def test_another_name_within_the_own_one_is_not_asked_for_and_a_type_of_person_is_no_name():
    names = asked({"Name": "白芙蓉", "别称": "芙蓉、荷姑娘", "年龄": "20"})
    assert names["别称"] == [("荷姑娘",)]
    assert "Name" not in asked({"Name": "胡同里的老中医", "年龄": "七十"})


def test_a_second_statement_under_another_label_is_an_answer_too_but_not_one_under_the_same():
    assert asked({"Name": "江蓠", "身份": "图书馆修复师", "职业": "篆刻家"})["身份"] == [("图书馆修复师", "篆刻家")]
    assert asked({"Name": "Orla", "Occupation": "pupil", "Occupation (2)": "judge"})["Occupation"] == [("pupil",)]
