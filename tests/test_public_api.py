"""`import raiden` from Python: its public names, and a step of training with them."""

from __future__ import annotations

import runpy
import subprocess
import sys

import pytest
import torch
from transformers import AutoModelForCausalLM

import raiden
from raiden.__main__ import main
from tests.runs import ROOT, fit_arguments, logged, write_samples_file


def test_the_example_takes_a_step_that_changes_the_policy(tiny_folder, tmp_path, monkeypatch, capsys):
    load, policies = raiden.load_policy, []
    monkeypatch.setattr(raiden, "load_policy", lambda config: policies.append(load(config)) or policies[0])
    train_step = runpy.run_path(str(ROOT / "examples" / "train_from_python.py"))["train_step"]
    metrics = train_step(str(tiny_folder), str(write_samples_file(tmp_path / "samples.json")), num_generations=4)
    before = AutoModelForCausalLM.from_pretrained(tiny_folder).state_dict()
    after = policies[0].model.state_dict()
    assert before.keys() == after.keys()
    assert not all(torch.equal(weight, after[name]) for name, weight in before.items())
    assert metrics["entropy"] > 0
    assert capsys.readouterr().out.startswith("What is your dog called? [")


def test_the_examples_of_a_reward_and_an_engine_of_ones_own_train_a_run(tiny_folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    arguments = fit_arguments(
        tiny_folder, write_samples_file(tmp_path / "samples.json"), tmp_path / "logs",
        "--config=examples/own_reward.yaml", "--model.engine=examples.own_engine.ShowingEngine",
        "--model.engine.width=3", "--trainer.max_steps=1",
    )  # fmt: skip
    assert main(arguments) == 0
    run = tmp_path / "logs" / "tiny" / "version_0"
    assert 0 <= logged(run, "rewards/curiosity/mean")[1] <= 1
    shown = [line for line in capsys.readouterr().out.splitlines() if len(line) <= 3]
    assert len(shown) >= 1


def test_the_example_of_a_reward_scores_replies_by_the_command(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert main(["score", "data/examples/replies.jsonl", "--rewards", "examples/own_reward.yaml"]) == 0
    assert "asks" in capsys.readouterr().out


@pytest.mark.parametrize("name", raiden.__all__)
def test_each_public_name_is_there_and_is_named_in_the_documentation(name):
    assert getattr(raiden, name).__name__ == name
    assert name in dir(raiden)
    assert name in raiden.__doc__


def test_importing_raiden_needs_no_torch_and_a_typo_is_an_attribute_error():
    code = "import sys, raiden; raiden.load_samples; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
    with pytest.raises(AttributeError, match="load_polcy"):
        raiden.load_polcy  # noqa: B018
