"""Each run has a folder of its own, whatever its loggers; what cannot be saved is said before training."""

from __future__ import annotations

import csv
import json
import shutil
from collections import namedtuple
from pathlib import Path

import pytest
import torch
import yaml
from lightning.pytorch.loggers import Logger

from raiden.__main__ import main
from raiden.core.errors import ConfigError
from raiden.train.checkpoints import checkpoints_of
from raiden.train.grpo.module import GRPOModule
from raiden.train.run_folder import RunFolder, newest_run
from tests.runs import fit_arguments, write_samples_file

CSV = "lightning.pytorch.loggers.CSVLogger"


class RemoteLogger(Logger):
    """Like one that keeps everything on a server: no folder, no version, no `experiment`."""

    def __init__(self, project: str = "elsewhere") -> None:
        super().__init__()
        self.project = project
        self.rewards: list[float] = []

    @property
    def name(self) -> str:
        return self.project

    @property
    def version(self) -> str:
        return "x7f3"

    def log_metrics(self, metrics, step=None) -> None:
        self.rewards += [metrics["reward"]] if "reward" in metrics else []

    def log_hyperparams(self, params, *args, **kwargs) -> None:
        pass


@pytest.fixture
def fit(tiny_folder, tmp_path, monkeypatch, capsys):
    """Runs `raiden fit` for some steps in a folder of its own; gives the exit code and what it said."""
    monkeypatch.chdir(tmp_path)
    samples = write_samples_file(tmp_path / "samples.json")

    def run(*more, logger=(), steps=2, command="fit"):
        arguments = fit_arguments(tiny_folder, samples, tmp_path / "logs")
        own = ("--trainer.logger", "--trainer.max_epochs", "--trainer.limit_train", "--checkpoint.every")
        arguments = [a for a in arguments if not a.startswith(own)][1:]
        short = [f"--trainer.max_steps={steps}", "--trainer.limit_val_batches=0", "--checkpoint.every_n_steps=1"]
        logger = logger or ("--trainer.logger.save_dir=logs", "--trainer.logger.name=tiny")
        code = main([command, *arguments, *short, "--export.enabled=false", *logger, *more])
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


def names(run: Path) -> list[str]:
    return [path.name for path in checkpoints_of(run)]


# Folders


def test_processes_that_start_at_once_get_folders_of_their_own(tmp_path):
    folders = [RunFolder() for _ in range(5)]
    assert [f.begin([tmp_path / "a", tmp_path / "b"]).name for f in folders] == [f"version_{n}" for n in range(5)]
    assert (tmp_path / "b" / "version_4").is_dir()


def test_a_name_that_is_taken_by_any_of_the_loggers_is_left_alone(tmp_path, monkeypatch):
    (tmp_path / "b" / "version_0").mkdir(parents=True)
    # As if the other run's had come after this one had looked.
    monkeypatch.setattr(Path, "glob", lambda *args: iter(()))
    assert RunFolder().begin([tmp_path / "a", tmp_path / "b"]).name == "version_1"
    assert not (tmp_path / "a" / "version_0").exists()


def test_a_start_that_fails_leaves_nothing(tmp_path):
    folder = RunFolder()
    run = folder.begin([tmp_path / "logs" / "tiny"])
    (run / "events").write_text("by the logger")
    folder.close()
    assert not (tmp_path / "logs").exists()
    folder.begin([tmp_path / "logs" / "tiny"])
    (run / "config.yaml").write_text("")
    folder.close()
    assert (run / "config.yaml").exists()


def test_what_was_there_before_is_left(tmp_path):
    (tmp_path / "logs").mkdir()
    folder = RunFolder()
    folder.begin([tmp_path / "logs" / "tiny"])
    folder.close()
    assert list(tmp_path.iterdir()) == [tmp_path / "logs"]


def test_a_run_that_is_going_on_elsewhere_is_not_gone_on_with(tmp_path):
    first = RunFolder()
    run = first.begin([tmp_path])
    with pytest.raises(ConfigError, match="going on in another process"):
        RunFolder().go_on(run)
    (run / "config.yaml").write_text("")
    first.close()  # as the system does for a process that is gone
    RunFolder().go_on(run)


def test_what_a_killed_writer_left_is_taken_away(tmp_path):
    first = RunFolder()
    run = first.begin([tmp_path])
    (run / "config.yaml").write_text("")
    (run / "checkpoints").mkdir()
    for name in ("step-00000001.ckpt", "step-00000002.ckpt.part"):
        (run / "checkpoints" / name).write_text("")
    (run / "export.part").mkdir()
    first.close()
    RunFolder().go_on(run)
    assert names(run) == ["step-00000001.ckpt"]
    assert sorted(p.name for p in run.iterdir()) == [".lock", "checkpoints", "config.yaml"]
    assert len(list((run / "checkpoints").iterdir())) == 1


def test_the_newest_run_is_the_one_started_last_by_number(tmp_path):
    for name in ("version_2", "version_10", "version_9", "mine"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.yaml").write_text("")
    (tmp_path / "version_11").mkdir()  # a start that failed
    assert newest_run(tmp_path).name == "version_10"


# Loggers


@pytest.mark.parametrize(
    "logger",
    [
        ("--trainer.logger=tests.test_run_folders.RemoteLogger", "--trainer.logger.project=tiny"),
        ("--trainer.logger=false", "--trainer.default_root_dir=logs/tiny/.."),
    ],
    ids=["remote", "none"],
)
def test_a_second_run_leaves_the_first_ones_files_and_last_means_the_second(fit, tmp_path, logger):
    place = tmp_path / "logs" / ("raiden" if "default_root_dir" in logger[-1] else "tiny")
    assert fit(logger=logger, steps=3)[0] == 0
    code, said = fit(logger=logger, steps=2)
    assert code == 0
    # The second run is at a lower step than the first, and its own all the same.
    assert names(place / "version_0") == ["step-00000002.ckpt", "step-00000003.ckpt"]
    assert names(place / "version_1") == ["step-00000001.ckpt", "step-00000002.ckpt"]
    assert f"logs/{place.name}/version_1/checkpoints/step-00000002.ckpt" in said.replace("tiny/../", "")
    code, said = fit("--ckpt_path=last", logger=logger, steps=3)
    assert code == 0
    assert "version_1/checkpoints/step-00000002.ckpt" in said.splitlines()[0]
    assert names(place / "version_1") == ["step-00000002.ckpt", "step-00000003.ckpt"]
    assert json.loads((place / "version_1" / "summary.json").read_text())["steps"] == 3
    assert sorted(p.name for p in place.iterdir()) == ["version_0", "version_1"]


def test_several_loggers_share_a_version(fit, tmp_path):
    tables = {"class_path": CSV, "init_args": {"save_dir": "tables", "name": "tiny"}}
    board = {
        "class_path": "lightning.pytorch.loggers.TensorBoardLogger",
        "init_args": {"save_dir": "logs", "name": "raiden"},
    }
    config = tmp_path / "loggers.yaml"
    config.write_text(yaml.dump({"trainer": {"logger": [board, tables]}}))
    (tmp_path / "tables" / "tiny" / "version_0").mkdir(parents=True)
    assert fit(logger=(f"--config={config}",), steps=1)[0] == 0
    assert names(tmp_path / "logs" / "raiden" / "version_1") == ["step-00000001.ckpt"]
    assert (tmp_path / "tables" / "tiny" / "version_1" / "metrics.csv").exists()


def test_csv_rows_of_the_part_before_a_stop_are_kept(fit, tmp_path):
    logger = (f"--trainer.logger={CSV}", "--trainer.logger.save_dir=logs", "--trainer.logger.name=tiny")
    fit(logger=logger, steps=1)
    before = (tmp_path / "logs/tiny/version_0/metrics.csv").read_text()
    assert fit("--ckpt_path=last", logger=logger, steps=2)[0] == 0
    assert (tmp_path / "logs/tiny/version_0/metrics-1.csv").read_text() == before
    with (tmp_path / "logs/tiny/version_0/completions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["step"] for row in rows] == ["1"] * 4 + ["2"] * 4  # two completions of each of two prompts a step
    assert all(row["why"] and row["question"] for row in rows)
    assert (tmp_path / "logs/tiny/version_0/metrics.csv").read_text() != before


def test_the_configuration_starts_another_run_and_not_the_same(fit, tmp_path):
    fit(steps=1)
    config = tmp_path / "logs" / "tiny" / "version_0" / "config.yaml"
    assert main(["fit", f"--config={config}"]) == 0
    assert names(tmp_path / "logs" / "tiny" / "version_1") == ["step-00000001.ckpt"]


def test_a_version_of_the_users_is_taken_once(fit, tmp_path):
    more = ("--trainer.logger.version=mine",)
    assert fit(*more, steps=1)[0] == 0
    code, said = fit(*more, steps=1)
    assert code == 2
    assert "mine is of a run that was started before" in said
    assert fit(*more, "--ckpt_path=last", steps=2)[0] == 0
    assert names(tmp_path / "logs" / "tiny" / "mine") == ["step-00000001.ckpt", "step-00000002.ckpt"]


def test_only_checkpoints_that_the_run_wrote_are_removed(fit, tmp_path):
    fit(steps=1)
    run = tmp_path / "logs" / "tiny" / "version_0"
    shutil.copy(checkpoints_of(run)[0], run / "checkpoints" / "step-00000000.ckpt")
    fit("--ckpt_path=last", steps=4)
    assert names(run) == ["step-00000000.ckpt", "step-00000003.ckpt", "step-00000004.ckpt"]


# Before it begins


def test_a_folder_that_cannot_be_made_is_refused_before_anything_is_loaded(fit, tmp_path):
    (tmp_path / "logs").write_text("a file")
    code, said = fit("--model.policy.path=nobody/nothing")
    assert code == 2
    assert "`trainer.logger`: logs/tiny cannot be made (Not a directory)" in said
    assert "`trainer.logger.save_dir`" in said


def test_a_model_that_is_refused_leaves_no_version(fit, tmp_path):
    assert fit("--model.policy.path=nobody/nothing")[0] == 2
    assert not (tmp_path / "logs").exists()


def test_the_need_for_disk_is_told_and_is_what_is_written(fit, tmp_path, tiny_model):
    _, said = fit("--export.enabled=true", steps=3)
    run = tmp_path / "logs" / "tiny" / "version_0"
    weights = sum(p.nbytes for p in tiny_model.parameters())
    sizes = [path.stat().st_size for path in checkpoints_of(run)]
    assert sizes == pytest.approx([3 * weights] * 2, rel=0.1)  # a small model's counters and states are worth a tenth
    assert (run / "export" / "model.safetensors").stat().st_size == pytest.approx(weights, rel=0.05)
    said = next(line for line in said.splitlines() if "checkpoints of" in line)
    assert f"3 checkpoints of {3 * weights / 1e6:.1f} MB" in said
    assert f"an export of {weights / 1e3:.1f} kB" in said


def test_a_disk_that_is_too_small_is_refused_before_training(fit, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: namedtuple("Usage", "free")(10**6))
    code, said = fit()
    assert code == 2
    assert "1.0 MB are free on that disk; make room" in said
    assert not (tmp_path / "logs").exists()


def test_a_finished_run_says_so_and_changes_nothing(fit, tmp_path):
    more = ("--export.enabled=true", "--trainer.limit_val_batches=1")
    fit(*more)
    run = tmp_path / "logs" / "tiny" / "version_0"
    summary = (run / "summary.json").read_text()
    code, said = fit(*more, "--ckpt_path=last")
    assert code == 0
    assert "is finished: 2 of 2 steps, its export is logs/tiny/version_0/export" in said
    assert "raise `trainer.max_epochs` or `trainer.max_steps`" in said
    assert (run / "summary.json").read_text() == summary
    assert not (run / "export-2").exists()
    assert fit(*more, "--ckpt_path=last", steps=3)[0] == 0
    assert (run / "export-2").exists()


def test_a_run_taken_further_exports_beside_the_folder_that_was_asked_for(fit, tmp_path):
    more = ("--export.enabled=true", "--export.folder=mine")
    fit(*more)
    assert fit(*more, "--ckpt_path=last", steps=3)[0] == 0
    assert (tmp_path / "mine-2").exists()
    code, said = fit(*more)
    assert code == 2
    assert "`export.folder`: mine is there already" in said


# Numbers that are none


def test_no_checkpoint_and_no_export_of_a_weight_that_is_no_number(fit, tmp_path, monkeypatch):
    fit(steps=1)
    run = tmp_path / "logs" / "tiny" / "version_0"
    whole = checkpoints_of(run)[0].read_bytes()

    def spoil(module, *args, before=GRPOModule.end_step):
        before(module, *args)
        with torch.no_grad():
            next(module.model.parameters())[0, 0] = torch.nan

    monkeypatch.setattr(GRPOModule, "end_step", spoil)
    code, said = fit("--ckpt_path=last", "--export.enabled=true", "--checkpoint.every_n_steps=0", steps=2)
    assert code == 2
    assert "error: model.embed_tokens.weight holds a NaN or an infinity as it would be exported" in said
    code, said = fit("--ckpt_path=last", steps=2)
    assert code == 2
    assert "1 weights and optimizer states hold a NaN or an infinity after step 2, the first: model.embed" in said
    assert names(run) == ["step-00000001.ckpt"]
    assert checkpoints_of(run)[0].read_bytes() == whole
    assert not any(run.glob("export*"))


def test_states_of_the_optimizer_are_looked_at_too(fit, tmp_path, monkeypatch):
    step = torch.optim.AdamW.step

    def spoil(optimizer, *args, **kwargs):
        step(optimizer, *args, **kwargs)
        next(iter(optimizer.state.values()))["exp_avg_sq"].view(-1)[0] = torch.inf

    monkeypatch.setattr(torch.optim.AdamW, "step", spoil)
    code, said = fit(steps=1)
    assert code == 2
    assert "exp_avg_sq of model.embed_tokens.weight" in said
    assert names(tmp_path / "logs" / "tiny" / "version_0") == []
