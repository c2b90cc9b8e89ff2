"""Several files and folders at once: all that can be used, and every fault."""

from __future__ import annotations

import json

import pytest

from raiden.core.errors import ProfileError
from raiden.data.profiles import load_profiles, read_profiles, write_profiles
from tests.profiles.cards import card, encoded, png, write_text
from tests.records import profile_record, write_json, write_jsonl


def record(name: str) -> dict:
    return profile_record(f"Name: {name}\nAge: 4")


def test_good_lines_are_read_and_bad_ones_named(tmp_path):
    path = tmp_path / "p.jsonl"
    lines = [
        json.dumps(record("Ada")),
        "{",
        json.dumps(record("Bo")),
        "[1]",
        '{"prompt": 1}',
        json.dumps(record("Ada")),
    ]
    profiles, faults = read_profiles([write_text(path, "\n\n".join(lines))])
    assert [(p.name, p.origin) for p in profiles] == [("Ada", f"{path}:1"), ("Bo", f"{path}:5")]
    assert [str(fault).split(";")[0] for fault in faults] == [
        f"{path}:3: not valid JSON (Expecting property name enclosed in double quotes at column 2)",
        f"{path}:7: must be a JSON object, got list",
        f"{path}:9: `prompt` must be a string, got 1",
        f'{path}:11: a second profile "Ada" (the first: {path}:1)',
    ]


def test_a_folder_is_read_in_the_order_of_its_names(tmp_path):
    folder = tmp_path / "cards"
    for name in ("b/Zoe.json", "a.jsonl", "c.PNG", ".hidden/x.json", ".DS_Store"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("rubbish")
    write_text(folder / "b/Zoe.json", card(name="Zoe"))
    write_jsonl(folder / "a.jsonl", [record("Ada"), card(name="Bo")])
    (folder / "c.PNG").write_bytes(png({"chara": encoded(card(name="Cy"))}))
    (folder / "notes.txt").write_text("Cards of mine.\nTo be sorted.")
    write_text(folder / "again.json", {**card(name="Zoe")})
    profiles, faults = read_profiles([folder, tmp_path / "missing.json"])
    assert [p.name for p in profiles] == ["Ada", "Bo", "Zoe", "Cy"]
    assert [str(fault).split(";")[0] for fault in faults] == [
        f'{folder}/b/Zoe.json: a second profile "Zoe" (the first: {folder}/again.json)',
        f"{folder}/notes.txt:1: not valid JSON (Expecting value at column 1)",
        f"{tmp_path}/missing.json: cannot be read (No such file or directory)",
    ]


def test_records_and_cards_may_share_a_list(tmp_path):
    profiles, faults = read_profiles([write_json(tmp_path / "all.json", [record("Ada"), card(name="Bo"), 7])])
    assert [p.origin for p in profiles] == [f"{tmp_path}/all.json: item 1", f"{tmp_path}/all.json: item 2"]
    assert [str(fault).split(":", 1)[1] for fault in faults] == [
        " item 3: must be a JSON object, got int; write {...} for each record."
    ]


def test_a_record_may_be_written_over_several_lines(tmp_path):
    text = "\n\n" + json.dumps(record("Ada"), indent=2)
    (profile,) = load_profiles(write_text(tmp_path / "p.json", text))
    assert (profile.name, profile.origin) == ("Ada", f"{tmp_path}/p.json:3")


def test_a_broken_object_over_several_lines_is_one_fault(tmp_path):
    text = json.dumps(card(), indent=2).replace('"Ada",', '"Ada"')
    _, faults = read_profiles([write_text(tmp_path / "ada.json", text)])
    assert [str(fault).split(" (")[0] for fault in faults] == [f"{tmp_path}/ada.json:6: not valid JSON"]


@pytest.mark.parametrize("content", ["", "[]", "\ufeff\n", " \n\t\n"])
def test_an_empty_file_is_a_fault(tmp_path, content):
    _, faults = read_profiles([write_text(tmp_path / "p.json", content)])
    assert [str(fault) for fault in faults] == [f"{tmp_path}/p.json: no profile in it; write one JSON object a line."]


def test_half_a_character_in_a_card_is_a_fault(tmp_path):
    with pytest.raises(ProfileError, match=r"ada.json: holds half a character"):
        load_profiles(write_text(tmp_path / "ada.json", json.dumps(card(tags=["\ud83d"]))))


def test_unknown_keys_of_a_record_survive_a_write(tmp_path):
    source = write_jsonl(tmp_path / "p.jsonl", [{**record("Ada"), "mine": {"é": [1, None]}, "id": 7}])
    write_profiles(load_profiles(source), tmp_path / "new" / "q.jsonl")
    assert (tmp_path / "new" / "q.jsonl").read_text("utf-8") == source.read_text("utf-8")


def test_a_file_that_is_there_is_never_overwritten(tmp_path):
    path = write_jsonl(tmp_path / "p.jsonl", [record("Ada")])
    before = path.read_bytes()
    with pytest.raises(ProfileError, match=r"p.jsonl: is already there; give the name of a new file"):
        write_profiles(load_profiles(path), path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["p.jsonl"]


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    path = write_jsonl(tmp_path / "p.jsonl", [record("Ada")])
    with pytest.raises(ProfileError, match=r"p.jsonl/q.jsonl: cannot be written \(.*\); give another path"):
        write_profiles(load_profiles(path), path / "q.jsonl")
