"""RAIDEN's role file: settings as people wrote them."""

from __future__ import annotations

import json

import pytest

from raiden.core.errors import ProfileError
from raiden.data.profiles import load_profiles, read_profiles, write_profiles
from raiden.data.profiles.formats.npc import parse_setting
from tests.profiles.cards import write_text

SETTING = """姓名\uff1a沈青禾,
性别: 女,
- 年龄\uff1a二十六岁\uff0c
职业: 古籍修复师,
· 性格: 沉静\uff0c认真\uff0c有点固执,
经历:
1. 七岁随外公学装裱\uff0c
2、十九岁考入美术学院,
3.5级地震中护住了一箱手稿,
3. 住址: 苏州平江路17号\uff0c门前有桂花树,,
-5度也不开暖气,
*轻轻点头*是她的习惯"""
FIELDS = {
    "Name": "沈青禾",
    "姓名": "沈青禾",
    "性别": "女",
    "年龄": "二十六岁",
    "职业": "古籍修复师",
    "性格": "沉静\uff0c认真\uff0c有点固执",
    "经历": "1. 七岁随外公学装裱\uff0c\n2、十九岁考入美术学院,\n3.5级地震中护住了一箱手稿",
    "住址": "苏州平江路17号\uff0c门前有桂花树,,\n-5度也不开暖气,\n*轻轻点头*是她的习惯",
}


@pytest.mark.parametrize("indent", [None, 2], ids=["one line", "many lines"])
def test_a_role_becomes_a_profile(tmp_path, indent):
    roles = {"青禾": {"npc_type": "现代", "npc_setting": SETTING, "id": 7}}
    path = write_text(tmp_path / "npc.json", json.dumps(roles, ensure_ascii=False, indent=indent))
    (profile,) = load_profiles(path)
    assert profile.fields == FIELDS
    assert (profile.name, profile.language, profile.origin) == ("沈青禾", "zh", f'{path}: "青禾"')
    assert (profile.raw["npc"], profile.raw["npc_name"]) == (roles["青禾"], "青禾")


def test_a_role_written_in_our_format_is_the_same_profile(tmp_path):
    (profile,) = load_profiles(write_text(tmp_path / "npc.json", {"青禾": {"npc_setting": SETTING}}))
    write_profiles([profile], tmp_path / "out.jsonl")
    (again,) = load_profiles(tmp_path / "out.jsonl")
    assert (again.fields, again.raw) == (profile.fields, profile.raw)


def test_several_fields_may_share_a_line():
    assert parse_setting("性别: 女\uff0c年龄: 26\uff1b职业: 医生") == {"性别": "女", "年龄": "26", "职业": "医生"}


def test_a_comma_before_a_sentence_parts_no_fields():
    assert parse_setting("座右铭: 先做人\uff0c再做事,\n备注: 她常说\uff0c慢慢来\uff0c口头禅: 好嘞") == {
        "座右铭": "先做人\uff0c再做事",
        "备注": "她常说\uff0c慢慢来\uff0c口头禅: 好嘞",
    }


def test_a_setting_of_prose_is_an_introduction(tmp_path):
    roles = {"阿福": {"npc_type": "", "npc_setting": "阿福是渡口的船夫\uff0c五十多岁。\n他养了一只白鹅。"}}
    (profile,) = load_profiles(write_text(tmp_path / "npc.json", roles))
    assert profile.fields == {"Name": "阿福", "Introduction": "阿福是渡口的船夫\uff0c五十多岁。\n他养了一只白鹅。"}


def test_each_bad_role_is_named_and_the_others_are_read(tmp_path):
    text = """{
      "甲": {"npc_setting": "年龄: 1"},
      "乙": {"npc_setting": ""},
      "丙": {"npc_type": "x"},
      "丁": "年龄: 2",
      " ": {"npc_setting": "年龄: 3"},
      "甲": {"npc_setting": "年龄: 4"},
      "戊": {"npc_setting": ["年龄: 5"]},
      "己": {"npc_setting": "年龄: 6"}
    }"""
    path = write_text(tmp_path / "npc.json", text)
    profiles, faults = read_profiles([path])
    assert [(p.name, p.fields["年龄"]) for p in profiles] == [("甲", "1"), ("己", "6")]
    assert [str(fault).removeprefix(f"{path}: ").split(";")[0] for fault in faults] == [
        "\"乙\": RAIDEN's npc.json: `npc_setting` must be a text that is not empty, got ''",
        '"丙": RAIDEN\'s npc.json: `npc_setting` must be a text that is not empty, got None',
        '"丁": RAIDEN\'s npc.json: `npc_setting` must be a text that is not empty, got None',
        '" ": RAIDEN\'s npc.json: the role has no name',
        f'"甲": a second profile "甲" (the first: {path}: "甲")',
        "\"戊\": RAIDEN's npc.json: `npc_setting` must be a text that is not empty, got ['年龄: 5']",
    ]


def test_a_broken_role_file_is_refused_with_the_line(tmp_path):
    text = json.dumps({"甲": {"npc_setting": "年龄: 1"}, "乙": {"npc_setting": "年龄: 2"}}, indent=1)
    with pytest.raises(ProfileError, match=r"npc.json:5: not valid JSON"):
        load_profiles(write_text(tmp_path / "npc.json", text.replace("},", "}")))


def test_the_name_that_a_setting_states_goes_before_the_key(tmp_path):
    roles = {
        "社区保安大叔": {"npc_setting": "性别: 男,\n姓名: 周德旺,"},
        "艾莲罗伊": {"npc_setting": "姓名: 艾莲·罗伊,"},
        "阿福": {"npc_setting": "姓名: 不详,"},
    }
    profiles, _ = read_profiles([write_text(tmp_path / "npc.json", roles)])
    assert [(p.name, p.fields.get("Archetype")) for p in profiles] == [
        ("周德旺", "社区保安大叔"),
        ("艾莲·罗伊", None),
        ("阿福", None),
    ]


def test_a_type_of_person_is_no_name_where_the_setting_states_another_kind_of_one(tmp_path):
    settings = {"偶像练习生": "艺名: Yuki,\n真名: 尤琪,\n性别: 女,", "阿岚": "真名: 岚子,\n性别: 女,"}
    source = {key: {"npc_type": "x", "npc_setting": text, "npc_more": 1} for key, text in settings.items()}
    profiles = load_profiles(write_text(tmp_path / "npc.json", source))
    assert [profile.name for profile in profiles] == ["Yuki", "阿岚"]
    assert profiles[0].notes == ("kept, not used: npc_more (only `npc_setting` is read)",)
