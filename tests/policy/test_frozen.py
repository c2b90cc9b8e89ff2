"""A model that was replaced between two starts of a run is noticed: by what is not in the run's checkpoints."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from raiden.__main__ import main
from raiden.policy import LoraConfig, PolicyConfig, load_policy
from raiden.policy.frozen import frozen_digests
from tests.runs import fit_arguments, write_samples_file

ADAPTERS, HELD = "--model.policy.lora.rank=2", "--model.objective.beta=0.1"


def train_further(folder: Path) -> None:
    """Other weights of the same names and shapes, in a file of the same size."""
    file = folder / "model.safetensors"
    save_file({name: weight * 1.01 for name, weight in load_file(file).items()}, file, {"format": "pt"})


@pytest.fixture
def model(tiny_folder, tmp_path):
    return shutil.copytree(tiny_folder, tmp_path / "model")


def fit(model: Path, folder: Path, *more: str) -> int:
    samples = write_samples_file(folder / "samples.json")
    short = ("--trainer.limit_train_batches=1", "--trainer.limit_val_batches=0", "--export.enabled=false")
    return main([*fit_arguments(model, samples, folder / "logs"), *short, *more])


@pytest.mark.parametrize(
    "options",
    [(ADAPTERS,), (ADAPTERS, "--model.policy.quantization=nf4"), (HELD,)],
    ids=["beneath adapters", "in 4 bits", "reference"],
)
def test_a_run_does_not_go_on_on_another_model(options, model, tiny_folder, tmp_path, capsys):
    assert fit(model, tmp_path, *options, "--trainer.max_epochs=1") == 0
    train_further(model)
    capsys.readouterr()
    assert fit(model, tmp_path, *options, "--ckpt_path=last") == 2
    said = capsys.readouterr().err
    assert "`model.policy.path`: the model there, or its `dtype` or `quantization`, is not the one the run was" in said
    exported = main(["export", str(next(tmp_path.rglob("*.ckpt"))), f"--output={tmp_path / 'exported'}"])
    assert exported == (2 if ADAPTERS in options else 0)  # what is trained whole needs the reference no more
    shutil.copy(tiny_folder / "model.safetensors", model)
    assert fit(model, tmp_path, *options, "--ckpt_path=last") == 0


def test_a_run_without_a_reference_has_all_of_its_model_in_the_checkpoint(model, tmp_path):
    assert fit(model, tmp_path, "--trainer.max_epochs=1") == 0
    train_further(model)
    assert fit(model, tmp_path, "--ckpt_path=last") == 0


def swap_two_tokens(folder: Path) -> None:
    file = folder / "tokenizer.json"
    content = json.loads(file.read_text())
    vocab = content["model"]["vocab"]
    vocab["\u00ff"], vocab["\u00fe"] = vocab["\u00fe"], vocab["\u00ff"]  # bytes that no text has
    file.write_text(json.dumps(content))


def end_elsewhere(folder: Path) -> None:
    file = folder / "tokenizer_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"eos_token": "<|endoftext|>"}))


@pytest.mark.parametrize("change", [swap_two_tokens, end_elsewhere])
def test_a_run_does_not_go_on_with_another_tokenizer(change, model, tmp_path, capsys):
    assert fit(model, tmp_path, "--trainer.max_epochs=1") == 0
    change(model)
    assert fit(model, tmp_path, "--ckpt_path=last") == 2
    assert "the tokenizer there is not the one that the run was trained with" in capsys.readouterr().err


def test_the_digests_are_those_of_what_is_not_trained(model):
    path = str(model)
    lora, plain = PolicyConfig(path, lora=LoraConfig(2)), PolicyConfig(path)
    assert list(frozen_digests(load_policy(lora, with_reference=True))) == ["tokenizer", "base"]
    assert list(frozen_digests(load_policy(plain, with_reference=True))) == ["tokenizer", "reference"]
    assert list(frozen_digests(load_policy(plain, with_reference=False))) == ["tokenizer"]
    first = frozen_digests(load_policy(lora, with_reference=True))
    assert first == frozen_digests(load_policy(PolicyConfig(path, lora=LoraConfig(4)), with_reference=True))
    train_further(model)
    assert first != frozen_digests(load_policy(lora, with_reference=True))
