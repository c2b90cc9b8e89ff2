"""SBK and CM: the right shares, in all and by kind; two processes agree with one."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch.distributed
import torch.multiprocessing as multiprocessing

from raiden.core.types import Reward
from raiden.train.metrics import RoleAwareness
from tests.grpo.records import SAMPLE

# language, focus, question type, difficulty, right
REPLIES = [
    ("en", "sbk", "where", "easy", 1),
    ("en", "sbk", "why", "hard", 0),
    ("zh", "sbk", "why", "hard", 1),
    ("zh", "cm", "who", "easy", 0),
    ("ko", "cm", "who", "medium", 1),
    ("ja", "cm", "when", "medium", 1),
    ("ja", "sbk", "where", "easy", 1),
]


def count(metric: RoleAwareness, replies: list[tuple]) -> None:
    for language, focus, question_type, difficulty, right in replies:
        sample = replace(SAMPLE, language=language, focus=focus, question_type=question_type, difficulty=difficulty)
        metric.update(sample, Reward(0.7 * right + 0.3, {"accuracy": right, "format": 1.0}, (), "made up"))


def test_shares_in_all_and_by_kind():
    metric = RoleAwareness()
    count(metric, REPLIES)
    shares = {name: share.item() for name, share in metric.compute().items()}
    assert shares["sbk"] == pytest.approx(3 / 4)
    assert shares["cm"] == pytest.approx(2 / 3)
    assert shares["sbk/language/zh"] == 1
    assert shares["sbk/language/en"] == pytest.approx(1 / 2)
    assert shares["sbk/question_type/why"] == pytest.approx(1 / 2)
    assert shares["cm/difficulty/medium"] == 1
    assert shares["reward"] == pytest.approx((5 * 1.0 + 2 * 0.3) / 7)


def test_kinds_without_samples_have_no_share():
    metric = RoleAwareness()
    assert metric.compute() == {}
    count(metric, REPLIES[:1])
    assert set(metric.compute()) == {
        "sbk", "sbk/language/en", "sbk/question_type/where", "sbk/difficulty/easy", "reward",
    }  # fmt: skip


def test_reset_forgets():
    metric = RoleAwareness()
    count(metric, REPLIES)
    metric.reset()
    assert metric.compute() == {}


def _count_my_share(rank: int, address: str) -> None:
    torch.distributed.init_process_group("gloo", init_method=address, rank=rank, world_size=2)
    whole, mine = RoleAwareness(), RoleAwareness()
    whole.sync_on_compute = False
    count(whole, REPLIES)
    count(mine, REPLIES[rank::2])  # four replies here, three there
    assert mine.compute() == whole.compute()
    torch.distributed.destroy_process_group()


def test_two_processes_agree_with_one(tmp_path):
    multiprocessing.spawn(_count_my_share, (f"file://{tmp_path / 'store'}",), nprocs=2)
