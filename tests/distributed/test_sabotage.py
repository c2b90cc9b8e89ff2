"""An engine with wrong weights stops the run within a step, and nothing is learned from what it sampled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor

from raiden.core.errors import EngineError
from raiden.rollout.canary import CanaryConfig
from raiden.rollout.engines import VLLMEngine
from raiden.train.grpo import UpdateConfig
from raiden.train.optimization import OptimizerConfig
from tests.distributed.training import Case, train
from tests.engines.copied import CopyEngine
from tests.runs import ROOT, fit_arguments, raiden, write_samples_file

Weights = Iterable[tuple[str, Tensor]]
LAYER = "model.layers.1.mlp.down_proj.weight"


class Sabotaged:
    """Changes the weights on their way into an engine, from a sync on."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.calls: list[str] = []
        self.begin()

    def begin(self, sabotage: str = "none", from_sync: int = 1) -> None:
        self.sabotage, self.from_sync, self.num_syncs = sabotage, from_sync, 0

    def update_weights(self, weights: Weights) -> None:
        self.num_syncs += 1
        wrong = self.sabotage if self.num_syncs >= self.from_sync else "none"
        kept = [(name, weight.clone()) for name, weight in weights]
        if wrong == "skip":
            return
        super().update_weights(list(self._changed(kept, wrong)))

    def _changed(self, weights: Weights, wrong: str) -> Iterator[tuple[str, Tensor]]:
        for name, weight in weights:
            if wrong == "drop" and name == "lm_head.weight":
                continue
            if wrong == "scale a weight" and name == LAYER:
                weight.mul_(1.5)
            if wrong == "scale a shard" and name == LAYER:
                weight[: len(weight) // 2].mul_(2.0)
            if wrong == "nan" and name == "model.norm.weight":
                weight.fill_(float("nan"))
            yield name, weight


class SabotagedCopy(Sabotaged, CopyEngine):
    """In plain transformers."""


class SabotagedVLLM(Sabotaged, VLLMEngine):
    """Started once for all tests."""

    def close(self) -> None:
        pass


class StaleOnOneProcess(CopyEngine):
    """The second process loses what it is sent from the second sync on."""

    def update_weights(self, weights: Iterable[tuple[str, Tensor]]) -> None:
        received = [(name, weight.clone()) for name, weight in weights]  # to gather them takes all processes
        if torch.distributed.get_rank() == 0 or "generate" not in self.calls:
            super().update_weights(received)


@pytest.fixture(scope="module")
def vllm_engine() -> Iterator[SabotagedVLLM]:
    pytest.importorskip("vllm", reason="vLLM is not installed")
    engine = SabotagedVLLM(cpu_cache_gib=1)
    yield engine
    VLLMEngine.close(engine)


@pytest.fixture(params=["transformers", pytest.param("vllm", marks=pytest.mark.vllm)])
def engine(request):
    return SabotagedCopy() if request.param == "transformers" else request.getfixturevalue("vllm_engine")


@pytest.fixture
def go(wide_folder, tmp_path):
    """Trains for some steps; gives what `train` does."""

    def run(engine, steps=3, **options):
        options = {
            "engine": engine,
            "canary": CanaryConfig(1e-3),
            "optimizer": OptimizerConfig(lr=1e-3, schedule="constant"),
            **options,
        }
        samples = write_samples_file(tmp_path / "samples.json")
        return train(wide_folder, samples, tmp_path, Case(prompts=2, steps=steps, options=options))

    return run


def test_an_engine_that_is_in_step_stops_nothing(go, engine):
    engine.begin()
    trained = go(engine)
    assert engine.num_syncs == 3
    assert trained.metrics["canary/difference"] < 1e-4
    assert trained.metrics["sync/bytes"] > 4 * 300 * 128


SABOTAGES = [("scale a weight", 1), ("scale a weight", 2), ("scale a shard", 2), ("skip", 2), ("skip", 3), ("drop", 2)]


@pytest.mark.parametrize(("sabotage", "from_sync"), SABOTAGES)
def test_the_run_stops_within_a_step(go, engine, sabotage, from_sync, monkeypatch):
    if sabotage == "drop" and isinstance(engine, CopyEngine):
        pytest.skip("a tied head is the embeddings there")
    engine.begin(sabotage, from_sync)
    steps = record_steps(monkeypatch)
    with pytest.raises(
        EngineError, match=rf"canary: after sync {from_sync} .* nats a token from the policy's \(limit"
    ):
        go(engine)
    # The last optimizer step was that of the last rollout that was right.
    assert len(steps) == from_sync - 1


def record_steps(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    steps: list[int] = []
    step = torch.optim.AdamW.step

    def counted(self, *arguments, **options):
        steps.append(len(steps))
        return step(self, *arguments, **options)

    monkeypatch.setattr(torch.optim.AdamW, "step", counted)
    return steps


@pytest.mark.slow
def test_one_stale_engine_of_two_processes_stops_the_whole_run(wide_folder, tmp_path):
    samples = write_samples_file(tmp_path / "samples.json")
    engine = f"{StaleOnOneProcess.__module__}.{StaleOnOneProcess.__qualname__}"
    arguments = fit_arguments(
        wide_folder, samples, tmp_path / "logs", "--trainer.devices=2", "--trainer.strategy=fsdp2",
        "--trainer.limit_val_batches=0", f"--model.engine={engine}", "--model.canary.max_difference=1e-3",
    )  # fmt: skip
    process = raiden(*arguments, cwd=ROOT)  # where the engine can be imported
    output, _ = process.communicate()
    assert process.returncode == 2, output
    assert "canary: after sync 2 " in output
    assert "step 1 " in output
    assert "step 2 " not in output
    assert "Traceback" not in output


def test_weights_that_are_not_numbers_stop_the_run_as_well(go):
    engine = SabotagedCopy()
    engine.begin("nan", 2)
    with pytest.raises((EngineError, ValueError, RuntimeError)):
        go(engine)


def test_several_updates_of_a_rollout_are_checked_before_the_first(go, monkeypatch):
    engine = SabotagedCopy()
    engine.begin("scale a weight", 1)
    steps = record_steps(monkeypatch)
    with pytest.raises(EngineError, match="after sync 1 "):
        go(engine, update=UpdateConfig(prompts_per_update=1, num_iterations=2))
    assert steps == []


def test_what_is_lost_once_is_told_from_what_is_wrong_each_time(go):
    engine = SabotagedCopy()
    engine.begin("skip", 2)
    with pytest.raises(
        EngineError, match=r"still .* apart: .*raiden\.rollout\.engines\.TransformersEngine as `model\.engine`"
    ):
        go(engine)

    class Once(SabotagedCopy):
        def update_weights(self, weights: Weights) -> None:
            self.sabotage = "skip" if self.num_syncs == 1 else "none"
            super().update_weights(weights)

    with pytest.raises(EngineError, match=r"After one more sync they agree: .* set `model\.engine\.sleep_level` to 0"):
        go(Once())


def test_without_a_canary_nothing_is_compared(go):
    engine = SabotagedCopy()
    engine.begin("scale a weight", 1)
    trained = go(engine, canary=CanaryConfig(None))
    assert "canary/difference" not in trained.metrics


def test_the_engine_sleeps_before_each_update_and_wakes_with_new_weights(go):
    engine = CopyEngine()
    trained = go(engine)
    assert trained.calls == ["update_weights", "generate", "sleep"] * 3
    # Each optimizer step comes after its sleep and before the next weights.
    assert trained.optimizer_step_at == [3, 6, 9]
