"""Ctrl-C while vLLM generates: a word, exit code 130, no process left, and the run goes on."""

from __future__ import annotations

import os
import signal

import pytest

from tests.faults.moments import At
from tests.processes import Started
from tests.runs import fit_arguments, logged, write_samples_file

pytest.importorskip("vllm", reason="vLLM is not installed")


def interrupt() -> None:
    """What a terminal does; vLLM is in the middle of its steps."""
    os.killpg(os.getpid(), signal.SIGINT)


@pytest.mark.vllm
def test_ctrl_c_while_vllm_generates_ends_the_run_with_a_word_and_it_goes_on(wide_folder, tmp_path):
    samples = write_samples_file(tmp_path / "samples.json")
    arguments = fit_arguments(
        wide_folder, samples, tmp_path / "logs", "--model.canary.max_difference=1e-3", "--export.enabled=false",
        "--model.engine=raiden.rollout.engines.VLLMEngine", "--model.engine.cpu_cache_gib=1",
        "--trainer.limit_val_batches=0",
    )  # fmt: skip
    pressed = At("vllm:LLMEngine.step", 42, interrupt)  # 12 tokens a step at most: beyond the first checkpoint
    stopped = Started(*arguments, cwd=tmp_path, before=pressed)
    said = stopped.finish(code=130)
    assert "Traceback" not in said
    assert "topped" in said
    with pytest.raises(ProcessLookupError):
        os.killpg(stopped.pid, 0)
    assert "Going on from" in Started(*arguments, "--ckpt_path=last", cwd=tmp_path).finish()
    run = tmp_path / "logs" / "tiny" / "version_0"
    assert list(logged(run, "reward", atol=1e-2)) == [1, 2, 3, 4, 5, 6]
    assert max(logged(run, "canary/difference", atol=1e-2).values()) < 1e-3
