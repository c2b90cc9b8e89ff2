"""What is accepted follows from the drafts alone, whatever came first and whatever was there from before."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from raiden.core.types import Sample
from raiden.data.samples import load_samples
from raiden.datagen.base import Rejection, Slot
from raiden.datagen.pipeline import Pipeline, Plan, Tally
from raiden.datagen.store import RejectionLog, SampleStore
from raiden.endpoints import AccessError
from tests.datagen.authors import SlowAuthor, make_draft, make_profile

PROFILES = [make_profile(name) for name in ("Ada", "Ben", "Cleo")]


def generate(folder: Path, author: SlowAuthor, num_samples: int = 6, **options) -> Tally:
    """A whole run into `folder`: made.jsonl and rejected.jsonl."""
    return asyncio.run(agenerate(folder, author, num_samples, **options))


async def agenerate(folder: Path, author: SlowAuthor, num_samples: int, profiles=PROFILES, **options) -> Tally:
    plan = Plan(profiles, num_samples, ("sbk",))
    store, rejections = SampleStore(folder / "made.jsonl"), RejectionLog(folder / "rejected.jsonl")
    await rejections.keep_only(store)
    pipeline = Pipeline(plan, author, store, rejections, **{"max_attempts": 4, "concurrency": 4, **options})
    try:
        await pipeline.run()
        await store.finish(store.in_order(plan.order()))
        await rejections.finish(plan.order())
    finally:
        await store.close()
        await rejections.close()
    return pipeline.tally


def files(folder: Path) -> tuple[bytes, bytes]:
    return (folder / "made.jsonl").read_bytes(), (folder / "rejected.jsonl").read_bytes()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> tuple[bytes, bytes]:
    folder = tmp_path_factory.mktemp("undisturbed")
    generate(folder, SlowAuthor())
    return files(folder)


def test_drafts_are_rejected_and_replaced(undisturbed, tmp_path):
    tally = generate(tmp_path, SlowAuthor())
    reasons = [json.loads(line)["reason"] for line in undisturbed[1].splitlines()]
    assert {"near_duplicate", "keyword_not_in_profile"} <= set(reasons)
    assert tally.num_samples + tally.unfilled.total() == tally.num_slots == 18
    assert tally.num_samples == len(load_samples(tmp_path / "made.jsonl")) == len(undisturbed[0].splitlines())


def test_no_character_is_asked_the_same_twice(undisturbed):
    asked = [(record["character_name"], record["question"]) for record in map(json.loads, undisturbed[0].splitlines())]
    assert len(set(asked)) == len(asked)


@pytest.mark.parametrize("pace", range(6))
def test_completion_order_changes_nothing(pace, undisturbed, tmp_path):
    generate(tmp_path, SlowAuthor(pace, latency=0.02))
    assert files(tmp_path) == undisturbed


@pytest.mark.parametrize("concurrency", [1, 64])
def test_concurrency_changes_nothing(concurrency, undisturbed, tmp_path):
    generate(tmp_path, SlowAuthor(7, latency=0.01), concurrency=concurrency)
    assert files(tmp_path) == undisturbed


def test_drafts_are_written_side_by_side(tmp_path):
    author = SlowAuthor(latency=0.01)
    generate(tmp_path, author, num_samples=12, concurrency=5)
    assert 5 <= author.max_drafting <= 2 * 5 + 3  # those whose draft was rejected in their turn come on top


def test_a_run_for_more_samples_goes_on_to_what_it_would_have_made_at_once(undisturbed, tmp_path):
    generate(tmp_path, SlowAuthor(), num_samples=2)
    author = SlowAuthor()
    tally = generate(tmp_path, author, num_samples=6)
    assert files(tmp_path) == undisturbed
    assert tally.num_earlier == 6
    stored = {(name, index) for name, index, _ in author.written if index < 2}
    assert not stored, "samples that were there were written again"


def test_a_failed_request_leaves_its_place_for_the_next_run(undisturbed, tmp_path):
    def fail(slot: Slot, attempt: int) -> Rejection | None:
        return Rejection("request_failed", "HTTP 500") if (slot.profile.name, slot.index) == ("Ben", 5) else None

    tally = generate(tmp_path, SlowAuthor(fault=fail))
    assert tally.unfilled["request_failed"] == 1
    assert b"request_failed" in files(tmp_path)[1]
    generate(tmp_path, SlowAuthor())
    assert files(tmp_path) == undisturbed


def test_no_request_can_succeed_means_that_the_run_ends(tmp_path):
    def refuse(slot: Slot, attempt: int) -> None:
        if slot.index == 3:
            raise AccessError("HTTP 401: wrong key")

    author = SlowAuthor(latency=0.01, fault=refuse)
    with pytest.raises(AccessError, match="wrong key"):
        generate(tmp_path, author, num_samples=1000, concurrency=2)
    assert len(author.written) < 20


def test_nothing_left_ends_the_attempts_of_a_slot(tmp_path):
    author = SlowAuthor(fault=lambda slot, attempt: Rejection("nothing_left", "All facts are used up."))
    tally = generate(tmp_path, author, num_samples=2)
    assert len(author.written) == 6
    assert tally.unfilled == {"nothing_left": 6}


def test_an_empty_slot_lets_no_later_one_go_before_an_earlier_one(tmp_path):
    """Slot 0 asks for the dog, slowly; slot 1 stays empty at once; slot 2 asks for the dog too, and comes too late."""

    class DogLover(SlowAuthor):
        async def write(self, slot, attempt):
            if slot.index == 1:
                return Rejection("nothing_left", "Nothing at all.")
            await asyncio.sleep(0.1 if slot.index == 0 else 0)
            return make_draft(slot, "dog")

    generate(tmp_path, DogLover(), num_samples=3, profiles=PROFILES[:1], max_attempts=1)
    made, rejected = (list(map(json.loads, content.splitlines())) for content in files(tmp_path))
    assert [record["metadata"]["index"] for record in made] == [0]
    assert [(r["index"], r["reason"]) for r in rejected] == [(1, "nothing_left"), (2, "near_duplicate")]


def test_a_slot_that_hangs_does_not_let_memory_grow(tmp_path):
    """With 1 request at a time, at most 64 slots wait for the one that hangs; then no other is opened."""

    class Stuck(SlowAuthor):
        async def write(self, slot, attempt):
            if slot.index == 0:
                await asyncio.Event().wait()
            return await super().write(slot, attempt)

    async def run(author: SlowAuthor) -> None:
        work = asyncio.create_task(agenerate(tmp_path, author, 100_000, profiles=PROFILES[:1], concurrency=1))
        while len(author.written) < 40:
            await asyncio.sleep(0)
        for _ in range(10_000):  # nothing that it could still do waits for anything else
            await asyncio.sleep(0)
        assert not work.done()
        work.cancel()
        await asyncio.wait([work])

    author = Stuck()
    asyncio.run(run(author))
    assert 30 < len({index for _, index, _ in author.written}) < 64


def test_a_verifier_has_the_last_word_on_a_draft(tmp_path):
    class NoDogs:
        async def verify(self, sample: Sample) -> Rejection | None:
            return Rejection("judge_disagrees", "2 of 4 agree.") if "dog" in sample.question else None

    generate(tmp_path, SlowAuthor(), verifiers=[NoDogs()])
    made, rejected = files(tmp_path)
    assert b"your dog" not in made
    assert b"judge_disagrees" in rejected
