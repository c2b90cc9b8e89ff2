"""`raiden score`: rows in order, tables with totals, clear errors, and no heavy library."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from raiden.commands.score import main
from raiden.core.errors import SampleError

ROWS: list[dict[str, Any]] = [
    {"reply": "I drink green tea.", "keywords": ["green tea"]},
    {"reply": "我不喝咖啡。", "keywords": ["咖啡"], "language": "zh"},
    {"reply": "父は鍛冶屋でした。", "keywords": ["鍛冶屋", "ヨーク"], "match": "all"},
    {"reply": "스물일곱이에요.", "rule": {"terms": [{"type": "number", "variants": ["27"]}]}},
]


def write_rows(path: Path, rows: list[Any]) -> str:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def test_json_output_has_one_object_a_row_in_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json", write_rows(tmp_path / "rows.jsonl", ROWS)]) == 0
    scored = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["accuracy"] for row in scored] == [1, 0, 0, 1]
    assert [row["language"] for row in scored] == ["en", "zh", "ja", "ko"]
    assert all({"accuracy", "format", "total", "spans", "reason"} <= row.keys() for row in scored)
    assert scored[0]["spans"] == [{"start": 8, "end": 17, "text": "green tea"}]


def test_each_clause_is_explained_with_whose_fact_it_tells(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reply = "My sister is a nurse, and I mend clocks."
    row = {"question": "What is your job?", "reply": reply, "keywords": ["nurse"], "language": "en"}
    assert main(["--explain", write_rows(tmp_path / "rows.jsonl", [row])]) == 0
    _, asked, first, second = capsys.readouterr().out.splitlines()
    assert "the character, now" in asked
    assert first.strip().startswith("'My sister is a nurse, and' (sister): 'nurse': its clause tells it of another")
    assert second.strip() == "'I mend clocks.' (the character)"


def test_a_reader_that_has_read_enough_is_no_error(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "rows.jsonl", ROWS * 500)
    command = [sys.executable, "-m", "raiden", "score", "--json", path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["accuracy"] == 1
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0


def test_the_table_ends_with_totals_by_language(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rows.json"
    path.write_text(json.dumps(ROWS), encoding="utf-8")
    assert main([str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:3] == ["row", "lang", "accuracy"]
    assert lines[-1].split() == ["all", "50.0%", "100%", "0.65", "of", "4", "rows"]
    assert [line.split()[0] for line in lines[-5:]] == ["zh", "ja", "en", "ko", "all"]


def test_the_response_format_can_be_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_rows(tmp_path / "rows.jsonl", [{"reply": "<think>x</think>Tea.", "keywords": ["tea"]}])
    main(["--json", "--response_format", "think", path])
    assert json.loads(capsys.readouterr().out)["format"] == 1


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"keywords": ["a"]}, "reply"),
        ({"reply": "a"}, "keywords"),
        ({"reply": "a", "keywords": [""]}, "keywords"),
        ({"reply": "a", "keywords": "a"}, "keywords"),
        ({"reply": "a", "keywords": ["a"], "language": "fr"}, "language"),
        ({"reply": "a", "keywords": ["a"], "question": 3}, "question"),
        ({"reply": "a", "keywords": ["a"], "character_profile": "x"}, "character_profile"),
        ({"reply": "a", "keywords": ["a"], "conversation_history": ["x"]}, r"conversation_history\[0\]"),
        ({"reply": "a", "keywords": ["a"], "match": 1}, "match"),
    ],
)
def test_a_bad_row_is_refused_with_file_and_line(tmp_path: Path, row: dict[str, Any], field: str) -> None:
    path = write_rows(tmp_path / "rows.jsonl", [ROWS[0], row])
    with pytest.raises(SampleError, match=rf"rows\.jsonl:2: .*`{field}`"):
        main([path])


def test_scoring_needs_neither_torch_nor_lightning(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "rows.jsonl", ROWS)
    program = (
        "import sys; sys.modules['torch'] = sys.modules['lightning'] = None\n"
        f"from raiden.commands.score import main; main([{path!r}])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_only_the_tools_of_the_languages_met_are_loaded(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "rows.jsonl", [ROWS[0]])
    program = (
        "import sys; from raiden.commands.score import main\n"
        f"main([{path!r}]); print(sorted({{'opencc', 'rjieba', 'sudachipy', 'mecab_ko'}} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
