"""Real runs of TRL's trainer on shipped samples, whose rewards must be raiden's own."""

from __future__ import annotations

import json
import re
import shutil
from contextlib import redirect_stdout
from io import StringIO

import numpy as np
import pandas as pd
import pytest
import torch
import trl.scripts.grpo
from safetensors.torch import load_file

from raiden.__main__ import main
from raiden.core.errors import ConfigError
from raiden.data.prompts import PromptSettings
from raiden.data.samples import load_samples
from raiden.evaluation.curves import read_curves
from raiden.evaluation.results import read_evaluation
from raiden.rewards import VRAR
from raiden.train.datamodule import RoleplayDataModule
from raiden.train.trl.held_out import print_held_out
from raiden.train.trl.options import parse_options
from raiden.train.trl.rewards import COMPONENTS
from raiden.train.trl.train import make_trainer
from tests.records import write_json
from tests.runs import ROOT

TRAIN, HELD_OUT = ROOT / "data/training/train.json", ROOT / "data/training/validation.json"


def subset(source, path, each):
    """The samples with the shortest profiles, so many of each language."""
    records = sorted(json.loads(source.read_text("utf-8")), key=lambda r: len(json.dumps(r["character_profile"])))
    kept = []
    for language in ("zh", "ja", "en", "ko"):
        kept += [r for r in records if r["metadata"]["language"] == language][:each]
    return write_json(path, kept)


@pytest.fixture(scope="module")
def arguments(tiny_folder, tmp_path_factory):
    """The command line of a run but for its output, and the two files of samples."""
    folder = tmp_path_factory.mktemp("data")
    files = subset(TRAIN, folder / "train.json", 3), subset(HELD_OUT, folder / "held_out.json", 1)
    options = {
        "model_name_or_path": tiny_folder,
        "train_data_path": files[0],
        "eval_data_path": files[1],
        "max_steps": 5,
        "save_steps": 3,
        "per_device_train_batch_size": 8,
        "per_device_eval_batch_size": 4,
        "num_generations": 4,
        "num_generations_eval": 1,
        "max_completion_length": 32,  # some end by themselves, others are cut
        "max_prompt_tokens": 4000,
        "learning_rate": 1e-3,
        "min_length": 6,  # so that rewards vary from one short reply to the next
        "use_cpu": True,
        "bf16": False,
        "gradient_checkpointing": False,
        "logging_steps": 1,
        "log_completions": True,
        "num_completions_to_print": 0,
        "report_to": "none",
        "disable_tqdm": True,
    }
    return [f"--{name}={value}" for name, value in options.items()], files


@pytest.fixture(scope="module")
def finished(arguments, tmp_path_factory):
    output = tmp_path_factory.mktemp("run") / "out"
    assert main(["trl", *arguments[0], f"--output_dir={output}"]) == 0
    return output


def completions(output):
    """Every completion of a run with what TRL kept of it."""
    return pd.concat([pd.read_parquet(path) for path in sorted((output / "completions").glob("*.parquet"))])


def log_history(output):
    return json.loads((output / "trainer_state.json").read_text())["log_history"]


def test_each_reward_of_the_run_is_the_trainers_own_on_the_same_completion(arguments, finished):
    by_id = {sample.id: sample for file in arguments[1] for sample in load_samples(file)}
    vrar = VRAR(parse_options([*arguments[0], "--output_dir=o"]).rewards)
    rows = completions(finished)
    assert len(rows) == 5 * 8
    for row in rows.to_dict("records"):
        reward = vrar(by_id[row["id"]], row["completion"][-1]["content"], row["truncated"])
        # TRL keeps rewards in single precision.
        assert [row[f"{name}_reward"] for name in COMPONENTS] == [
            np.float32(reward.components[name]) for name in COMPONENTS
        ]
        assert row["reason"] == reward.reason
    assert rows["length_reward"].nunique() > 1
    assert set(rows["truncated"]) == {True, False}


def test_the_reward_that_trl_logs_and_trains_on_is_the_trainers_total(arguments, finished):
    by_id = {sample.id: sample for file in arguments[1] for sample in load_samples(file)}
    vrar = VRAR(parse_options([*arguments[0], "--output_dir=o"]).rewards)
    logged = {entry["step"]: entry for entry in log_history(finished) if "reward" in entry}
    for step, table in completions(finished).groupby("step"):
        rows = table.to_dict("records")
        totals = [vrar(by_id[r["id"]], r["completion"][-1]["content"], r["truncated"]).total for r in rows]
        assert logged[step]["reward"] == pytest.approx(np.mean(totals), abs=1e-6)
        assert logged[step]["completions/clipped_ratio"] == pytest.approx(np.mean([r["truncated"] for r in rows]))
        accuracy = np.mean([row["accuracy_reward"] for row in rows])
        assert logged[step]["rewards/accuracy_reward/mean"] == pytest.approx(accuracy)


def test_the_weights_have_changed_and_load_as_a_model(finished, tiny_folder):
    before, after = (load_file(folder / "model.safetensors") for folder in (tiny_folder, finished))
    assert any(not torch.equal(before[name], after[name]) for name in before)
    assert (finished / "tokenizer.json").exists()


def test_a_resumed_run_is_the_run_that_never_stopped(arguments, finished, tmp_path):
    output = tmp_path / "again"
    shutil.copytree(finished / "checkpoint-3", output / "checkpoint-3")
    words = [*arguments[0], f"--output_dir={output}", "--resume_from_checkpoint=last"]
    assert main(["trl", *words]) == 0
    first, second = load_file(finished / "model.safetensors"), load_file(output / "model.safetensors")
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_what_is_saved_knows_its_prompts(arguments, tmp_path):
    words = [*arguments[0], f"--output_dir={tmp_path}", "--response_format=think"]
    trainer = make_trainer(parse_options(words))
    trainer.save_model(tmp_path / "saved")
    record = json.loads((tmp_path / "saved" / "raiden.json").read_text())
    settings = PromptSettings.from_record(record["prompts"])
    assert settings == trainer.prompts
    assert settings.response_format == "think"


def test_another_run_in_the_same_folder_is_refused(arguments, finished, capsys):
    before = (finished / "model.safetensors").read_bytes()
    assert main(["trl", *arguments[0], f"--output_dir={finished}"]) == 2
    assert "holds a run already" in capsys.readouterr().err
    assert (finished / "model.safetensors").read_bytes() == before


@pytest.mark.parametrize("response_format", ["plain", "think"])
def test_prompts_are_those_of_raiden_fit_token_for_token(arguments, tiny_folder, tmp_path, response_format):
    words = [*arguments[0], f"--output_dir={tmp_path}", f"--response_format={response_format}"]
    trainer = make_trainer(parse_options(words))
    train, held_out = map(str, arguments[1])
    data = RoleplayDataModule(
        train, held_out, max_prompt_tokens=4000, tokenizer=str(tiny_folder), response_format=response_format
    )
    data.setup("fit")
    loaders = (trainer.train_dataset, data.train_dataloader()), (trainer.eval_dataset, data.val_dataloader())
    for rows, loader in loaders:
        token_ids, *_ = trainer._tokenize_prompts(list(rows["prompt"]))
        assert token_ids == [list(prompt.token_ids) for prompt in loader.prompts]
        assert list(rows["id"]) == [prompt.sample.id for prompt in loader.prompts]


def test_a_shared_character_a_missing_model_and_wrong_options_are_refused(arguments, tiny_folder, tmp_path, capsys):
    words = [*arguments[0], f"--output_dir={tmp_path / 'out'}"]
    assert main(["trl", *words, f"--eval_data_path={arguments[1][0]}"]) == 2
    assert "leave `--eval_data_path` out to split by character" in capsys.readouterr().err
    assert main(["trl", *words, "--model_name_or_path=./nowhere"]) == 2
    assert "`--model_name_or_path`: no such model folder" in capsys.readouterr().err
    assert main(["trl", *words, "--attn_implementation=fast"]) == 2
    assert "TRL cannot begin with these options" in capsys.readouterr().err


EVALUATED = ["--use_peft", "--lora_r=2", "--max_steps=1", "--eval_strategy=steps", "--eval_steps=1"]


@pytest.fixture(scope="module")
def evaluated(arguments, tmp_path_factory):
    """A run that is evaluated before and after its one step, each question by two replies; and what it printed."""
    output, told = tmp_path_factory.mktemp("lora"), StringIO()
    words = [*EVALUATED, "--eval_on_start=True", "--num_generations_eval=2"]
    with redirect_stdout(told):
        assert main(["trl", *arguments[0], f"--output_dir={output}", *words]) == 0
    return output, told.getvalue()


def test_adapters_are_trained_where_asked_for_and_held_out_samples_are_scored(evaluated):
    assert (evaluated[0] / "adapter_model.safetensors").exists()
    before, after = (entry for entry in log_history(evaluated[0]) if "eval_reward" in entry)
    assert (before["step"], after["step"]) == (0, 1)
    assert {"eval_sbk", "eval_rewards/format_reward/mean", "eval_rewards/length_reward/mean"} <= set(after)


def test_a_run_ends_with_the_table_the_report_and_the_picture_of_raiden_fit(arguments, evaluated):
    output, told = evaluated
    log = [entry for entry in log_history(output) if "eval_reward" in entry]
    samples = {sample.id: sample for sample in load_samples(arguments[1][1])}
    vrar = VRAR(parse_options([*arguments[0], "--output_dir=o"]).rewards)
    for name, entry in zip(("before", "after"), log, strict=True):
        evaluation = read_evaluation(output / f"{name}.json")
        assert sorted((row["id"], row["reply_index"]) for row in evaluation.rows) == sorted(
            (id, number) for id in samples for number in range(2)
        )
        totals = [vrar(samples[r["id"]], r["reply"], r["finish_reason"] == "length").total for r in evaluation.rows]
        assert [row["total"] for row in evaluation.rows] == totals
        assert evaluation.metrics["reward"] == pytest.approx(entry["eval_reward"], abs=1e-6)
        assert evaluation.metrics["sbk"] == pytest.approx(entry["eval_sbk"])
    assert re.search(r"held-out replies that are right +┃ +before ┃ +after", told)
    for what, file in (("report", "report.html"), ("learning curve", "learning-curve.svg")):
        assert f"{what}: {output / file}" in told
        assert (output / file).stat().st_size > 1000
    curves = {curve.name: [point.step for point in curve.points] for curve in read_curves(output)}
    assert {name: curves[name] for name in ("reward", "train/sbk", "val/sbk", "rewards/accuracy/mean", "lr")} == {
        "reward": [1],
        "train/sbk": [1],
        "val/sbk": [0, 1],
        "rewards/accuracy/mean": [1],
        "lr": [1],
    }
    assert not [name for name in curves if "runtime" in name or "per_second" in name]


def test_a_run_that_is_not_evaluated_has_no_table(tmp_path, capsys):
    print_held_out("1 steps, 2 s", tmp_path)
    assert capsys.readouterr().out == "1 steps, 2 s\n"


def test_a_log_that_is_none_is_told(tmp_path):
    for text in ("{", "[]", '{"log_history": [1]}', '{"log_history": [{"reward": 1}]}'):
        (tmp_path / "trainer_state.json").write_text(text)
        with pytest.raises(ConfigError, match="is no log of a trainer"):
            read_curves(tmp_path)


def test_the_recipe_runs_in_trls_own_script(arguments, tiny_folder, tmp_path):
    rows = tmp_path / "role_data"
    for file, name in zip(arguments[1], ("train", "test"), strict=True):
        assert (
            main(["convert", str(file), "--to=trl", "--response_format=think", f"--output={rows / name}.jsonl"]) == 0
        )
    kept = ("max_steps", "per_device", "num_generations", "max_completion", "use_cpu", "bf16", "gradient_check")
    words = [word for word in arguments[0] if word[2:].startswith((*kept, "report_to", "disable_tqdm"))]
    changed = {"model_name_or_path": tiny_folder, "dataset_name": rows, "output_dir": tmp_path / "out"}
    changed |= {"use_vllm": False, "gradient_accumulation_steps": 1, "num_completions_to_print": 0, "max_steps": 1}
    words += [f"--{name}={value}" for name, value in changed.items()]
    parser = trl.scripts.grpo.make_parser()
    parsed = parser.parse_args_and_config(["--config", str(ROOT / "configs/openr1_recipe.yaml"), *words])
    trl.scripts.grpo.main(*parsed)
    kept_rows = completions(tmp_path / "out")
    assert len(kept_rows) == 8
    assert {f"{name}_reward" for name in COMPONENTS} <= set(kept_rows)


def test_a_completion_without_a_score_is_not_in_the_loss_either(arguments, tmp_path):
    # Of each group of four the last two have no score; beta asks for a term of every token that is trained on.
    config = tmp_path / "rewards.yaml"
    config.write_text("extra: [{class_path: tests.scoring.rewards.FirstOnly, init_args: {num: 2}}]")
    line = [*arguments[0], f"--output_dir={tmp_path}/out", "--beta=0.1", f"--config={config}"]
    trainer = make_trainer(parse_options(line))
    batch = trainer._generate_and_score_completions(next(iter(trainer.get_train_dataloader())))
    kept = batch["completion_mask"].sum(dim=1) > 0
    assert kept.tolist() == [True, True, False, False] * 2
    assert batch["num_items_in_batch"] == batch["completion_mask"].sum()
    assert (batch["advantages"][~kept] == 0).all()
    groups = batch["advantages"].view(2, 4)[:, :2]
    assert groups.sum(dim=1) == pytest.approx([0, 0], abs=1e-5)
