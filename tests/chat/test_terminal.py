"""Chats in a real terminal: keys pressed, the screen read."""

from __future__ import annotations

import json

import pytest

from tests.chat.chats import COMMAND, serving
from tests.chat.terminal import needs_tmux, terminal
from tests.servers.chat_server import Behaviour

pytestmark = [pytest.mark.terminal, needs_tmux]


def test_a_reply_is_read_while_it_is_written_and_stopped_by_ctrl_c(tmp_path):
    behaviour = Behaviour(piece_latency=0.1, says=lambda messages: " ".join(f"word{n}" for n in range(1000)))
    with serving(behaviour) as server:
        command = [*COMMAND, "--base_url", server.base_url, "--character", "novak"]
        with terminal(tmp_path, command, {"XDG_DATA_HOME": str(tmp_path)}) as window:
            window.wait_for("You:")
            window.type("Tell me all.")
            window.wait_for("Walter Novak: word0 word1")
            window.press("C-c")
            window.wait_for("(stopped)")
            window.wait_for("Ctrl-C again ends")
            window.type("And now?")
            window.wait_for("Walter Novak: word0 word1", times=2)
            window.press("C-c")
            window.wait_for("Ctrl-C again ends", times=2)
            window.press("C-c")
            assert window.exit_code() == 130
            assert "Traceback" not in window.text()
        asked = [body["messages"][1:] for body in server.bodies]
    assert asked[1][1]["content"].startswith("word0 word1")  # the beginning that was read
    kept = [json.loads(line) for line in (tmp_path / "raiden" / "chats.jsonl").read_text("utf-8").splitlines()]
    assert [line["turns"][1]["finish_reason"] for line in kept] == ["interrupted", "interrupted"]


def test_wide_characters_are_edited_as_whole_characters(tmp_path):
    with serving(Behaviour(says=lambda messages: f"「{messages[-1]['content']}」")) as server:
        command = [*COMMAND, "--base_url", server.base_url]
        with terminal(tmp_path, command, {"XDG_DATA_HOME": str(tmp_path)}) as window:
            window.wait_for("Talk with (name or number):")
            window.type("佟")
            window.wait_for("You:")
            window.press("你", "好", "吗", "BSpace", "Left", "啊", "Enter")
            window.wait_for("佟大喜: 「你啊好」\nYou:")  # a key before the prompt would be nobody's
            window.type("漢字かなと한글 mixed")
            window.wait_for("佟大喜: 「漢字かなと한글 mixed」\nYou:")
            window.press("Up", "Up", "Enter")
            window.wait_for("佟大喜: 「你啊好」\nYou:", times=2)
            window.press("C-d")
            assert window.exit_code() == 0
        assert [body["messages"][-1]["content"] for body in server.bodies] == [
            "你啊好",
            "漢字かなと한글 mixed",
            "你啊好",
        ]


def test_a_local_model_is_loaded_talked_with_stopped_and_scored(tmp_path, tiny_folder):
    command = [*COMMAND, "--model_path", str(tiny_folder), "--character", "novak", "--max_tokens", "4000"]
    with terminal(tmp_path, command, {"XDG_DATA_HOME": str(tmp_path)}) as window:
        window.wait_for("loaded on cpu in")
        window.wait_for("You:")
        window.type("When did you start working in the mine, Walter?")
        window.wait_for("Walter Novak: ")
        window.press("C-c")
        window.wait_for("Ctrl-C again ends")
        window.type("/why")
        window.wait_for('asked for: "1952"')
        window.wait_for("why: ")
        window.type("/quit")
        assert window.exit_code() == 0
        assert "Traceback" not in window.text()
