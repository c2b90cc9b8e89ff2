"""Which character a name means."""

from __future__ import annotations

import pytest

from raiden.chat import Cast
from raiden.core.errors import ProfileError
from raiden.data.profiles import parse_profile
from tests.records import profile_record

NAMES = ["Walter Novak", "Ada Lovelock", "Edith Lovelock", "小明", "三枝つむぎ", "남궁솔"]
CAST = Cast([parse_profile(profile_record(f"Name: {name}\nAge: 30"), "here") for name in NAMES])


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("Walter Novak", "Walter Novak"),
        ("novak", "Walter Novak"),
        (" ＷＡＬＴＥＲ ", "Walter Novak"),
        ("2", "Ada Lovelock"),
        ("ada", "Ada Lovelock"),
        ("明", "小明"),
        ("つむぎ", "三枝つむぎ"),
        ("남궁", "남궁솔"),
    ],
)
def test_a_name_a_part_of_it_or_its_number_finds_a_character(asked, found):
    assert CAST.find(asked).name == found


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("Lovelock", "did you mean Ada Lovelock or Edith Lovelock?"),
        ("Waltr Novack", "did you mean Walter Novak?"),
        ("三枝つむき", "did you mean 三枝つむぎ?"),
        ("7", "or like it; there are Walter Novak, .* and 1 more"),
        ("", "or like it"),
    ],
)
def test_a_name_that_means_nobody_or_several_is_refused_with_suggestions(asked, words):
    with pytest.raises(ProfileError, match=words):
        CAST.find(asked)
