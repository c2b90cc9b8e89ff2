"""`raiden import`: what it writes, says and returns."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from raiden.__main__ import main
from raiden.data.profiles import load_profiles
from tests.profiles.cards import card, encoded, png, write_text


@pytest.fixture
def sources(tmp_path):
    """A picture, a role file and a broken card."""
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "ada.png").write_bytes(png({"ccv3": encoded(card(tags=["bakery"], scenario="{{user}} waits."))}))
    write_text(folder / "broken.json", card(name=""))
    write_text(folder / "npc.json", {"青禾": {"npc_type": "现代", "npc_setting": "性别: 女,\n职业: 古籍修复师,"}})
    return folder


def test_what_can_be_used_is_written_and_the_rest_is_named(sources, tmp_path, capsys):
    output = tmp_path / "profiles.jsonl"
    assert main(["import", str(sources), "--output", str(output)]) == 1
    ada, qinghe = load_profiles(output)
    assert ada.fields["Scenario"] == "the user waits."
    assert qinghe.fields == {"Name": "青禾", "性别": "女", "职业": "古籍修复师"}
    assert qinghe.raw["npc"]["npc_type"] == "现代"
    said = capsys.readouterr()
    assert said.out == (
        f"{sources}/ada.png (ccv3): Ada (en): Name, Detailed Description, Personality, Scenario\n"
        "    kept, not used: tags (says nothing of the character)\n"
        f'{sources}/npc.json: "青禾": 青禾 (zh): Name, 性别, 职业\n'
        f"2 profiles written to {output}; 1 could not be used.\n"
    )
    assert said.err == f"error: {sources}/broken.json: character card: `data.name` is missing; name the character.\n"


def test_all_good_is_0_and_nothing_good_is_2(sources, tmp_path, capsys):
    assert main(["import", str(sources / "npc.json"), "--output", str(tmp_path / "a.jsonl")]) == 0
    assert main(["import", str(sources / "broken.json"), "--output", str(tmp_path / "b.jsonl")]) == 2
    assert not (tmp_path / "b.jsonl").exists()
    said = capsys.readouterr()
    assert said.out.endswith("0 profiles written; 1 could not be used.\n")
    assert said.err.endswith("are read by `raiden import-samples`.\n")


def test_the_user_has_the_name_that_is_asked_for(sources, tmp_path):
    arguments = ["import", str(sources / "ada.png"), "--output", str(tmp_path / "a.jsonl"), "--user_name", "Tom"]
    assert main(arguments) == 0
    assert load_profiles(tmp_path / "a.jsonl")[0].fields["Scenario"] == "Tom waits."


def test_an_import_of_an_import_changes_nothing(sources, tmp_path):
    main(["import", str(sources), "--output", str(tmp_path / "a.jsonl")])
    assert main(["import", str(tmp_path / "a.jsonl"), "--output", str(tmp_path / "b.jsonl")]) == 0
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()


def test_an_existing_output_is_left_alone(sources, tmp_path, capsys):
    output = write_text(tmp_path / "profiles.jsonl", "mine")
    assert main(["import", str(sources), "--output", str(output)]) == 2
    assert output.read_text() == "mine"
    assert f"error: {output}: is already there; give the name of a new file" in capsys.readouterr().err


def test_the_command_starts_without_torch(sources, tmp_path):
    code = "import sys; from raiden.__main__ import main; print(main(sys.argv[1:]), 'torch' in sys.modules)"
    arguments = ["import", str(sources), "--output", str(tmp_path / "a.jsonl")]
    run = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "1 False"
    assert [json.loads(line)["prompt"][:19] for line in (tmp_path / "a.jsonl").open()] == ["<Character Setting>"] * 2
