"""The plan of a run: its work against the run's own, its verdict, its errors."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from raiden.__main__ import main
from raiden.planning import GIB, Limits
from raiden.planning.workload import grpo_demand, measure
from raiden.policy.quantised import BYTES_A_NUMBER
from raiden.train.datamodule import RoleplayDataModule
from raiden.train.grpo import UpdateConfig
from raiden.train.sft import target_text, target_token_ids
from tests.policy.architectures import tiny
from tests.runs import ROOT, fit_arguments, sft_arguments, write_samples_file

DATA = Path(__file__).parent / "data"


# Work


def work(tiny_folder: Path, samples: Path, limits: Limits, num_processes: int = 1, **update: int):
    data = RoleplayDataModule(str(samples), val_ratio=0.34, batch_size=3, tokenizer=str(tiny_folder))
    return data, measure(data, grpo_demand(UpdateConfig(**update), 4, 10), limits, num_processes)


def test_steps_updates_and_tokens_are_the_runs(tiny_folder, tmp_path):
    samples = write_samples_file(tmp_path / "samples.json")
    data, plan = work(tiny_folder, samples, Limits(2, -1, None), prompts_per_update=2, num_iterations=2)
    # Two of three characters are trained on, four samples each: steps of 3, 3 and 2 prompts, so 2, 2 and 1 updates.
    assert (plan.num_prompts, plan.steps_per_epoch, plan.steps) == (8, 3, 6)
    assert plan.updates_per_epoch == 2 * (2 + 2 + 1)
    assert plan.sampled_tokens == 8 * 4 * 10
    prompts = [prompt for batch in data.train_dataloader() for prompt in batch]
    assert plan.prompt_tokens == sum(len(prompt.token_ids) for prompt in prompts)
    assert not plan.tokens_are_estimated
    _, limited = work(tiny_folder, samples, Limits(2, 4, None), prompts_per_update=2, num_iterations=2)
    assert limited.steps == 4  # rollouts, whatever they are worth


def test_groups_that_may_be_sampled_again_are_counted(tiny_folder, tmp_path):
    data, once = work(tiny_folder, write_samples_file(tmp_path / "samples.json"), Limits(1, -1, None))
    thrice = measure(data, grpo_demand(UpdateConfig(), 4, 10, num_groups=3), Limits(1, -1, None), 1)
    assert thrice == replace(once, sampled_tokens=3 * once.sampled_tokens)


@pytest.mark.parametrize(
    ("limits", "per_epoch", "steps"),
    [(Limits(1, -1, 2), 2, 2), (Limits(4, -1, 0.34), 1, 4), (Limits(None, 2, None), 3, 2), (Limits(9, 2, None), 3, 2)],
)
def test_the_trainers_limits_bound_the_run(tiny_folder, tmp_path, limits, per_epoch, steps):
    _, plan = work(tiny_folder, write_samples_file(tmp_path / "samples.json"), limits)
    assert (plan.steps_per_epoch, plan.steps) == (per_epoch, steps)


def test_passes_keep_to_the_budget_and_processes_share_them(tiny_folder, tmp_path):
    samples = write_samples_file(tmp_path / "samples.json")
    _, one = work(tiny_folder, samples, Limits(1, -1, None), micro_batch_tokens=100_000)
    _, three = work(tiny_folder, samples, Limits(1, -1, None), num_processes=3, micro_batch_tokens=100_000)
    assert one.passes_per_update == three.passes_per_update == 1
    assert {size.scored for size in one.passes} == {3 * 40, 2 * 40}
    assert {size.scored for size in three.passes} == {40}
    _, small = work(tiny_folder, samples, Limits(1, -1, None), micro_batch_tokens=1)
    assert small.passes_per_update == 3 * 4
    assert {size.scored for size in small.passes} == {10}


# The command


def plan_arguments(tiny_folder: Path, tmp_path: Path, *more: str) -> list[str]:
    samples = write_samples_file(tmp_path / "samples.json")
    return ["plan", *fit_arguments(tiny_folder, samples, tmp_path / "logs")[1:], *more]


def test_a_run_that_fits_is_shown_as_a_table_and_leaves_nothing(tiny_folder, tmp_path, capsys):
    assert main(plan_arguments(tiny_folder, tmp_path, "--gpu_memory=4")) == 0
    output = capsys.readouterr().out
    assert "takes a system message; takes turns in any order" in " ".join(output.split())
    assert "6 steps" in output
    assert "optimizer states" in output
    assert "shared: separate rows would be " in output
    assert "fits: 0.6 of 4 GiB" in output
    assert not (tmp_path / "logs").exists()


def test_a_model_that_does_not_share_says_so_with_what_it_costs(tiny_folder, tmp_path, capsys):
    tiny("Mamba 2").save_pretrained(tmp_path)
    arguments = plan_arguments(tiny_folder, tmp_path, f"--model_config={tmp_path / 'config.json'}")
    assert main(arguments) == 0
    output = " ".join(capsys.readouterr().out.split())
    assert re.search(r"rows: not shared, about [\d.]+ times the tokens: none of its layers attends", output)
    assert "the memory of its layers is not known" in output
    assert main([*arguments, "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert (plan["model"]["passes"], plan["verdict"]) == ("rows", "not known")
    # What passes go through is what separate rows hold, and padding to the longest of a pass.
    _, shared = work(tiny_folder, write_samples_file(tmp_path / "samples.json"), Limits(1, -1, None))
    assert plan["workload"]["update_tokens"] > shared.update_tokens


def test_a_run_that_is_limited_by_steps_alone_may_take_many_epochs(tiny_folder, tmp_path, capsys):
    arguments = [a for a in plan_arguments(tiny_folder, tmp_path) if "max_epochs" not in a]
    for more, num_steps in ((["--trainer.max_steps=7"], 7), ([], 3)):
        main([*arguments, "--json", *more])
        assert json.loads(capsys.readouterr().out)["workload"]["steps"] == num_steps


def test_a_run_that_does_not_fit_exits_with_1_and_names_the_largest_item(tiny_folder, tmp_path, capsys):
    assert main(plan_arguments(tiny_folder, tmp_path, "--gpu_memory=0.59", "--data.batch_size=8")) == 1
    output = capsys.readouterr().out
    assert "does not fit: " in output
    assert "the largest item is" in output


def test_the_largest_options_that_fit_do_and_more_does_not(tiny_folder, tmp_path, capsys):
    def planned(*more: str) -> dict:
        main(plan_arguments(tiny_folder, tmp_path, "--json", "--data.batch_size=8", *more))
        return json.loads(capsys.readouterr().out)

    whole = planned("--gpu_memory=4")
    in_one_pass = whole["workload"]["tokens_per_update"]
    assert whole["largest_that_fit"]["micro_batch_tokens"] == in_one_pass
    # Nine tenths of this is somewhat less than a pass of everything takes.
    card = f"--gpu_memory={(whole['peak']['bytes'] - 2**20) / 0.9 / GIB}"
    found = planned(card)
    assert found["verdict"] == "tight"
    largest = found["largest_that_fit"]["micro_batch_tokens"]
    assert in_one_pass / 4 < largest < in_one_pass
    assert planned(card, f"--model.update.micro_batch_tokens={largest}")["verdict"] == "fits"
    shorter = found["largest_that_fit"]["max_tokens"]
    assert 1 <= shorter < 12
    assert planned(card, f"--model.sampling.max_tokens={shorter}")["verdict"] == "fits"
    assert planned("--gpu_memory=0.2")["largest_that_fit"] == {"micro_batch_tokens": 0, "rows": 0, "max_tokens": 0}
    main(plan_arguments(tiny_folder, tmp_path, card))
    assert "largest that fit, each alone: `model.update.micro_batch_tokens`" in capsys.readouterr().out


def test_supervised_training_is_planned_with_its_targets_and_samples_held_out_replies_alone(
    tiny_folder, tmp_path, capsys
):
    samples = write_samples_file(tmp_path / "samples.json")
    arguments = ["plan", *sft_arguments(tiny_folder, samples, tmp_path / "logs")]
    assert main([*arguments, "--json", "--gpu_memory=4"]) == 0
    plan = json.loads(capsys.readouterr().out)
    data = RoleplayDataModule(str(samples), val_ratio=0.34, batch_size=3, tokenizer=str(tiny_folder))
    data.setup("fit")
    prompts = data.train_dataloader().prompts
    targets = [len(target_token_ids(data.chat, target_text(prompt.sample), end=2)) for prompt in prompts]
    work = plan["workload"]
    assert work["steps"] == 6
    assert work["sampled_tokens"] == 0
    rows = sum(targets) + work["prompt_tokens"]
    assert work["not_shared"] == pytest.approx(rows / work["update_tokens"], abs=0.01)
    assert plan["memory"]["sampling"]["engine: cache"] > 0
    assert main([*arguments, "--gpu_memory=4"]) == 0
    assert "`model.val_sampling.max_tokens`" in capsys.readouterr().out


def test_a_base_in_4_bits_is_planned_and_its_shards_are_refused(tiny_folder, tmp_path, capsys):
    lora, nf4 = "--model.policy.lora.rank=2", "--model.policy.quantization=nf4"
    weights = []
    for more in ((lora,), (lora, nf4)):
        assert main(plan_arguments(tiny_folder, tmp_path, "--json", *more)) == 0
        weights.append(json.loads(capsys.readouterr().out)["memory"]["layers"])
    # Two layers of 36,864 numbers in linear maps, each 4 bytes or 0.516.
    assert weights[0]["weights"] - weights[1]["weights"] == pytest.approx(2 * 36_864 * (4 - BYTES_A_NUMBER), abs=2)
    assert weights[1]["dequantised weight"] == 64 * 128 * 4
    assert main(plan_arguments(tiny_folder, tmp_path, lora, nf4, "--trainer.strategy=fsdp2")) == 2
    assert "lie whole on one device" in capsys.readouterr().err


def test_json_adds_up_and_says_the_verdict(tiny_folder, tmp_path, capsys):
    assert main(plan_arguments(tiny_folder, tmp_path, "--gpu_memory=0.65", "--json")) == 0
    plan = json.loads(capsys.readouterr().out)
    highest = max(plan["memory"].values(), key=lambda moment: sum(moment.values()))
    assert plan["peak"]["bytes"] == sum(highest.values())
    assert plan["verdict"] == "tight"
    assert plan["processes"] == {"num": 1, "on_gpu": False, "shards": None}
    assert plan["workload"]["steps"] == 6


def test_the_disk_that_a_run_needs_is_planned(tiny_folder, tiny_model, tmp_path, capsys):
    def disk(*more: str) -> dict[str, int]:
        main(plan_arguments(tiny_folder, tmp_path, "--json", *more))
        return json.loads(capsys.readouterr().out)["disk"]

    size = sum(p.nbytes for p in tiny_model.parameters())
    # Weights and AdamW's two states; two checkpoints are kept and one is being written. Six steps, one every two.
    assert disk() == {"checkpoint": 3 * size, "num_checkpoints": 3, "export": size, "total": 10 * size + 64 * 10**6}
    assert disk("--checkpoint.every_n_steps=0", "--export.dtype=bfloat16")["num_checkpoints"] == 1
    assert disk("--export.dtype=bfloat16")["export"] == size / 2
    lora = disk("--model.policy.lora.rank=2", "--export.enabled=false")
    assert lora["checkpoint"] < size / 2
    assert lora["export"] == 0
    main(plan_arguments(tiny_folder, tmp_path))
    assert f"disk: 3 checkpoints of {3 * size / 1e6:.1f} MB, one of them being written" in capsys.readouterr().out


def test_options_of_the_run_change_the_plan(tiny_folder, tmp_path, capsys):
    def gradients(*more: str) -> int:
        main(plan_arguments(tiny_folder, tmp_path, "--json", *more))
        return json.loads(capsys.readouterr().out)["memory"]["embeddings"]["gradients"]

    whole = gradients()
    assert gradients("--model.policy.lora.rank=2") < whole / 2
    sharded = ("--trainer.accelerator=gpu", "--trainer.devices=4", "--trainer.strategy=fsdp2")
    assert gradients(*sharded) == pytest.approx(whole / 4, abs=4)


@pytest.mark.parametrize(
    ("more", "part"),
    [
        (["--gpu_memory=0"], "`gpu_memory` must be above 0 GiB"),
        (["--trainer.devices=2"], "`trainer.strategy`: 2 processes need `fsdp2`"),
        (["--trainer.accelerator=gpu", "--trainer.devices=auto"], "`trainer.devices`"),
        (["--model.num_generation=2"], "model.num_generation"),
        (["--model.num_generations=1"], "`model.num_generations` must be at least 2"),
        (["--model.policy.path=nobody/no-such-model"], "with `model_config`"),
        (["--model_config=README.md"], "`model_config`"),
    ],
)
def test_bad_options_exit_with_2_and_are_named(tiny_folder, tmp_path, capsys, more, part):
    assert main(plan_arguments(tiny_folder, tmp_path, *more)) == 2
    assert part in capsys.readouterr().err


def test_without_a_tokenizer_tokens_are_estimated_and_that_is_said(tiny_folder, tmp_path, capsys):
    more = ["--model.policy.path=nobody/no-such-model", f"--model_config={tiny_folder / 'config.json'}"]
    assert main(plan_arguments(tiny_folder, tmp_path, *more)) == 0
    assert "estimated from characters" in capsys.readouterr().out


def test_a_tokenizer_that_makes_no_prompts_is_a_fault_of_the_run(tiny_folder, tmp_path, capsys):
    (model := tmp_path / "model").mkdir()
    for file in tiny_folder.iterdir():
        if file.name != "chat_template.jinja":
            (model / file.name).write_bytes(file.read_bytes())
    assert main(plan_arguments(model, tmp_path)) == 2
    assert "has no chat template" in capsys.readouterr().err
    template = "--model.policy.chat_template"
    assert main(plan_arguments(model, tmp_path, f"{template}={tmp_path / 'nowhere'}")) == 2
    assert "nowhere cannot be read" in capsys.readouterr().err
    assert main(plan_arguments(model, tmp_path, f"{template}={tiny_folder / 'chat_template.jinja'}")) == 0


def test_an_engine_without_room_for_one_completion_does_not_fit(capsys):
    more = ["--model.engine.gpu_memory_utilization=0.345", "--trainer.limit_train_batches=1"]
    config = f"--model_config={DATA / 'qwen2.5-14b-instruct.json'}"
    assert main(["plan", f"--config={ROOT / 'configs' / 'qwen14b_fsdp.yaml'}", config, *more]) == 1
    assert "raise `model.engine.gpu_memory_utilization`" in capsys.readouterr().out
