"""Samples on disk: what is there is taken over, and nothing else is."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from raiden.core.errors import InputError
from raiden.data.samples import parse_sample
from raiden.datagen.base import Slot
from raiden.datagen.store import SampleStore, slot_key
from tests.datagen.authors import make_draft, make_profile

SLOTS = [Slot(make_profile("Ada"), "sbk", "en", index) for index in range(3)]


async def fill(path: Path, order: list[int]) -> None:
    """Samples about the dog, the cat and the horse, accepted in this order."""
    store = SampleStore(path)
    for index in order:
        await store.add(SLOTS[index], parse_sample(make_draft(SLOTS[index], ("dog", "cat", "horse")[index]), "test:1"))
    await store.finish(store.in_order(map(slot_key, SLOTS)))


@pytest.mark.parametrize("name", ["made.jsonl", "made.json"])
def test_a_finished_file_is_taken_over(name, tmp_path):
    asyncio.run(fill(tmp_path / name, [2, 0]))
    asyncio.run(fill(tmp_path / name, [1]))
    store = SampleStore(tmp_path / name)
    assert [store.load(slot_key(slot)).keywords for slot in SLOTS] == [("Biscuit",), ("Pepper",), ("Mango",)]


@pytest.mark.parametrize("name", ["made.jsonl", "made.json"])
def test_the_finished_file_is_in_order_whatever_came_first(name, tmp_path):
    asyncio.run(fill(tmp_path / name, [2, 0, 1]))
    asyncio.run(fill(tmp_path / ("other_" + name), [1, 2, 0]))
    assert (tmp_path / name).read_bytes() == (tmp_path / ("other_" + name)).read_bytes()


def test_a_foreign_record_in_a_list_is_named_and_nothing_is_written(tmp_path):
    path = tmp_path / "made.json"
    asyncio.run(fill(path, [0, 1]))
    path.write_text(json.dumps([*json.loads(path.read_text(encoding="utf-8")), {"question": "Who?"}]))
    before = path.read_bytes()
    with pytest.raises(InputError, match=r"made\.json: item 3: not a record that this command wrote"):
        SampleStore(path)
    assert path.read_bytes() == before
    assert not (tmp_path / "made.json.part").exists()
