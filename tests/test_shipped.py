"""What comes with raiden is found without its repository, and never in place of the user's own."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import pytest

from raiden.__main__ import main
from raiden.core import shipped
from raiden.core.shipped import configs, find_config, find_file, with_config_paths
from tests.runs import ROOT


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As a wheel leaves it: configs/ and data/ in a folder of the package, and nothing where the user works."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    places = project["tool"]["hatch"]["build"]["targets"]["wheel"]["sources"]
    for own, packed in places.items():
        assert Path(packed).parts[:2] == ("raiden", shipped._INSTALLED.name)
        shutil.copytree(ROOT / own, tmp_path / "site" / packed)
    monkeypatch.setattr(shipped, "ROOT", tmp_path / "site" / "raiden" / shipped._INSTALLED.name)
    monkeypatch.setattr(shipped, "_told", set())
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return shipped.ROOT


def test_a_name_is_a_configuration_and_its_files_come_along(installed, tiny_folder, capsys):
    words = ["plan", "--config", "quickstart", f"--model.policy.path={tiny_folder}", "--json"]
    assert main(words) == 0
    told = capsys.readouterr().err
    for file in ("configs/prompts/short.jinja", "data/training/quickstart_train.json"):
        assert told.count(f"{file} is not in this folder; the one that comes with raiden is taken.") == 1


def test_a_printed_configuration_is_the_file_and_runs_as_it_is(installed, tiny_folder, capsys):
    assert main(["configs", "quickstart"]) == 0
    Path("my.yaml").write_text(capsys.readouterr().out, encoding="utf-8")
    assert Path("my.yaml").read_bytes() == (ROOT / "configs" / "quickstart.yaml").read_bytes()
    assert main(["plan", "--config=my.yaml", f"--model.policy.path={tiny_folder}"]) == 0


def test_a_file_of_the_users_wins(installed, capsys):
    for path in ("quickstart", "configs/sft.yaml", "data/examples/replies.jsonl"):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text('{"reply": "Tea.", "keywords": ["tea"]}\n')
    assert find_config("quickstart") == "quickstart"
    assert find_config("sft") == "configs/sft.yaml"
    assert main(["score", "data/examples/replies.jsonl"]) == 0
    printed = capsys.readouterr()
    assert "of 1 rows" in printed.out
    assert "comes with raiden" not in printed.err


def test_what_is_nowhere_is_as_it_was_written(installed, tmp_path):
    assert find_config("nonesuch") == "nonesuch"
    assert find_file("data/nonesuch.json") == Path("data/nonesuch.json")
    absolute = tmp_path / "data" / "online_profiles.jsonl"
    assert find_file(absolute) == absolute


def test_each_configuration_is_found_by_the_name_under_which_it_is_listed(installed, capsys):
    assert main(["configs"]) == 0
    listed = capsys.readouterr().out
    for name, path in configs():
        assert f" {name} " in listed
        assert find_config(name) == str(path)
    files = [path.relative_to(ROOT / "configs") for path in (ROOT / "configs").rglob("*") if path.is_file()]
    assert sorted(path for _, path in configs()) == sorted(installed / "configs" / file for file in files)


@pytest.mark.parametrize("words", [["--config", "sft"], ["--config=sft"], ["-c", "sft"]])
def test_names_are_found_wherever_a_command_takes_a_configuration(words, installed):
    assert with_config_paths(["fit", *words])[-1].endswith(f"{installed}/configs/sft.yaml")


def test_a_name_that_there_is_not_is_told_with_what_was_meant(installed, capsys):
    assert main(["configs", "quickstrt"]) == 2
    assert "did you mean `quickstart`?" in capsys.readouterr().err
