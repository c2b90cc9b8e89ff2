"""`raiden validate` of models of this machine: folders, checkpoints and exports of a run."""

import asyncio
import io
import json
import os
import re
import shutil
import signal
from dataclasses import asdict
from functools import partial

import pytest
import torch

from raiden.__main__ import main
from raiden.commands.benchmark_options import read_options
from raiden.commands.local_model import open_local
from raiden.commands.model_options import ModelOptions
from raiden.core.types import Message
from raiden.endpoints import ChatRequest
from raiden.policy import PolicyConfig, load_policy
from raiden.rewards import RewardConfig
from raiden.train.checkpoints import checkpoints_of
from tests.datagen.commands import start
from tests.faults.moments import All, At, Sends
from tests.runs import fit_arguments, write_samples_file


def direct(model, data, output, *more):
    options = ["--eval_data", str(data), "--output_file", str(output), "--max_tokens", "12", *more]
    return ["validate", "--model_path", str(model), *options]


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def test_a_model_is_named_before_its_seconds_of_loading(tiny_folder, tmp_path, capsys):
    assert main(direct(tiny_folder, write_samples_file(tmp_path / "samples.json"), tmp_path / "out.json")) == 0
    told = capsys.readouterr().out
    assert 0 <= told.find(f"loading {tiny_folder}\n") < told.find(f"{tiny_folder}: loaded on cpu in")


def test_ctrl_c_ends_a_long_generation_at_once(tiny_folder, tmp_path):
    samples = write_samples_file(tmp_path / "samples.json")
    token = "raiden.endpoints.local:LocalEndpoint._stop_where_nobody_waits"
    # A busy machine may let it write some more, but not thousands.
    faults = All((At(token, 5, Sends(signal.SIGINT)), At(token, 3000, partial(os._exit, 1))))
    command = direct(tiny_folder, samples, tmp_path / "out.json", "--max_tokens", "7000")
    assert "the same command goes on" in start(*command, before=faults).finish(code=130)


@pytest.fixture(scope="module")
def adapted(tiny_folder, tmp_path_factory):
    """The log folder of a finished run with adapters, and its samples."""
    folder = tmp_path_factory.mktemp("adapted")
    samples = write_samples_file(folder / "samples.json")
    arguments = fit_arguments(tiny_folder, samples, folder / "logs", "--model.policy.lora.rank=4")
    changes = ["--trainer.limit_train_batches=1", "--trainer.max_epochs=1", "--model.optimizer.lr=0.05"]
    assert main([*arguments, *changes]) == 0
    return folder / "logs" / "tiny" / "version_0", samples


def test_both_ways_to_validate_give_the_same_rows(tiny_folder, adapted, tmp_path):
    run, samples = adapted
    own = write_samples_file(tmp_path / "own.json")
    renamed = own.read_text().replace("Ada", "Dora").replace("Ben", "Elsa").replace("Cleo", "Finn")
    own.write_text(renamed)
    for name, model in (("export", run / "export"), ("untrained", tiny_folder)):
        trainer, alone = tmp_path / f"{name}-trainer.json", tmp_path / f"{name}-alone.json"
        by_trainer = {
            "model.policy.path": model,
            "model.sampling.max_tokens": 12,
            "data.train_file": own,
            "data.val_file": samples,
            "trainer.accelerator": "cpu",
            "output_file": trainer,
        }
        assert main(["validate", *(f"--{option}={value}" for option, value in by_trainer.items())]) == 0
        assert main(direct(model, samples, alone)) == 0
        assert read(trainer)["samples"] == read(alone)["samples"]
        assert read(trainer)["metrics"] == pytest.approx(read(alone)["metrics"], abs=1e-6)
        assert read(trainer)["rewards"] == read(alone)["rewards"] == asdict(RewardConfig())


def test_a_checkpoint_finds_its_run_and_replies_as_its_export(adapted, tiny_folder, tmp_path):
    run, samples = adapted
    checkpoint = checkpoints_of(run)[-1]
    for name, model in (("ckpt", checkpoint), ("export", run / "export"), ("untrained", tiny_folder)):
        assert main(direct(model, samples, tmp_path / f"{name}.json")) == 0
    replies = {
        name: [row["reply"] for row in read(tmp_path / f"{name}.json")["samples"]]
        for name in ("ckpt", "export", "untrained")
    }
    assert replies["ckpt"] == replies["export"]
    assert replies["ckpt"] != replies["untrained"]


def test_the_folder_of_a_run_is_refused_with_what_to_give(adapted, tmp_path, capsys):
    run, samples = adapted
    assert main(direct(run, samples, tmp_path / "out.json")) == 2
    assert "checkpoints/*.ckpt" in capsys.readouterr().err


def test_a_model_that_changed_on_the_disk_is_another_one(tiny_folder, tmp_path, capsys):
    samples, model = write_samples_file(tmp_path / "samples.json"), tmp_path / "model"
    model.mkdir()
    for file in tiny_folder.iterdir():
        (model / file.name).write_bytes(file.read_bytes())
    arguments = direct(model, samples, tmp_path / "out.json", "--limit", "1")
    assert main(arguments) == 0
    (model / "model.safetensors").touch()
    assert main(arguments) == 2
    assert "the model's files and dtype" in capsys.readouterr().err


def test_another_type_of_computation_is_another_model(tiny_folder, tmp_path, capsys):
    samples = write_samples_file(tmp_path / "samples.json")
    arguments = direct(tiny_folder, samples, tmp_path / "out.json", "--limit", "1")
    assert main(arguments) == 0
    assert main([*arguments, "--dtype", "bfloat16"]) == 2
    assert "bfloat16 now" in capsys.readouterr().err


def test_a_checkpoint_is_asked_and_scored_as_its_run_had_it(adapted, tmp_path, capsys):
    run, samples = adapted  # `min_length` 6 and `length_weight` 0.5: see `fit_arguments`
    checkpoint, output = checkpoints_of(run)[-1], tmp_path / "out.json"
    assert main(direct(checkpoint, samples, output, "--limit", "2")) == 0
    assert "min_length 6" in capsys.readouterr().out
    made = read(output)
    assert (made["rewards"]["min_length"], made["rewards"]["length_weight"]) == (6, 0.5)
    parts = {"accuracy": 0.7, "format": 0.3, "repetition": 0.2, "length": 0.5, "first_person": 0.2, "writing": 0.2}
    for row in made["samples"]:
        assert row["total"] == pytest.approx(sum(row["components"][name] * weight for name, weight in parts.items()))
    assert main(direct(run / "export", samples, tmp_path / "export.json", "--limit", "2")) == 0
    assert read(tmp_path / "export.json")["rewards"]["min_length"] == 1
    assert main(["compare", str(output), str(tmp_path / "export.json")]) == 0
    assert "min_length 6 and 1" in capsys.readouterr().out


def with_settings(run, folder, **changes):
    """A copy of a run's last checkpoint with other settings in its config, by the keys of their lines."""
    checkpoint = folder / "checkpoints" / checkpoints_of(run)[-1].name
    checkpoint.parent.mkdir(parents=True)
    shutil.copyfile(checkpoints_of(run)[-1], checkpoint)
    config = (run / "config.yaml").read_text()
    for key, value in changes.items():
        config, num_changed = re.subn(rf"(?m)^( +{key}): .*$", rf"\1: {value}", config)
        assert num_changed
    (folder / "config.yaml").write_text(config)
    return checkpoint


def test_a_format_that_is_asked_for_wins_over_that_of_the_run(adapted, tmp_path):
    run, samples = adapted
    checkpoint = with_settings(run, tmp_path / "run", response_format="think")
    for options in ([], ["--response_format", "plain"]):
        name = "-".join(["out", *options])
        assert main(direct(checkpoint, samples, tmp_path / name, "--limit", "1", *options)) == 0
    asked, plain = (read(tmp_path / name)["rewards"] for name in ("out", "out---response_format-plain"))
    assert (asked["response_format"], plain["response_format"]) == ("think", "plain")
    assert asked["min_length"] == plain["min_length"] == 6


def test_the_benchmark_and_a_chat_take_the_format_of_the_run_too(adapted, tmp_path, monkeypatch, capsys):
    checkpoint = with_settings(adapted[0], tmp_path / "run", response_format="think")
    command = ["--model_path", str(checkpoint), "--npc_file=n", "--dialogue_file=d", "--output_dir=o"]
    assert read_options(command).sampling.settings.response_format == "think"
    assert read_options([*command, "--response_format", "plain"]).sampling.settings.response_format == "plain"

    profiles = tmp_path / "one.jsonl"
    setting = "<Character Setting>\nName: Ada\nIntroduction: Ada has a dog called Biscuit.\n</Character Setting>"
    profiles.write_text(json.dumps({"prompt": setting}), encoding="utf-8")
    talk = ["chat", "--model_path", str(checkpoint), "--history", str(tmp_path / "talks.jsonl")]
    files = ["--profiles_file", str(profiles), "--eval_data", str(adapted[1])]
    for options, thinks in (([], True), (["--response_format", "plain"], False)):
        monkeypatch.setattr("sys.stdin", io.StringIO("/system\n"))  # what the model is told
        assert main([*talk, *files, *options]) == 0
        assert ("<think>" in capsys.readouterr().out) is thinks


def test_a_run_with_flex_attention_is_exported_without_a_gpu(adapted, tmp_path):
    checkpoint = with_settings(adapted[0], tmp_path / "run", attention="flex")
    assert main(["export", str(checkpoint), "--output", str(tmp_path / "made")]) == 0
    ours, theirs = (
        load_policy(PolicyConfig(str(folder)), with_reference=False).model.state_dict()
        for folder in (tmp_path / "made", adapted[0] / "export")
    )
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_as_many_replies_are_decoded_side_by_side_as_asked_for(tiny_folder):
    options = ModelOptions(str(tiny_folder), concurrency=70)
    endpoint = open_local(options)
    calls = []
    endpoint.policy.model.register_forward_pre_hook(lambda *_: calls.append(1))

    async def together():
        requests = [ChatRequest((Message("user", str(i)),), 1, verbatim=True) for i in range(70)]
        await asyncio.gather(*map(endpoint.complete, requests))
        await endpoint.close()

    asyncio.run(together())
    assert len(calls) == 1  # one prefill for all, where the engine's own limit would take two


@pytest.mark.parametrize(
    ("options", "named"),
    [(["--timeout", "5"], "timeout"), (["--concurrency", "0"], "concurrency"), (["--region", "x"], "region")],
)
def test_options_that_do_nothing_for_a_local_model_are_refused(tiny_folder, tmp_path, options, named, capsys):
    samples = write_samples_file(tmp_path / "samples.json")
    assert main(direct(tiny_folder, samples, tmp_path / "out.json", *options)) == 2
    assert f"`{named}`" in capsys.readouterr().err


def test_a_model_that_is_not_there_is_told_by_the_name_of_the_option(tmp_path, capsys):
    samples = write_samples_file(tmp_path / "samples.json")
    assert main(direct("no/such/x", samples, tmp_path / "out.json")) == 2
    told = capsys.readouterr().err
    assert "`model_path`: no such model folder" in told
    assert "model.policy" not in told
