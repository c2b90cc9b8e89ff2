"""`raiden report` as a user meets it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from raiden.__main__ import main
from raiden.evaluation.results import write_evaluation
from tests.evaluation.html.pages import after, before
from tests.evaluation.html.test_curves import log


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_evaluation("before.json", before())
    write_evaluation("after.json", after())
    return tmp_path


def test_two_evaluations_and_a_run_make_one_file(files, capsys):
    log(files, reward=[(0, 0.25), (1, 0.5)])
    assert main(["report", "before.json", "after.json", "--run", ".", "--title", "Edith & co"]) == 0
    page = (files / "report.html").read_text(encoding="utf-8")
    assert "<title>Edith &amp; co</title>" in page
    assert all(text in page for text in ("the base", "the trained one", "苏州", '"points":[[0,0.25],[1,0.5]]'))
    assert "report: report.html" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["missing.json"], "missing.json: cannot be read"),
        (["before.json", "after.json", "after.json"], "one evaluation or two"),
        (["after.json", "--output", "."], "is a folder"),
        (["after.json", "--output", "before.json/x.html"], "cannot be written"),
        (["after.json", "--run", "."], "no TensorBoard files"),
    ],
)
def test_what_cannot_work_is_said_with_its_place(files, capsys, arguments, words):
    assert main(["report", *arguments]) == 2
    assert words in capsys.readouterr().err
    assert not (files / "report.html").exists()


def test_a_page_that_is_there_is_overwritten_only_where_that_is_said(files, capsys):
    (files / "report.html").write_text("mine", encoding="utf-8")
    assert main(["report", "after.json"]) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert (files / "report.html").read_text(encoding="utf-8") == "mine"
    assert main(["report", "after.json", "--overwrite"]) == 0


def test_the_report_needs_no_torch(files):
    code = "import sys; from raiden.__main__ import main; main(['report', 'after.json'])"
    subprocess.run([sys.executable, "-c", f"{code}; assert 'torch' not in sys.modules"], cwd=files, check=True)
