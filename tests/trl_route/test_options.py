"""The options of `raiden trl`: TRL's names, YAML and command line, and what is refused."""

from __future__ import annotations

import pytest
import yaml
from accelerate.commands.config.config_args import load_config_from_file

from raiden.__main__ import main
from raiden.core.errors import ConfigError
from raiden.train.trl.options import parse_options
from raiden.train.trl.train import find_checkpoint
from tests.runs import ROOT

CONFIGS = ROOT / "configs"
NEEDED = ["--model_name_or_path=m", "--train_data_path=t.json", "--use_cpu", "--bf16=false"]


def write_config(folder, **options):
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(options))
    return path


def test_the_names_that_users_of_open_r1_know(tmp_path):
    config = write_config(tmp_path, learning_rate=1e-4, num_train_epochs=2, accuracy_weight=0.5)
    arguments = [*NEEDED, "--config", str(config), "--eval_data_path", "e.json", "--eval_strategy", "epoch"]
    arguments += ["--output_dir", "o", "--per_device_train_batch_size", "16", "--gradient_accumulation_steps", "2"]
    options = parse_options([*arguments, "--learning_rate", "3e-6", "--use_peft", "--lora_r", "4"])
    assert options.training.learning_rate == 3e-6  # the command line wins
    assert options.training.num_train_epochs == 2
    assert options.training.per_device_train_batch_size == 16
    assert options.training.gradient_accumulation_steps == 2
    assert (options.data.train_data_path, options.data.eval_data_path) == ("t.json", "e.json")
    assert (options.model.use_peft, options.model.lora_r) == (True, 4)
    assert options.rewards.accuracy_weight == 0.5
    assert parse_options([*NEEDED, f"--config={config}"]).training.learning_rate == 1e-4


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--learning_rat=1"], "--learning_rat=1"),
        (["--learning_r=1"], "--learning_r=1"),  # no abbreviations
        (["--learning_rate=fast"], "invalid float value: 'fast'"),
        (["--response_format=xml"], "--response_format"),
        (["--accuracy_weight=-1"], "`--accuracy_weight` must be at least 0"),
        (["--num_generations=3"], "num_generations"),
        (["--reward_weights", "1", "1"], "--accuracy_weight, --format_weight"),
        (["--config=missing.yaml"], "missing.yaml"),
        (["--config"], "needs the path"),
    ],
)
def test_what_cannot_work_is_refused_by_name(words, message):
    with pytest.raises(ConfigError) as refused:
        parse_options([*NEEDED, *words])
    assert message in str(refused.value)


def test_a_typo_in_the_file_is_refused_by_name(tmp_path, capsys):
    config = write_config(tmp_path, learning_rat=1)
    assert main(["trl", *NEEDED, f"--config={config}"]) == 2
    assert "--learning_rat" in capsys.readouterr().err


def test_model_and_data_are_asked_for(capsys):
    assert main(["trl", "--model_name_or_path=m"]) == 2
    assert "required: --train_data_path" in capsys.readouterr().err
    assert main(["trl", "--train_data_path=t.json", "--use_cpu", "--bf16=false"]) == 2
    assert "`--model_name_or_path` is not set" in capsys.readouterr().err


def test_without_trl_the_command_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setattr("raiden.commands.trl.find_spec", lambda name: None)
    assert main(["trl"]) == 2
    assert 'pip install "raiden-r1[trl]"' in capsys.readouterr().err


def test_help_tells_raidens_own_options_with_their_units(capsys):
    with pytest.raises(SystemExit):
        main(["trl", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "longer prompts are dropped, and counted in the log, in tokens" in text
    assert "Reward units for saying what the rule asks for" in text
    assert "--per_device_train_batch_size" in text


def test_the_14b_run_is_that_of_the_lightning_trainer():
    own = yaml.safe_load((CONFIGS / "qwen14b_fsdp.yaml").read_text())
    options = parse_options([f"--config={CONFIGS / 'openr1_qwen14b.yaml'}", "--use_cpu"])
    training = options.training
    assert options.model.model_name_or_path == own["model"]["policy"]["path"]
    assert training.learning_rate == own["model"]["optimizer"]["lr"] == 3e-6
    assert training.lr_scheduler_type == own["model"]["optimizer"]["schedule"] == "cosine"
    assert training.num_train_epochs == own["trainer"]["max_epochs"] == 1
    assert training.num_generations == own["model"]["num_generations"] == 4
    assert training.per_device_train_batch_size * training.gradient_accumulation_steps * 8 // 4 == 64
    assert own["data"]["batch_size"] == 64
    assert training.temperature == own["model"]["sampling"]["temperature"]
    assert training.max_completion_length == own["model"]["sampling"]["max_tokens"]
    assert options.rewards.response_format == own["model"]["rewards"]["response_format"]
    assert options.data.train_data_path == own["data"]["train_file"]
    assert options.data.eval_data_path == own["data"]["val_file"]


def test_the_launcher_takes_its_file():
    launcher = load_config_from_file(str(CONFIGS / "accelerate/fsdp2_8gpus.yaml"))
    assert (launcher.num_processes, launcher.mixed_precision) == (8, "bf16")
    assert launcher.fsdp_config["fsdp_version"] == 2


def test_the_laptop_run_is_the_quickstart():
    own = yaml.safe_load((CONFIGS / "quickstart.yaml").read_text())
    options = parse_options([f"--config={CONFIGS / 'openr1_laptop.yaml'}"])
    training = options.training
    assert options.model.model_name_or_path == own["model"]["policy"]["path"]
    assert training.learning_rate == own["model"]["optimizer"]["lr"]
    assert training.max_steps == own["trainer"]["limit_train_batches"]
    assert training.max_completion_length == own["model"]["sampling"]["max_tokens"]
    assert training.scale_rewards == own["model"]["objective"]["advantage_scale"]
    assert training.per_device_train_batch_size == own["data"]["batch_size"] * own["model"]["num_generations"]
    for name, weight in own["model"]["rewards"].items():
        assert getattr(options.rewards, name) == weight
    assert options.data.train_data_path == own["data"]["train_file"]


def test_a_run_is_never_overwritten_and_only_a_checkpoint_is_gone_on_from(tmp_path):
    output = str(tmp_path / "out")
    assert find_checkpoint(output, None) is None
    with pytest.raises(ConfigError, match="no checkpoint in"):
        find_checkpoint(output, "last")
    for step in (2, 10):
        folder = tmp_path / "out" / f"checkpoint-{step}"
        folder.mkdir(parents=True)
        (folder / "trainer_state.json").write_text("{}")
    with pytest.raises(ConfigError, match="holds a run already"):
        find_checkpoint(output, None)
    assert find_checkpoint(output, "last") == str(tmp_path / "out" / "checkpoint-10")
    assert find_checkpoint(output, str(tmp_path / "out" / "checkpoint-2")).endswith("checkpoint-2")
    with pytest.raises(ConfigError, match="is no checkpoint"):
        find_checkpoint(output, str(tmp_path))


@pytest.mark.parametrize(("said", "expected"), [(True, "checkpoint-2"), (False, None), (None, None)])
def test_a_file_may_say_yes_or_no_to_going_on(tmp_path, said, expected):
    config = write_config(tmp_path, resume_from_checkpoint=said)
    resume_from = parse_options([*NEEDED, f"--config={config}"]).training.resume_from_checkpoint
    output = tmp_path / "out"
    if expected is not None:
        (output / expected).mkdir(parents=True)
        expected = str(output / expected)
    assert find_checkpoint(str(output), resume_from) == expected
