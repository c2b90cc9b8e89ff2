"""Small files that would become large ones, and large ones that would take the machine's memory."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import yaml

from raiden.__main__ import main
from raiden.core import limits, records
from raiden.core.errors import InputError, ProfileError, SampleError
from raiden.core.records import load_json
from raiden.core.yaml_text import load_yaml
from raiden.data.profiles import load_profiles
from raiden.data.samples import load_samples
from raiden.evaluation.results import read_evaluation
from tests.profiles.cards import card, charx
from tests.records import profile_record, sample_record


def nested(depth: int) -> str:
    return '{"a":[' * (depth // 2) + "[]" * (depth % 2) + "]}" * (depth // 2)


def test_json_may_be_a_hundred_deep_and_no_deeper():
    assert load_json(nested(100))
    with pytest.raises(ValueError, match="more than 100 deep"):
        load_json(nested(101))


def test_brackets_in_text_and_beside_each_other_are_not_depth():
    assert load_json(json.dumps([["[" * 500]] * 500))


def unfolding(levels: int) -> str:
    """Lists of ten aliases of the list before: 10 ** levels values, and never more than this in memory."""
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, levels)]
    return "\n".join(lines)


def test_aliases_of_aliases_are_counted_with_all_that_they_stand_for():
    assert load_yaml(unfolding(4))["a3"][9][9] == load_yaml(unfolding(4))["a1"]
    with pytest.raises(yaml.YAMLError, match="its aliases unfold to more than 100,000 values"):
        load_yaml(unfolding(5))
    merged = load_yaml("base: &base {a: 1, b: 2}\nown: {<<: *base, b: 3}\ntext: 2 * 3 & 4")
    assert merged["own"] == {"a": 1, "b": 3}


@pytest.mark.parametrize(
    "command",
    [
        "fit --config x.yaml",
        "plan --config x.yaml",
        "sft --config x.yaml",
        "generate --config x.yaml",
        "import x.yaml --output made.jsonl",
    ],
)
def test_a_file_that_unfolds_is_refused_by_each_command_that_reads_it(tmp_path, monkeypatch, capsys, command):
    monkeypatch.chdir(tmp_path)
    Path("x.yaml").write_text(unfolding(5) + "\n")
    assert main(command.split()) == 2
    assert "its aliases unfold to more than 100,000 values" in " ".join(capsys.readouterr().err.split())


def test_a_file_of_gigabytes_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "x.jsonl"
    path.touch()
    os.truncate(path, limits.MAX_FILE_BYTES + 1)  # a hole: it takes no room on the disk
    for read, error in ((load_profiles, ProfileError), (load_samples, SampleError), (read_evaluation, InputError)):
        with pytest.raises(error, match=r"x.jsonl: has 1,073,741,825 bytes, and at most 1,073,741,824 are read; part"):
            read(path)


@pytest.mark.parametrize(
    ("load", "record"), [(load_profiles, profile_record("Name: Ada")), (load_samples, sample_record())]
)
def test_one_record_of_absurd_length_is_refused_with_its_line(tmp_path, monkeypatch, load, record):
    monkeypatch.setattr(records, "MAX_RECORD_BYTES", 5000)
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps(record) + "\n" + json.dumps({**record, "notes": "a" * 5000}) + "\n")
    with pytest.raises(InputError, match=r"x.jsonl:2: has 5,\d+ bytes, and a record may have 5,000; shorten it"):
        load(path)


def test_a_card_that_unpacks_to_more_than_the_archive_says_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MAX_MEMBER_BYTES", 1000)
    content = charx({"card.json": json.dumps(card()) + " " * 10_000})
    declared = content.rindex((10_000 + len(json.dumps(card()))).to_bytes(4, "little"))
    for archive in (content, content[:declared] + (500).to_bytes(4, "little") + content[declared + 4 :]):
        (tmp_path / "card.charx").write_bytes(archive)
        with pytest.raises(ProfileError, match=r"card.charx.*(unpacks to more than 1,000 bytes|cannot be opened)"):
            load_profiles(tmp_path / "card.charx")


def test_an_archive_of_too_many_files_is_refused_before_they_are_listed(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MAX_MEMBERS", 3)
    (tmp_path / "card.charx").write_bytes(charx({"card.json": json.dumps(card()), "a": "", "b": "", "c": ""}))
    with pytest.raises(ProfileError, match=r"card.charx: an archive of 4 files, and at most 3 are read"):
        load_profiles(tmp_path / "card.charx")


def test_a_large_collection_is_read_well_within_the_limits(tmp_path: Path):
    path = tmp_path / "x.jsonl"
    long = "Introduction: " + "a long story. " * 20_000
    lines = [json.dumps(profile_record(f"Name: N{i}\n{long}")) for i in range(20)]
    path.write_text("\n".join(lines))
    assert len(load_profiles(path)) == 20
