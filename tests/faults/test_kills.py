"""Runs killed at random moments, twice each: the same command goes on to the same weights, log and export."""

from __future__ import annotations

import pytest

from tests.faults.drills import PLACES, SEED, assert_nothing_broken, assert_same, chance
from tests.runs import logged

pytestmark = pytest.mark.faults


@pytest.mark.parametrize(
    ("command", "within", "number"),
    [
        *(("fit", within, number) for within in PLACES["fit"] for number in range(4)),
        *(("sft", within, number) for within in PLACES["sft"] for number in range(2)),
    ],
    ids=lambda value: str(value).rpartition(".")[2],
)
def test_a_run_killed_twice_goes_on_bit_for_bit(command, within, number, undisturbed, tmp_path):
    drill, numbers = undisturbed[command], chance(command, within, number)
    logs = tmp_path / "logs"
    more: tuple[str, ...] = ()
    for _ in range(2):
        moment = numbers.randint(1, drill.calls[within])
        place = drill.kill(logs, within, moment, *more)
        print(f"RAIDEN_FAULTS_SEED={SEED}: killed at call {moment} within {within}:\n{place}")
        assert_nothing_broken(logs, drill)
        more = ("--ckpt_path=last",)
    drill.start(logs, *more).finish()
    assert_same(logs, drill)


def test_the_undisturbed_run_learns_something(undisturbed):
    whole = undisturbed["fit"].whole
    assert len(logged(whole, "reward")) == 6
    assert any(logged(whole, "grad_norm").values())


def test_only_the_newest_checkpoints_are_kept(undisturbed, tmp_path):
    drill = undisturbed["fit"]
    drill.start(tmp_path / "logs").finish()
    assert sorted(p.name for p in tmp_path.rglob("*.ckpt")) == ["step-00000004.ckpt", "step-00000006.ckpt"]
