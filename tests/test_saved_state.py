"""A stranger's checkpoint whose pickle would run code when it is read. Here it would make an empty folder."""

from __future__ import annotations

import os
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.fabric.strategies.model_parallel import _METADATA_FILENAME as BESIDE_SHARDS
from torch.distributed import checkpoint as dcp

from raiden.__main__ import main
from raiden.commands.checkpoint import load_checkpoint, load_rewards
from raiden.core.errors import ConfigError
from raiden.policy import Policy, PolicyConfig, load_policy, restore_weights
from raiden.policy.saved_state import load_rest, load_shards, stored_shapes
from raiden.train.checkpoints import AtomicCheckpointIO
from tests.runs import fit_arguments, write_samples_file


class Runs:
    """Makes a folder when it is unpickled; nothing of this class is needed for that."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (self.folder,)


REST = {"raiden": {"num_steps_done": 1}}


@pytest.fixture(scope="module")
def policy(tiny_folder) -> Policy:
    return load_policy(PolicyConfig(str(tiny_folder)), with_reference=False)


@pytest.fixture
def marker(tmp_path) -> Path:
    return tmp_path / "it_ran"


def weights(policy: Policy) -> dict[str, torch.Tensor]:
    return {f"model.{name}": tensor for name, tensor in policy.model.state_dict().items()}


def write_run(folder: Path, model: Path) -> Path:
    """The configuration of a run, and where its checkpoint goes."""
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "config.yaml").write_text(f"model:\n  policy: {{path: {model}}}\n  rewards: {{}}\n")
    return folder / "checkpoints" / "step-00000001.ckpt"


def write_file(path: Path, policy: Policy, **more: Any) -> None:
    torch.save({"state_dict": weights(policy), **REST, **more}, path)


def write_shards(path: Path, policy: Policy, **more: Any) -> None:
    dcp.save({"state_dict": weights(policy), "optimizer_0": {"lr": 0.5}, **more}, checkpoint_id=path, no_dist=True)
    torch.save(REST, path / BESIDE_SHARDS)


def plant_in_file(path: Path, policy: Policy, marker: Path) -> None:
    write_file(path, policy, callbacks={"a": Runs(marker)})


def plant_in_rest(path: Path, policy: Policy, marker: Path) -> None:
    write_shards(path, policy)
    torch.save({**REST, "callbacks": Runs(marker)}, path / BESIDE_SHARDS)


def plant_in_metadata(path: Path, policy: Policy, marker: Path) -> None:
    write_shards(path, policy)
    metadata = pickle.loads((path / ".metadata").read_bytes())
    metadata.planner_data = Runs(marker)
    (path / ".metadata").write_bytes(pickle.dumps(metadata))


def plant_in_shards(path: Path, policy: Policy, marker: Path) -> None:
    """Where a weight is expected, and where an option of the optimizer is."""
    state = {**weights(policy), "model.lm_head.weight": Runs(marker), "model.model.norm.weight": Runs(marker)}
    dcp.save({"state_dict": state, "optimizer_0": {"lr": Runs(marker)}}, checkpoint_id=path, no_dist=True)
    torch.save(REST, path / BESIDE_SHARDS)


PLANTED = {
    "file": plant_in_file,
    "rest beside shards": plant_in_rest,
    "metadata of shards": plant_in_metadata,
    "values in shards": plant_in_shards,
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("plant", PLANTED.values(), ids=PLANTED)
def test_the_planted_checkpoints_would_run(tmp_path, marker, policy, plant):
    """By torch's own readers without `weights_only`, of which none is left in raiden."""
    plant(tmp_path / "x.ckpt", policy, marker)
    if plant is plant_in_metadata:
        dcp.FileSystemReader(tmp_path / "x.ckpt").read_metadata()
    elif plant is plant_in_shards:
        dcp.load({"optimizer_0": {"lr": 0.0}}, checkpoint_id=tmp_path / "x.ckpt", no_dist=True)
    else:
        torch.load(tmp_path / "x.ckpt" / (BESIDE_SHARDS if plant is plant_in_rest else ""), weights_only=False)
    assert marker.is_dir()


@pytest.mark.parametrize("plant", PLANTED.values(), ids=PLANTED)
def test_export_validate_and_chat_refuse_it_and_nothing_runs(tmp_path, tiny_folder, marker, policy, plant):
    path = write_run(tmp_path / "run", tiny_folder)
    plant(path, policy, marker)
    with pytest.raises(ConfigError, match=r"`CHECKPOINT`: .*mkdir, which is more than data|is of another model: 1 w"):
        load_checkpoint(path, "CHECKPOINT")  # of `raiden export`, and of `validate` and `chat` with --model_path
    if plant is not plant_in_shards:
        with pytest.raises(ConfigError, match=r"mkdir, which is more than data"):
            load_rewards(path, "model_path")
    assert not marker.exists()


@pytest.mark.parametrize(
    ("command", "plant"), [("fit", plant_in_file), ("validate", plant_in_rest), ("fit", plant_in_metadata)]
)
def test_a_run_refuses_to_go_on_from_it(tmp_path, tiny_folder, marker, policy, capsys, command, plant):
    plant(tmp_path / "x.ckpt", policy, marker)
    samples = write_samples_file(tmp_path / "samples.json")
    arguments = fit_arguments(tiny_folder, samples, tmp_path / "logs")[1:]
    assert main([command, *arguments, f"--ckpt_path={tmp_path / 'x.ckpt'}"]) == 2
    assert "which is more than data and could run when it is read; give" in capsys.readouterr().err
    assert not marker.exists()


def test_values_beside_tensors_in_shards_are_read_as_data(tmp_path, marker, policy):
    """As a run with shards goes on: weights, then what the optimizer knows."""
    write_shards(tmp_path / "good.ckpt", policy)
    state: dict[str, Any] = {"optimizer_0": {"lr": 0.0}}
    load_shards(state, tmp_path / "good.ckpt", no_dist=True)
    assert state == {"optimizer_0": {"lr": 0.5}}
    plant_in_shards(tmp_path / "bad.ckpt", policy, marker)
    with pytest.raises(ConfigError, match=r"optimizer_0.lr holds .*mkdir, which is more than data"):
        load_shards({"optimizer_0": {"lr": 0.0}}, tmp_path / "bad.ckpt", no_dist=True)
    with pytest.raises(ConfigError, match=r"model.norm.weight is no tensor"):
        load_shards({"state_dict": {"model.model.norm.weight": torch.ones(64)}}, tmp_path / "bad.ckpt", no_dist=True)
    assert not marker.exists()


def test_lightning_reads_files_as_data_whatever_it_asks_for(tmp_path, marker, policy):
    plant_in_file(tmp_path / "x.ckpt", policy, marker)
    for weights_only in (None, False, True):
        with pytest.raises(ConfigError, match="more than data"):
            AtomicCheckpointIO().load_checkpoint(tmp_path / "x.ckpt", weights_only=weights_only)
    assert not marker.exists()


@pytest.mark.parametrize("write", [write_file, write_shards])
def test_good_checkpoints_are_read(tmp_path, policy, write):
    write(tmp_path / "x.ckpt", policy)
    assert load_rest(tmp_path / "x.ckpt")["raiden"] == REST["raiden"]
    assert stored_shapes(tmp_path / "x.ckpt") == {name: tensor.shape for name, tensor in weights(policy).items()}
    before = policy.model.model.norm.weight.clone()
    with torch.no_grad():
        policy.model.model.norm.weight.zero_()
    restore_weights(policy, tmp_path / "x.ckpt")
    assert torch.equal(policy.model.model.norm.weight, before)


@pytest.mark.parametrize("damage", [".metadata", "__0_0.distcp", BESIDE_SHARDS])
@pytest.mark.parametrize("length", [0, 100])
def test_a_cut_off_checkpoint_is_refused_plainly(tmp_path, tiny_folder, policy, damage, length):
    path = write_run(tmp_path / "run", tiny_folder)
    write_shards(path, policy)
    (path / damage).write_bytes((path / damage).read_bytes()[:length])
    with pytest.raises(ConfigError, match=r"can be read|or damaged"):
        load_checkpoint(path, "CHECKPOINT")


def test_metadata_of_absurd_size_is_refused_before_it_is_read(tmp_path, policy):
    write_shards(tmp_path / "x.ckpt", policy)
    os.truncate(tmp_path / "x.ckpt" / ".metadata", 2**28 + 1)
    with pytest.raises(ConfigError, match=r".metadata: has 268,435,457 bytes"):
        stored_shapes(tmp_path / "x.ckpt")


def test_nothing_in_raiden_reads_pickles_in_full():
    package = Path(__file__).parent.parent / "raiden"
    for path in package.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "pickle.load" not in text.replace("`pickle.load`", ""), path
        # In Lightning's save_checkpoint it means that more than weights is saved.
        assert "weights_only=False" not in re.sub(r"save_checkpoint\(.*weights_only=False\)", "", text), path
