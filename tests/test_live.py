"""What a run shows while it goes, in a real terminal and without one."""

from __future__ import annotations

import re
import sys

import pytest

from raiden.__main__ import main
from raiden.train import live
from tests.chat.terminal import needs_tmux, terminal
from tests.runs import ROOT, fit_arguments, write_samples_file


@needs_tmux
@pytest.mark.terminal
def test_a_terminal_shows_figures_the_time_left_and_a_reply_with_its_score_until_ctrl_c(tiny_folder, tmp_path):
    arguments = fit_arguments(tiny_folder, write_samples_file(tmp_path / "samples.json"), tmp_path / "logs")
    command = [sys.executable, "-m", "raiden", *arguments, "--trainer.max_epochs=1000"]
    with terminal(tmp_path, command, {"PYTHONPATH": str(ROOT)}) as window:
        window.wait_for("held out")
        window.wait_for("left")
        text = window.wait_for(" of 8 completions")  # between two steps there are none under way
        assert re.search(r"step \d+ of 3000 .* \d+ of 8 completions", text)
        assert re.search(r"reward +SBK +CM", text)
        assert re.search(r"training +-?\d\.\d{3} +\d+\.\d %", text)
        assert re.search(r"(Ada|Ben|Cleo): W\w+ ", text)
        assert re.search(r"reward -?\d\.\d\d: \S", text)
        window.press("C-c")
        text = window.wait_for("Stopped")
        assert window.exit_code() == 130
        assert "learning curve so far:" in text.replace("\n", "")


def test_without_a_terminal_replies_are_counted_in_plain_lines(tiny_folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(live, "_LINE_EVERY", 0.0)
    arguments = fit_arguments(tiny_folder, write_samples_file(tmp_path / "samples.json"), tmp_path / "logs")
    assert main(["validate", *arguments[1:]]) == 0
    counts = re.findall(r"^(\d+)/4 held-out replies, (\d+) tokens$", capsys.readouterr().out, re.MULTILINE)
    tokens = [int(num) for _, num in counts]
    assert len(counts) > 3
    assert tokens == sorted(tokens)
    assert all(0 <= int(done) <= 4 for done, _ in counts)


def test_what_is_loaded_and_an_evaluation_are_told_as_they_begin(tiny_folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(live, "_LINE_EVERY", 3600.0)
    arguments = fit_arguments(tiny_folder, write_samples_file(tmp_path / "samples.json"), tmp_path / "logs")
    assert main(["validate", *arguments[1:]]) == 0
    told = capsys.readouterr().out
    assert re.findall(r"^(\d+)/4 held-out replies, \d+ tokens$", told, re.MULTILINE) == ["0"]
    assert told.startswith(f"loading {tiny_folder}\n")
