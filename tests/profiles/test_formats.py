"""Characters of other programs and data sets: read as what they are, or refused with format, place and remedy."""

from __future__ import annotations

import json

import pytest

from raiden.core.errors import ProfileError
from raiden.data.profiles import load_profiles, read_profiles
from tests.profiles.cards import card, charx, write_text

SHEET = "Age: 34\nOccupation: baker"
CHARACTERS = {
    "Agnai, attributes": {
        "kind": "character",
        "name": "Nora",
        "persona": {"kind": "attributes", "attributes": {"Age": ["34"], "Occupation": ["baker"]}},
        "greeting": "Hi",
    },
    "Agnai, text": {"kind": "character", "name": "Nora", "persona": {"kind": "text", "attributes": {"text": [SHEET]}}},
    "Pygmalion": {"char_name": "Nora", "char_persona": SHEET, "char_greeting": "Hi"},
    "RisuAI": {"type": "character", "name": "Nora", "desc": SHEET, "firstMessage": "Hi", "globalLore": []},
    "text-generation-webui, JSON": {"name": "Nora", "context": SHEET, "greeting": "Hi"},
    "text-generation-webui, YAML": "name: Nora\ngreeting: Hi\ncontext: |\n  Age: 34\n  Occupation: baker\n",
    "Backyard": {"name": "n", "displayName": "Nora", "persona": SHEET, "loreItems": []},
    "CharacterEval": {"Nora": {"Age": 34, "Occupation": "baker"}},
    "CharacterEval, another key": {"the baker": {"Full Name": "Nora", "Age": 34, "Occupation": "baker"}},
    "CoSER": {"character_datasets": {"Nora": {"profile": SHEET, "plots": []}}, "plots": []},
    "CoSER, a scene": {"book": "b", "character_profiles": {"Nora": SHEET}},
}


@pytest.mark.parametrize("value", CHARACTERS.values(), ids=CHARACTERS)
def test_a_character_of_another_format_is_read(tmp_path, value):
    (profile,) = load_profiles(write_text(tmp_path / "character", value))
    assert (profile.name, profile.fields["Age"], profile.fields["Occupation"]) == ("Nora", "34", "baker")


def test_a_name_that_a_sheet_states_goes_before_its_key(tmp_path):
    sheets = {"社区保安大叔": {"性别": "男", "姓名": "周德旺"}, "艾莲罗伊": {"姓名": "艾莲·罗伊", "性别": "女"}}
    profiles, _ = read_profiles([write_text(tmp_path / "profiles.json", sheets)])
    assert [(p.name, p.fields.get("Archetype")) for p in profiles] == [("周德旺", "社区保安大叔"), ("艾莲·罗伊", None)]


def test_people_in_a_sheet_keep_their_own_facts(tmp_path):
    sheet = {"陆明远": {"年龄": 27, "朋友": ["周野", "林可"], "弟弟": {"姓名": "陆明川", "年龄": 21}}}
    (profile,) = load_profiles(write_text(tmp_path / "profiles.json", sheet))
    assert dict(profile.fields) == {
        "Name": "陆明远",
        "年龄": "27",
        "朋友": "周野、林可",
        "弟弟": "姓名: 陆明川\n年龄: 21",
    }


def test_a_prompt_of_chatharuhi_names_its_character(tmp_path):
    (profile,) = load_profiles(
        write_text(tmp_path / "system_prompt.txt", "你正在扮演李云岚，一名独立团团长。\n你说话直爽。")
    )
    assert (profile.name, profile.fields["Introduction"][:9]) == ("李云岚", "你正在扮演李云岚，")


@pytest.mark.parametrize(
    "book",
    [
        {"entries": {"0": {"uid": 0, "key": ["guild"], "comment": "Guild", "content": "It meets on Mondays."}}},
        {
            "name": "York",
            "description": "A town.",
            "entries": [{"keys": ["guild"], "content": "It meets on Mondays."}],
        },
    ],
)
def test_a_book_of_lore_is_no_character_and_may_be_added_to_one(tmp_path, book):
    path = write_text(tmp_path / "world.json", book)
    with pytest.raises(ProfileError, match=r"world.json: SillyTavern world info \(1 entries\).*give it with --book"):
        load_profiles(path)
    (profile,), faults = read_profiles([write_text(tmp_path / "ada.json", card())], books=[path])
    assert not faults
    assert profile.fields["World Info"].endswith("It meets on Mondays.")
    with pytest.raises(ProfileError, match=r"ada.json: no SillyTavern world info"):
        read_profiles([path], books=[tmp_path / "ada.json"])


def test_each_character_of_an_archive_is_read(tmp_path):
    files = {f"characters/{n}/character.json": json.dumps({"displayName": n, "persona": SHEET}) for n in ("Ada", "Bo")}
    (tmp_path / "cast.byaf").write_bytes(charx({"manifest.json": "{}", **files}))
    assert [profile.name for profile in load_profiles(tmp_path / "cast.byaf")] == ["Ada", "Bo"]


def test_what_stands_behind_or_between_values_costs_nothing_else(tmp_path):
    two = json.dumps(card(), indent=1) + "\n" + json.dumps(card(name="Bo"), indent=1) + "\nundefined\n"
    profiles, faults = read_profiles([write_text(tmp_path / "two.json", two)])
    assert [profile.name for profile in profiles] == ["Ada", "Bo"]
    assert not faults
    assert profiles[1].notes[-1].startswith("not read: 'undefined' behind the end (line")


def test_a_number_that_is_none_becomes_null_and_is_named(tmp_path):
    text = json.dumps(card(extensions={"talkativeness": 1.5})).replace("1.5", "NaN")
    (profile,) = load_profiles(write_text(tmp_path / "ada.json", text))
    assert profile.raw["card"]["data"]["extensions"] == {"talkativeness": None}
    assert "not read: a value NaN, which is no JSON (it became null)" in profile.notes


def test_utf_16_is_read(tmp_path):
    (tmp_path / "ada.json").write_bytes(json.dumps(card(name="阿達"), ensure_ascii=False).encode("utf-16"))
    assert load_profiles(tmp_path / "ada.json")[0].name == "阿達"
