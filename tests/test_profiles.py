"""Profiles: the fields of the setting, the text around it, the language, and where each was read."""

from __future__ import annotations

import pytest

from raiden.core.errors import ProfileError
from raiden.data.profiles import load_profiles, parse_fields, parse_profile
from tests.records import SETTING, profile_record, write_json, write_jsonl


def test_a_profile_keeps_its_fields_in_order_and_the_text_around_them(tmp_path):
    (profile,) = load_profiles(write_jsonl(tmp_path / "p.jsonl", [profile_record()]))
    assert list(profile.fields) == ["Name", "Gender", "Introduction", "Detailed Description"]
    assert profile.fields["Introduction"] == "爱读书的学生"
    assert profile.text == profile_record()["prompt"]
    assert (profile.name, profile.language, profile.origin) == ("小明", "zh", f"{tmp_path}/p.jsonl:1")


def test_a_value_goes_on_over_lines_without_a_colon():
    assert parse_fields("Name: Ada\nIntroduction: A baker.\nShe sings.\n\nAge: 40") == {
        "Name": "Ada",
        "Introduction": "A baker.\nShe sings.",
        "Age": "40",
    }


def test_full_width_colons_separate_too():
    assert parse_fields("Name\uff1a小明\n爱好\uff1a下棋") == {"Name": "小明", "爱好": "下棋"}


def test_only_the_first_colon_of_a_line_separates():
    assert parse_fields("Name: Ada\nMotto: Remember: be kind") == {"Name": "Ada", "Motto": "Remember: be kind"}


def test_a_json_list_of_profiles_is_read_like_jsonl(tmp_path):
    (profile,) = load_profiles(write_json(tmp_path / "p.json", [profile_record()]))
    assert profile.origin == f"{tmp_path}/p.json: item 1"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_byte_order_mark_windows_line_ends_and_blank_lines_are_passed_over(tmp_path, encoding, newline):
    lines = write_jsonl(tmp_path / "p.jsonl", [profile_record(), profile_record("Name: Ada")]).read_text("utf-8")
    text = "\n" + lines.replace("\n", "\n  \n")
    (tmp_path / "p.jsonl").write_bytes(text.replace("\n", newline).encode(encoding))
    assert [(p.name, p.origin[-2:]) for p in load_profiles(tmp_path / "p.jsonl")] == [("小明", ":2"), ("Ada", ":4")]


def test_a_second_profile_of_a_name_is_refused_with_both_places(tmp_path):
    path = write_jsonl(tmp_path / "p.jsonl", [profile_record(), profile_record()])
    with pytest.raises(ProfileError, match=r"p.jsonl:2: a second profile .*p.jsonl:1"):
        load_profiles(path)


def test_the_setting_alone_decides_the_language():
    record = profile_record("Name: Ada\nIntroduction: She keeps a shop by the sea.")
    assert parse_profile(record, "here").language == "en"
    assert parse_profile({"prompt": f"You are:<Character Setting>{SETTING}</Character Setting>"}, "").language == "zh"
