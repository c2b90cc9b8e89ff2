"""Records that are kept while a command works: where each one stands in the file."""

from __future__ import annotations

import asyncio
import json

from raiden.core.journal import Journal

RECORDS = [{"id": number, "text": "ü" * number} for number in range(5)]


def test_records_that_go_to_the_disk_together_are_each_read_back(tmp_path):
    """Those that come while the disk is busy are written at once; each begins where the one before it ends."""

    async def write_and_read():
        journal = Journal(tmp_path / "kept.jsonl", lambda record: record["id"])
        await asyncio.gather(*map(journal.append, RECORDS))
        await asyncio.gather(*map(journal.append, [{"id": 5, "text": "more"}, {"id": 0, "text": "anew"}]))
        found = [journal[number] for number in range(6)]
        await journal.close()
        return found

    assert asyncio.run(write_and_read()) == [{"id": 0, "text": "anew"}, *RECORDS[1:], {"id": 5, "text": "more"}]
    lines = (tmp_path / "kept.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["id"] for line in lines] == [0, 1, 2, 3, 4, 5, 0]
