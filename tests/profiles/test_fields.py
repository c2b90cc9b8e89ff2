"""The character setting: what is read as a field, and that nothing changes between a write and a read."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from raiden.data.profiles import format_fields, parse_fields, parse_profile
from raiden.data.profiles.fields import find_setting, is_field_name

VALUES = st.text(st.characters(codec="utf-8") | st.sampled_from("\n\n:\uff1a\\ \t\r<>"), max_size=60)
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=40)
FIELDS = st.dictionaries(NAMES.filter(is_field_name).filter(lambda name: name != "Name"), VALUES, max_size=6)


@given(FIELDS)
@example({"Motto": "Note: be kind\nNote: be brief"})
@example(
    {"A": "\n", "B": "\n\nx", "C": " x ", "D": "\\x\n\\", "E": "a\n</Character Setting>\nb", "F": "", "G": "A: 1"}
)
@example({"A": "</Character Setting>"})
@example({"Introduction": "a\n\nb\u2028c\r\n", "说明": "时间：7:30"})
def test_any_value_survives_a_write_and_a_read(fields):
    fields = {"Name": "小明", **fields}
    prompt = f"Before.\n\n<Character Setting>\n{format_fields(fields)}\n</Character Setting>\n\nAfter."
    profile = parse_profile({"prompt": prompt}, "here")
    assert profile.fields == fields
    assert list(profile.fields) == list(fields)


def test_only_lines_that_need_it_are_marked():
    text = format_fields({"Name": "Ada", "Introduction": "A baker.\nShe sings.\nSunday: never.", "Age": "40"})
    assert text == "Name: Ada\nIntroduction: A baker.\nShe sings.\n\\Sunday: never.\nAge: 40"


def test_text_before_any_field_or_under_the_name_is_an_introduction():
    assert parse_fields("A baker of York.\nName: Ada\nShe sings.\nAge: 40") == {
        "Introduction": "A baker of York.\nShe sings.",
        "Name": "Ada",
        "Age": "40",
    }


@pytest.mark.parametrize("line", ["https://example.org/ada", "7:30 breakfast", "23:59", "word " * 12 + ": x"])
def test_an_address_a_time_and_a_sentence_are_no_fields(line):
    assert parse_fields(f"Name: Ada\nDay: busy\n{line}") == {"Name": "Ada", "Day": f"busy\n{line.strip()}"}


def test_a_second_line_of_the_same_field_is_text():
    assert parse_fields("Name: Ada\nAge: 40\nAge: 41") == {"Name": "Ada", "Age": "40\nAge: 41"}


def test_the_first_block_is_the_setting():
    block = "<Character Setting>\nName: {}\n</Character Setting>"
    assert find_setting(f"{block.format('Ada')} and {block.format('Bo')}") == "\nName: Ada\n"
