"""`raiden sft` as a user meets it, on a tiny model: what it learns and writes, and the way on to `raiden fit`."""

from __future__ import annotations

import json
import shutil

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from raiden.__main__ import main
from raiden.commands.checkpoint import load_checkpoint
from raiden.data.prompts import build_messages
from raiden.data.samples import load_samples
from raiden.policy import load_tokenizer
from raiden.train.checkpoints import checkpoints_of
from tests.conftest import CHATML
from tests.runs import ROOT, finish, fit_arguments, logged, raiden, sft_arguments, write_samples_file


@pytest.fixture(scope="module")
def finished(tiny_folder, tmp_path_factory):
    """A finished run: its folder, and the samples."""
    folder = tmp_path_factory.mktemp("sft")
    samples = write_samples_file(folder / "samples.json")
    finish(raiden(*sft_arguments(tiny_folder, samples, folder / "logs"), cwd=folder))
    return folder / "logs" / "tiny" / "version_0", samples


def padded_loss(model, tokenizer, samples) -> float:
    """Mean loss of the answers with their end of turn, by transformers alone."""
    nats, tokens = 0.0, 0
    for sample in samples:
        messages = [{"role": m.role, "content": m.content} for m in build_messages(sample)]
        answered = [*messages, {"role": "assistant", "content": sample.answer}]
        prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=False)
        whole = tokenizer.apply_chat_template(answered, return_dict=False)[:-1]  # without the line break at its end
        labels = [-100] * len(prompt) + whole[len(prompt) :]
        with torch.no_grad():
            loss = model(input_ids=torch.tensor([whole]), labels=torch.tensor([labels])).loss
        nats += loss.item() * (len(whole) - len(prompt))
        tokens += len(whole) - len(prompt)
    return nats / tokens


def test_the_reported_losses_are_those_of_the_models(finished, tiny_folder):
    run, file = finished
    summary = json.loads((run / "summary.json").read_text())
    samples = [s for s in load_samples(file) if s.character_name in held_out(run)]
    tokenizer = AutoTokenizer.from_pretrained(tiny_folder)
    for when, folder in (("before", tiny_folder), ("after", run / "export")):
        expected = padded_loss(AutoModelForCausalLM.from_pretrained(folder), tokenizer, samples)
        assert summary[when]["loss"] == pytest.approx(expected, abs=1e-5)
    assert summary["after"]["loss"] < summary["before"]["loss"] - 1


def held_out(run) -> set[str]:
    report = json.loads((run.parents[2] / "report.json").read_text())
    return {sample["character_name"] for sample in report["samples"]}


def test_the_log_holds_the_curves(finished):
    run, _ = finished
    losses = logged(run, "loss")
    assert sorted(losses) == list(range(1, 7))
    assert losses[6] < losses[1] - 1
    assert min(logged(run, "val/loss")) == 0
    assert len(logged(run, "val/loss")) == 3  # before, and after each epoch
    for name in ("val/sbk", "val/cm", "entropy", "grad_norm", "lr", "num_tokens", "tokens_per_second", "step_time"):
        assert logged(run, name), name
    assert min(logged(run, "grad_norm").values()) > 0
    with pytest.raises(KeyError):  # a supervised step samples nothing; this would be the last validation's
        logged(run, "time/scoring")


def test_fit_goes_on_from_the_export(finished, tmp_path):
    run, samples = finished
    more = ("--trainer.limit_train_batches=1", "--trainer.max_epochs=1")
    assert main(fit_arguments(run / "export", samples, tmp_path, *more)) == 0
    before = json.loads((tmp_path / "tiny" / "version_0" / "summary.json").read_text())["before"]
    after_sft = json.loads((run / "summary.json").read_text())["after"]
    for name in ("sbk", "cm"):  # the runs' rewards have different weights
        assert before[name] == after_sft[name]


def test_validate_reads_the_options_of_an_sft_run(finished, tmp_path, monkeypatch):
    run, _ = finished
    monkeypatch.chdir(run.parents[2])
    report = tmp_path / "report.json"
    checkpoint = checkpoints_of(run)[-1]
    options = [f"--config={run / 'config.yaml'}", f"--ckpt_path={checkpoint}", f"--output_file={report}"]
    assert main(["validate", *options]) == 0
    expected = json.loads((run / "summary.json").read_text())["after"]
    del expected["loss"]
    assert json.loads(report.read_text())["metrics"] == pytest.approx(expected)


def test_adapters_are_trained_alone_and_kept_alone(finished, tiny_folder, tmp_path):
    _, samples = finished
    assert main(sft_arguments(tiny_folder, samples, tmp_path / "logs", "--model.policy.lora.rank=4")) == 0
    run = tmp_path / "logs" / "tiny" / "version_0"
    state = torch.load(checkpoints_of(run)[-1], weights_only=False)["state_dict"]
    assert state
    assert all("lora_" in name for name in state)
    assert logged(run, "loss")[6] < logged(run, "loss")[1]


def test_the_help_is_of_sft(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["sft", "--help_all"])
    assert stop.value.code in (0, None)
    text = " ".join(capsys.readouterr().out.split())
    assert "usage: raiden sft" in text
    assert "--model.update.micro_batch_tokens" in text
    assert "--ckpt_path" in text
    assert "num_generations" not in text


def test_an_option_of_grpo_is_refused_by_name(capsys):
    assert main(["sft", f"--config={ROOT / 'configs' / 'sft.yaml'}", "--model.num_generations=4"]) == 2
    assert "model.num_generations" in capsys.readouterr().err


def test_a_sample_that_cannot_be_learned_is_refused_before_training(tiny_folder, tmp_path, capsys):
    samples = write_samples_file(tmp_path / "samples.json")
    records = json.loads(samples.read_text())
    for record in records:
        record["keywords"] = ["Atlantis"]
    samples.write_text(json.dumps(records))
    assert main(sft_arguments(tiny_folder, samples, tmp_path / "logs", "--model.rewards.response_format=think")) == 2
    assert "there is no `reasoning`" in capsys.readouterr().err
    assert not list(tmp_path.rglob("*.ckpt"))


@pytest.mark.parametrize("name", ["sft", "qwen14b_sft_fsdp"])
def test_the_shipped_configs_parse(name, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["sft", f"--config={ROOT / 'configs' / name}.yaml", "--print_config"])
    assert stop.value.code in (0, None)
    assert "policy:" in capsys.readouterr().out


def test_a_budget_below_one_token_is_refused(tiny_folder, capsys, tmp_path):
    samples = write_samples_file(tmp_path / "samples.json")
    assert main(sft_arguments(tiny_folder, samples, tmp_path / "logs", "--model.update.micro_batch_tokens=0")) == 2
    assert "`model.update.micro_batch_tokens` must be at least 1, got 0" in capsys.readouterr().err


def test_a_base_model_learns_from_a_template_of_its_own(tiny_folder, tmp_path, capsys):
    base = shutil.copytree(tiny_folder, tmp_path / "base", ignore=shutil.ignore_patterns("chat_template.jinja"))
    samples = write_samples_file(tmp_path / "samples.json")
    arguments = sft_arguments(base, samples, tmp_path / "logs", "--trainer.max_epochs=1")
    assert main(arguments) == 2
    assert "in training by `model.policy.chat_template`" in capsys.readouterr().err
    assert main([*arguments, "--model.policy.chat_template=nowhere.jinja"]) == 2
    assert "`model.policy.chat_template`: nowhere.jinja cannot be read" in capsys.readouterr().err

    template = tmp_path / "template.jinja"
    template.write_text(CHATML + "{# of another #}")
    assert main([*arguments, f"--model.policy.chat_template={template}"]) == 0
    (export,) = tmp_path.glob("logs/tiny/*/export")
    assert load_tokenizer(str(export)).chat_template == template.read_text()
    assert load_checkpoint(checkpoints_of(export.parent)[-1], "").tokenizer.chat_template == template.read_text()
