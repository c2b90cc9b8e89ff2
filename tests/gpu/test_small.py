"""`python -m tests.gpu` on a CPU: small, so that it is whole when minutes on a GPU are to be had."""

from __future__ import annotations

import json

from tests.gpu.__main__ import main


def test_all_checks_that_a_cpu_can_run_pass_and_the_last_line_is_their_figures(capsys):
    code = main([])
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert not report["failed"]
    assert code == 0
    assert report["checks"]["noise"]["other_tokens"] == 0
    assert {"noise", "attention", "update", "update_7b", "trl", "sampling", "two"} <= set(report["checks"])


def test_no_check_begins_after_the_time_and_each_says_so(capsys):
    assert main(["--seconds=-1"]) == 0
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert set(report["skipped"].values()) == {"the time was up"}
