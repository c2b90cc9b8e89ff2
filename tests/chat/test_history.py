"""Conversations in a file: appended, gone on with, refused where the file is another's."""

from __future__ import annotations

import json

import pytest

from raiden.chat import History
from raiden.chat.conversation import Turn
from raiden.chat.history import default_path
from raiden.core.errors import ConfigError

HELLO = [Turn("user", "你好"), Turn("assistant", "안녕", "length")]
MORE = [Turn("user", "もう一つ"), Turn("assistant", "yes")]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new" / "chats.jsonl"


def talk(path, name, *steps):
    history = History(path, "m")
    history.begin(name)
    for keep, turns in steps:
        history.append(keep, turns)


def test_the_last_conversation_with_a_character_goes_on(path):
    talk(path, "Ada", (0, MORE))
    talk(path, "Ada", (0, HELLO))
    talk(path, "Ben", (0, MORE))
    history = History(path, "m")
    assert history.resume("Ada") == HELLO
    history.append(2, MORE)
    assert History(path, "m").resume("Ada") == HELLO + MORE
    assert len({json.loads(line)["conversation"] for line in path.read_text("utf-8").splitlines()}) == 3


def test_the_conversation_talked_last_is_the_last_one_whenever_it_began(path):
    talk(path, "Ada", (0, HELLO))
    first = path.read_text("utf-8")
    talk(path, "Ada", (0, MORE))
    with path.open("a", encoding="utf-8") as file:
        file.write(first.replace('"keep": 0', '"keep": 2'))
    assert History(path, "m").resume("Ada") == HELLO + HELLO


def test_what_was_taken_back_is_not_gone_on_with(path):
    talk(path, "Ada", (0, HELLO), (2, MORE), (2, []), (0, []), (0, MORE))
    assert History(path, "m").resume("Ada") == MORE


def test_there_is_nothing_to_go_on_with_where_nothing_was_said(path):
    assert History(path, "m").resume("Ada") == []


def test_the_file_is_readable_text_that_only_grows(path):
    talk(path, "小明", (0, HELLO))
    before = path.read_bytes()
    talk(path, "小明", (0, MORE))
    assert path.read_bytes().startswith(before)
    assert "你好" in path.read_text("utf-8")
    assert json.loads(before)["turns"][1] == {"role": "assistant", "content": "안녕", "finish_reason": "length"}


@pytest.mark.parametrize(
    "line", ['{"keep": 0}', '{"conversation": "a", "keep": 0, "turns": [{"role": 3}]}', "[]", "no"]
)
def test_a_line_of_another_file_is_refused_with_its_place(path, line):
    talk(path, "Ada", (0, HELLO))
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    with pytest.raises(ConfigError, match=r"chats.jsonl:2"):
        History(path, "m").resume("Ada")


def test_a_place_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"`history`: .* cannot be written"):
        History(tmp_path / "file" / "chats.jsonl", "m")


def test_the_usual_place_follows_the_users_own(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_path() == tmp_path / "raiden" / "chats.jsonl"
