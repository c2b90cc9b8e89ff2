"""The command line as a user meets it, on a tiny model: what is printed, what is written, what is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from transformers import AutoModelForCausalLM, AutoTokenizer

from raiden.__main__ import main
from raiden.evaluation.curves import read_curves
from raiden.train.checkpoints import checkpoints_of
from tests.runs import ROOT, fit_arguments, logged, write_samples_file

CONFIGS = sorted(p for p in (ROOT / "configs").glob("*.yaml") if not p.stem.startswith(("openr1_", "easyr1_")))


@pytest.fixture(scope="module")
def finished(tiny_folder, tmp_path_factory):
    """A finished run: its folder and the arguments that made it."""
    folder = tmp_path_factory.mktemp("finished")
    samples = write_samples_file(folder / "samples.json")
    more = (f"--output_file={folder / 'report.json'}", "--watch.after_n_steps=1")
    arguments = fit_arguments(tiny_folder, samples, folder / "logs", *more)
    assert main(arguments) == 0
    return folder / "logs" / "tiny" / "version_0", arguments


def evaluation(command: str, arguments: list[str], *more: str) -> list[str]:
    return [command, *(a for a in arguments[1:] if not a.startswith("--output_file")), *more]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda p: p.name)
@pytest.mark.parametrize("command", ["fit", "validate"])
def test_every_config_parses(path, command, capsys):
    with pytest.raises(SystemExit) as stop:
        main([command, f"--config={path}", "--print_config"])
    assert stop.value.code in (0, None)
    assert "policy:" in capsys.readouterr().out


def test_a_typo_is_refused_by_name(capsys):
    assert main(["fit", "--config=configs/quickstart.yaml", "--model.num_generation=4"]) == 2
    assert "model.num_generation" in capsys.readouterr().err


def test_help_tells_options_with_their_units(capsys):
    with pytest.raises(SystemExit):
        main(["fit", "--help_all"])
    text = " ".join(capsys.readouterr().out.split())
    assert "Longest completion, in tokens." in text
    assert "completions in a group, at least 2" in text
    assert "in reward units per nat" in text


def test_a_run_ends_with_a_summary(finished):
    run, _ = finished
    summary = json.loads((run / "summary.json").read_text())
    assert summary["steps"] == 6
    assert summary["seconds"] > 0
    assert set(summary["before"]) >= {"sbk", "cm", "sbk/language/en"}
    assert set(summary["after"]) == set(summary["before"])
    assert Path(summary["export"]) == run / "export"
    assert Path(summary["checkpoint"]) == checkpoints_of(run)[-1]


def test_a_run_ends_with_its_page_and_its_learning_curve(finished):
    run, _ = finished
    summary = json.loads((run / "summary.json").read_text())
    assert [Path(summary[name]) for name in ("report", "learning curve")] == [
        run / "report.html",
        run / "learning-curve.svg",
    ]
    for name in ("before", "after"):
        metrics = json.loads((run / f"{name}.json").read_text())["metrics"]
        assert metrics == pytest.approx(summary[name])
    page = (run / "report.html").read_text()
    assert "<title>tiny, version_0</title>" in page
    content = json.loads(page.partition('id="content">')[2].partition("</script>")[0])
    assert len(content["examples"]) == 3
    assert [sum(line["counts"][side] for line in content["reasons"]) for side in (0, 1)] == [
        len(json.loads((run / f"{name}.json").read_text())["samples"]) for name in ("before", "after")
    ]
    for side, name in enumerate(("before", "after")):
        assert sum(part["values"][side] for part in content["parts"]) == pytest.approx(summary[name]["reward"])
    assert content["panels"][0]["curves"][0]["points"][-1][0] == 6
    assert content["notes"] == summary["warnings"]
    picture = ElementTree.fromstring((run / "learning-curve.svg").read_text())
    assert picture.attrib["aria-label"] == "Reward, SBK, CM by step"


def test_the_page_of_a_run_that_was_killed_is_made_of_its_folder(finished, tmp_path):
    run, _ = finished
    page = tmp_path / "page.html"
    assert main(["report", f"--run={run}", f"--output={page}"]) == 0
    assert '"panels":[{"title":"Reward"' in page.read_text()
    assert main(["report", "--run", str(tmp_path), "--output", str(tmp_path / "none.html")]) == 2


def test_tensorboard_opens_on_what_matters(finished):
    """Its groups of curves, and the curves in one, stand in the order of the alphabet."""
    run, _ = finished
    names = sorted(EventAccumulator(str(run)).Reload().Tags()["scalars"])
    first = ["1_sampled_reward", "2_held_out_sbk", "3_held_out_cm", "4_held_out_reward"]
    assert names[: len(first)] == [f"at_a_glance/{name}" for name in first]
    assert logged(run, "at_a_glance/2_held_out_sbk") == logged(run, "val/sbk")
    assert logged(run, "at_a_glance/1_sampled_reward") == logged(run, "reward")
    assert not [curve for curve in read_curves(run) if "glance" in curve.name]


def test_tables_of_completions_fit_a_page_and_begin_with_what_is_read_first(finished):
    run, _ = finished
    events = EventAccumulator(str(run)).Reload().Tensors("completions/text_summary")
    table = events[-1].tensor_proto.string_val[0].decode().partition("\n\n")[0].splitlines()
    assert table[0].startswith("| question | completion | reward | why |")
    lines = [line for row in table[2:] for cell in row.split(" | ") for line in cell.split("<br>")]
    assert max(map(len, lines)) <= 36 + len("| ")


def test_warnings_stand_in_the_summary_and_in_tensorboard(finished):
    run, _ = finished
    warnings = json.loads((run / "summary.json").read_text())["warnings"]
    events = EventAccumulator(str(run)).Reload().Tensors("warnings/text_summary")
    assert warnings
    assert [event.tensor_proto.string_val[0].decode() for event in events] == warnings
    assert [f"Step {event.step}: " for event in events] == [text[: text.index(": ") + 2] for text in warnings]


def test_the_report_holds_each_held_out_reply(finished):
    run, _ = finished
    report = json.loads((run.parents[2] / "report.json").read_text())
    assert report["metrics"]["reward"] == pytest.approx(
        sum(s["total"] for s in report["samples"]) / len(report["samples"]), abs=1e-6
    )
    assert {s["focus"] for s in report["samples"]} == {"sbk", "cm"}
    assert all(s["reason"] for s in report["samples"])


def test_tensorboard_has_the_curves_and_starts_before_training(finished):
    run, _ = finished
    assert sorted(logged(run, "reward")) == [1, 2, 3, 4, 5, 6]
    assert sorted(logged(run, "val/sbk")) == [0, 3, 6]
    names = (
        "reward_std frac_reward_zero_std rewards/accuracy/mean rewards/format/std completions/mean_length "
        "completions/clipped_ratio entropy clip_ratio/region_mean num_tokens step_time lr"
    )
    for name in names.split():
        assert logged(run, name), name


def test_the_sampler_is_the_policy(finished):
    run, _ = finished
    assert max(logged(run, "sampling/sampling_logp_difference/max").values()) < 1e-4


def test_the_export_loads_with_plain_transformers_and_is_the_checkpoint(finished):
    run, _ = finished
    model = AutoModelForCausalLM.from_pretrained(run / "export")
    state = torch.load(checkpoints_of(run)[-1], weights_only=False)["state_dict"]
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, state[f"model.{name}"]), name
    assert AutoTokenizer.from_pretrained(run / "export").chat_template


def test_training_changed_the_weights(finished, tiny_folder):
    run, _ = finished
    before = AutoModelForCausalLM.from_pretrained(tiny_folder).state_dict()
    after = AutoModelForCausalLM.from_pretrained(run / "export").state_dict()
    assert any(not torch.equal(before[name], after[name]) for name in before)


def test_validate_scores_the_checkpoint_as_the_run_did(finished, tmp_path, capsys):
    run, arguments = finished
    after = json.loads((run / "summary.json").read_text())["after"]
    report = tmp_path / "report.json"
    assert main(evaluation("validate", arguments, "--ckpt_path=last", f"--output_file={report}")) == 0
    assert json.loads(report.read_text())["metrics"] == pytest.approx(after)
    told = capsys.readouterr().out
    assert told.count("SBK (profile)") == 1
    assert not re.search(r"\d\.\d{6}", told), told  # Lightning's table has all digits of a float


def test_engine_and_lora_are_set_from_the_command_line(finished, tmp_path):
    _, arguments = finished
    more = [
        "--model.engine=raiden.rollout.engines.TransformersEngine",
        "--model.engine.max_rows=3",
        "--model.policy.lora.rank=2",
        "--trainer.limit_train_batches=1",
        f"--trainer.logger.save_dir={tmp_path}",
        "--export.enabled=false",
    ]
    options = [a for a in arguments if not a.startswith(("--trainer.logger.save_dir", "--trainer.limit_train"))]
    assert main([*options, *more]) == 0
    assert json.loads((tmp_path / "tiny" / "version_0" / "summary.json").read_text())["export"] is None


def test_validate_scores_the_model_without_a_checkpoint(finished, tmp_path):
    run, arguments = finished
    before = json.loads((run / "summary.json").read_text())["before"]
    report = tmp_path / "report.json"
    assert main(evaluation("validate", arguments, f"--output_file={report}")) == 0
    assert json.loads(report.read_text())["metrics"] == pytest.approx(before)


def test_test_and_predict_read_the_test_file(finished, tmp_path, capsys):
    _, arguments = finished
    samples = next(a.split("=")[1] for a in arguments if a.startswith("--data.train_file"))
    for command in ("test", "predict"):
        report = tmp_path / f"{command}.json"
        options = evaluation(command, arguments, f"--data.test_file={samples}", f"--output_file={report}")
        assert main(options) == 0
        assert len(json.loads(report.read_text())["samples"]) == 12
    assert "What is your dog called?" in capsys.readouterr().out


def test_test_without_a_test_file_says_which_option_is_missing(finished, capsys):
    _, arguments = finished
    assert main(evaluation("test", arguments)) == 2
    assert "`data.test_file` is not set" in capsys.readouterr().err


def test_evaluations_leave_no_log_folder(finished):
    run, _ = finished
    assert [p.name for p in run.parent.iterdir()] == ["version_0"]


def test_score_needs_no_trainer(tmp_path, capsys):
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"reply": "I live in York.", "keywords": ["York"]}\n')
    assert main(["score", str(rows), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["accuracy"] == 1


def test_whole_batches_stay_whole_whatever_python_remembers_of_unions(tiny_folder, tmp_path, capsys):
    # 15.0 is what comes of 15 where `float | int` was made before `int | float`; Lightning would refuse it.
    samples = write_samples_file(tmp_path / "samples.json")
    arguments = fit_arguments(tiny_folder, samples, tmp_path / "logs")[1:]
    assert main(["plan", *arguments, "--trainer.limit_train_batches=2.0", "--gpu_memory=4"]) == 0
    assert "4 steps" in capsys.readouterr().out
