"""What may have happened between two starts of a run, or to its folder meanwhile: never gone on with in silence."""

from __future__ import annotations

import datetime
import shutil

import pytest
import torch

import raiden.commands.cli
import raiden.train.datamodule
from raiden.__main__ import main
from raiden.train.checkpoints import checkpoints_of
from raiden.train.grpo.module import GRPOModule
from tests.runs import fit_arguments, weights_hash, write_samples_file

LORA = "--model.policy.lora.rank=2"
SHORT = (LORA, "--trainer.limit_val_batches=0", "--trainer.limit_train_batches=2", "--export.enabled=false")


@pytest.fixture(scope="module")
def stopped(tiny_folder, tmp_path_factory):
    """A run that has taken two of four steps, and its options."""
    folder = tmp_path_factory.mktemp("stopped")
    samples = write_samples_file(folder / "samples.json")
    options = [*fit_arguments(tiny_folder, samples, folder / "logs"), *SHORT, "--checkpoint.every_n_steps=1"]
    assert main([*options, "--trainer.max_steps=2"]) == 0
    return folder / "logs", options


@pytest.fixture
def go_on(stopped, tmp_path, capfd):
    """Goes on with a copy of it; gives the exit code, what was said, and the run's folder."""
    logs, options = stopped
    shutil.copytree(logs, tmp_path / "logs")
    run = tmp_path / "logs" / "tiny" / "version_0"

    def go(*more):
        capfd.readouterr()
        code = main([*options, f"--trainer.logger.save_dir={tmp_path / 'logs'}", "--ckpt_path=last", *more])
        return code, " ".join(capfd.readouterr().err.split()), run

    go.run = run
    return go


@pytest.mark.filterwarnings("default")
def test_other_options_are_told_by_name(go_on, recwarn):
    code, _, _ = go_on("--model.num_generations=3", "--model.optimizer.lr=0.1", "--trainer.max_epochs=3")
    assert code == 0
    (told,) = [str(w.message) for w in recwarn if "other options" in str(w.message)]
    assert "`model.num_generations` 4 -> 3" in told
    assert "`model.optimizer.lr` 0.001 -> 0.1" in told
    assert "`lr`, `betas` and `weight_decay` stay those of its checkpoint" in told
    assert told.count("->") == 2  # how long a run goes on may change


def test_the_same_options_are_no_news_and_a_configuration_that_cannot_be_read_is(go_on, recwarn):
    assert go_on("--trainer.max_steps=3")[0] == 0
    assert not [w for w in recwarn if "other options" in str(w.message)]
    (go_on.run / "config.yaml").write_text("{")
    assert go_on()[0] == 0
    assert [w for w in recwarn if "whether the run's options have changed is not known" in str(w.message)]


@pytest.mark.parametrize("kind", ["weight", "state"])
def test_a_checkpoint_with_one_nan_is_not_gone_on_with(go_on, kind):
    last = checkpoints_of(go_on.run)[-1]
    checkpoint = torch.load(last, weights_only=True)
    weights = checkpoint["state_dict"]
    broken = weights[next(n for n in weights if ".lora_A." in n)]
    if kind == "state":
        broken = checkpoint["optimizer_states"][0]["state"][3]["exp_avg_sq"]
    broken.view(-1)[5] = torch.nan
    torch.save(checkpoint, last)
    code, said, _ = go_on()
    assert code == 2
    assert "step-00000002.ckpt holds 1 weights or optimizer states that are not finite numbers, the first: " in said
    assert ("lora_A" if kind == "weight" else "optimizer_states.0.state.3.exp_avg_sq") in said


def test_half_a_checkpoint_is_told_with_the_one_before(go_on):
    first, last = checkpoints_of(go_on.run)
    last.write_bytes(last.read_bytes()[:5000])
    code, said, _ = go_on()
    assert code == 2
    assert "step-00000002.ckpt is not a checkpoint that can be read" in said
    assert f"The one before is {first}." in said


def test_a_folder_that_is_taken_away_meanwhile_is_told(go_on, monkeypatch):
    step = GRPOModule.training_step

    def planted(module, *arguments):
        shutil.rmtree(go_on.run)
        return step(module, *arguments)

    monkeypatch.setattr(GRPOModule, "training_step", planted)
    code, said, _ = go_on()
    assert code == 2
    assert "is gone: the run's folder was moved or deleted while it went on" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("model.optimizer.lr", "inf"),
        ("model.sampling.temperature", "inf"),
        ("model.canary.max_difference", "nan"),
        ("model.optimizer.betas", "[0.9, nan]"),
    ],
)
def test_an_option_that_is_no_number_is_refused_by_name(go_on, option, value):
    code, said, _ = go_on(f"--{option}={value.replace('inf', '.inf').replace('nan', '.nan')}")
    assert code == 2
    assert f"`{option}` must be a finite number, got " in said


@pytest.fixture(scope="module")
def constant(tiny_folder, tmp_path_factory):
    """Options of a run of two epochs of two steps, whose schedule does not depend on where it shall end, and the hash
    of its last checkpoint."""
    folder = tmp_path_factory.mktemp("constant")
    options = [
        *fit_arguments(tiny_folder, write_samples_file(folder / "samples.json"), folder / "logs"),
        *SHORT[1:],
        "--model.optimizer.schedule=constant",
        "--checkpoint.every_n_steps=0",
    ]
    assert main(options) == 0
    return options, weights_hash(folder / "logs" / "tiny" / "version_0")


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("--trainer.max_epochs=1", "--trainer.max_epochs=2"),
        ("--trainer.max_steps=2", "--trainer.max_steps=4"),
        ("--trainer.max_steps=1", "--trainer.max_epochs=2"),
    ],
)
def test_a_run_that_reached_its_limit_goes_on_as_if_it_had_been_higher(first, then, constant, tmp_path):
    options, undisturbed = constant
    options = [*options, f"--trainer.logger.save_dir={tmp_path}"]
    assert main([*options, first]) == 0
    assert main([*options, then, "--ckpt_path=last"]) == 0
    assert weights_hash(tmp_path / "tiny" / "version_0") == undisturbed


class Day(datetime.date):
    """A clock that may be set: `today` is the day that the class says."""

    now = "2026-01-31"

    @classmethod
    def today(cls):
        return cls.fromisoformat(cls.now)


@pytest.fixture
def dated(tiny_folder, tmp_path, monkeypatch):
    """Runs of a model whose chat template writes the day into each prompt; called with the day of its start."""
    model = shutil.copytree(tiny_folder, tmp_path / "dated")
    template = model / "chat_template.jinja"
    template.write_text("{{ strftime_now('%d %B %Y') }}\n" + template.read_text())
    for module in (raiden.commands.cli, raiden.train.datamodule):
        monkeypatch.setattr(module, "day", Day)
    samples = write_samples_file(tmp_path / "samples.json")

    def start(logs, today, *more):
        monkeypatch.setattr(Day, "now", today)
        options = [*fit_arguments(model, samples, tmp_path / logs), *SHORT[1:], "--model.optimizer.schedule=constant"]
        assert main([*options, *more]) == 0
        return weights_hash(tmp_path / logs / "tiny" / "version_0")

    return start


def test_a_run_that_goes_on_the_next_day_is_the_run_that_it_would_have_been(dated):
    undisturbed = dated("whole", "2026-01-31")
    dated("cut", "2026-01-31", "--trainer.max_steps=2")
    assert dated("cut", "2026-02-01", "--ckpt_path=last") == undisturbed
    assert dated("tomorrow", "2026-02-01") != undisturbed, "the day is in no prompt"
