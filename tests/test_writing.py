"""What gets its name only when it is whole: on the disk too, before it has the name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from raiden.core.errors import ProfileError, StorageError
from raiden.core.records import write_json, write_new_records
from raiden.core.writing import writing


def test_every_file_of_a_folder_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    """A machine that loses its power has the old or the new: a rename may reach the disk before what is renamed."""
    done = []
    fsync, replace = os.fsync, os.replace

    def synced(descriptor):
        done.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")).name)
        fsync(descriptor)

    def renamed(source, target):
        done.append(f"named {Path(target).name}")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", renamed)
    with writing(tmp_path / "export") as part:
        (part / "deeper").mkdir(parents=True)
        (part / "config.json").write_text("{}")
        (part / "deeper" / "weights").write_bytes(b"1")
    assert sorted(done[:-1]) == ["config.json", "weights"]
    assert done[-1] == "named export"


def test_a_name_that_the_disk_does_not_take_is_told_of(tmp_path):
    too_long = tmp_path / ("n" * 300 + ".json")
    with pytest.raises(StorageError, match=r"cannot be written \(File name too long\)"):
        write_json(too_long, {})
    with pytest.raises(ProfileError, match=r"cannot be written \(File name too long\)"):
        write_new_records(too_long, [{}], ProfileError)
