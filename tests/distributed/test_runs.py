"""Runs of two processes through the command line: they log what one process does, and go on bit for bit."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.distributed.checkpoint.format_utils import dcp_to_torch_save
from transformers import AutoModelForCausalLM

from raiden.train.checkpoints import checkpoints_of
from tests.distributed.processes import free_port
from tests.faults.moments import At, Sends
from tests.processes import Started
from tests.runs import finish, fit_arguments, logged, raiden, write_samples_file

pytestmark = pytest.mark.slow
SHARDED = "--trainer.strategy=fsdp2"
TWO = ["--trainer.devices=2", SHARDED]
CURVES = ["reward", "loss", "entropy", "grad_norm", "lr", "num_tokens", "kl", "val/sbk", "val/cm"]
CURVES += ["sampling/sampling_logp_difference/mean", "completions/mean_length", "rewards/length/mean"]
COMMON = ["--data.val_batch_size=3", "--model.objective.beta=0.1", "--output_file=report.json"]


class Folder:
    """Where runs of one kind live."""

    def __init__(self, model: Path, path: Path) -> None:
        path.mkdir(exist_ok=True)
        self.path = path
        self.arguments = fit_arguments(model, write_samples_file(path / "samples.json"), path / "logs", *COMMON)
        self.run = path / "logs" / "tiny" / "version_0"

    def fit(self, *more: str) -> str:
        return finish(raiden(*self.arguments, *more, cwd=self.path))

    def curves(self, atol: float = 0.0) -> dict[str, dict[int, float]]:
        return {name: logged(self.run, name, atol) for name in CURVES}

    def tensors(self, step: int) -> dict[str, Tensor]:
        """Every number of a sharded checkpoint's weights and optimizer states."""
        file = self.path / f"whole-{step}.pt"
        dcp_to_torch_save(self.run / "checkpoints" / f"step-{step:08d}.ckpt", file)
        return dict(_flat(torch.load(file, weights_only=False)))

    def report(self) -> dict:
        return json.loads((self.path / "report.json").read_text())


def _flat(value, name=""):
    if isinstance(value, Tensor):
        yield name, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(inner, f"{name}.{key}")


@pytest.fixture(scope="module")
def alone(tiny_folder, tmp_path_factory):
    folder = Folder(tiny_folder, tmp_path_factory.mktemp("alone"))
    folder.fit()
    return folder


@pytest.fixture(scope="module")
def two(tiny_folder, tmp_path_factory):
    folder = Folder(tiny_folder, tmp_path_factory.mktemp("two"))
    folder.fit(*TWO)
    return folder


@pytest.fixture(scope="module")
def killed(tiny_folder, tmp_path_factory):
    """Both processes killed in the sixth step, and the remains of a checkpoint that was being written."""
    folder = Folder(tiny_folder, tmp_path_factory.mktemp("killed"))
    kill = At("raiden.train.grpo.module:GRPOModule.training_step", 6, Sends(signal.SIGKILL, to_group=True))
    Started(*folder.arguments, *TWO, cwd=folder.path, before=kill).communicate()
    assert [p.name for p in checkpoints_of(folder.run)] == ["step-00000002.ckpt", "step-00000004.ckpt"]
    last = checkpoints_of(folder.run)[-1]
    shutil.copytree(last, last.with_name("step-00000005.ckpt.part"))
    return folder


@pytest.fixture
def again(killed, tiny_folder, tmp_path):
    """A copy of the killed run's folder."""
    shutil.copytree(killed.run, tmp_path / "again" / "logs" / "tiny" / "version_0")
    return Folder(tiny_folder, tmp_path / "again")


def assert_close(ours: Folder, truth: Folder) -> None:
    curves = ours.curves(atol=1e-5)
    for name, curve in truth.curves().items():
        assert curves[name] == pytest.approx(curve, abs=1e-5), name


def test_two_processes_log_what_one_does(alone, two):
    assert len(logged(alone.run, "reward")) == 6
    assert_close(two, alone)


def test_two_processes_report_each_held_out_reply_once(alone, two):
    ours, theirs = two.report(), alone.report()
    assert len(theirs["samples"]) == 4
    assert ours == theirs


def test_two_processes_export_what_one_does(alone, two):
    ours, theirs = (AutoModelForCausalLM.from_pretrained(folder.run / "export") for folder in (two, alone))
    for got, expected in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(got, expected, rtol=0, atol=5e-4)  # AdamW divides by what is nearly nothing


def test_only_the_newest_folders_are_kept(two):
    assert [p.name for p in checkpoints_of(two.run)] == ["step-00000004.ckpt", "step-00000006.ckpt"]
    assert all(path.is_dir() for path in checkpoints_of(two.run))
    assert not list(two.run.rglob("*.part"))


def test_a_killed_run_goes_on_bit_for_bit(two, again):
    output = again.fit(*TWO, "--ckpt_path=last")
    assert "Going on from" in output
    assert "step-00000004.ckpt\n" in output
    ours, theirs = again.tensors(6), two.tensors(6)
    assert ours.keys() == theirs.keys()
    assert len(ours) > 60
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    assert again.curves() == two.curves()


def test_a_run_of_two_processes_goes_on_on_one(two, again):
    again.fit(SHARDED, "--ckpt_path=last")
    assert_close(again, two)
    assert again.report() == two.report()


def test_a_run_of_one_process_goes_on_on_two(alone, two, tiny_folder, tmp_path):
    """Its checkpoint is a file."""
    shutil.copytree(alone.run, tmp_path / "logs" / "tiny" / "version_0", ignore=shutil.ignore_patterns("*6.ckpt"))
    folder = Folder(tiny_folder, tmp_path)
    assert "step-00000004.ckpt\n" in folder.fit(*TWO, "--ckpt_path=last")
    assert checkpoints_of(folder.run)[-1].is_dir()
    assert [checkpoint.is_dir() for checkpoint in checkpoints_of(folder.run)] == [False, True]
    ours, theirs = folder.tensors(6), two.tensors(6)
    assert all((ours[name] - theirs[name]).abs().max() < 5e-4 for name in theirs)  # as above


def test_shards_without_the_strategy_are_refused_by_name(killed):
    output = raiden(*killed.arguments, "--ckpt_path=last", cwd=killed.path).finish(code=2)
    assert "holds shards, which `trainer.strategy` fsdp2 reads" in output


def test_two_nodes_of_one_process_log_what_one_node_does(two, tiny_folder, tmp_path):
    """As a cluster starts them: one `torchrun` a node."""
    folder = Folder(tiny_folder, tmp_path)
    port = free_port()
    nodes = [
        subprocess.Popen(
            [
                sys.executable, "-m", "torch.distributed.run", "--nnodes=2", f"--node_rank={rank}",
                "--nproc_per_node=1", "--master_addr=127.0.0.1", f"--master_port={port}", "-m", "raiden",
                *folder.arguments, "--trainer.num_nodes=2", "--trainer.devices=1", SHARDED,
            ],
            cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for rank in (0, 1)
    ]  # fmt: skip
    for node in nodes:
        said, _ = node.communicate()
        assert node.returncode == 0, said
    assert_close(folder, two)
    assert [path.is_dir() for path in checkpoints_of(folder.run)] == [True, True]


def test_two_nodes_find_each_other_by_variables_alone(two, tiny_folder, tmp_path):
    folder = Folder(tiny_folder, tmp_path)
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    options = [*folder.arguments, "--trainer.num_nodes=2", "--trainer.devices=1", SHARDED]
    nodes = [Started(*options, cwd=tmp_path, env={**place, "NODE_RANK": str(rank)}) for rank in (0, 1)]
    for node in nodes:
        finish(node)
    assert_close(folder, two)
