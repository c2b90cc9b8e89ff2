"""Old names of modules, in users' files and in old runs, still mean what they meant."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec

import pytest
from jsonargparse import ArgumentParser

from raiden.core.moved import MOVED
from raiden.rollout.engines import Engine, VLLMEngine


def test_each_old_name_stands_for_a_module_that_is_there():
    assert all(find_spec(new) is not None for new in MOVED.values())
    assert not MOVED.keys() & set(MOVED.values())


@pytest.mark.parametrize("old", ["raiden.engines.VLLMEngine", "raiden.engines.vllm.VLLMEngine"])
def test_an_old_class_path_in_yaml_still_gives_the_class(old, tmp_path):
    (tmp_path / "old.yaml").write_text(f"engine:\n  class_path: {old}\n")
    parser = ArgumentParser(exit_on_error=False)
    parser.add_subclass_arguments(Engine, "engine")
    parser.add_argument("--config", action="config")
    parsed = parser.parse_args([f"--config={tmp_path / 'old.yaml'}"])
    module, _, name = parsed.engine.class_path.rpartition(".")
    assert getattr(import_module(module), name) is VLLMEngine


def test_an_old_name_and_the_new_one_are_one_module_and_the_new_one_is_named():
    code = (
        "import raiden.grpo.logps, raiden.grpo.objective, raiden.trl_route.rewards\n"
        "import raiden.packing.logps, raiden.train.grpo.objective, raiden.train.trl.rewards\n"
        "assert raiden.grpo.logps is raiden.packing.logps\n"
        "assert raiden.grpo.objective is raiden.train.grpo.objective\n"
        "assert raiden.trl_route.rewards is raiden.train.trl.rewards\n"
        "assert raiden.packing.logps.__spec__.name == 'raiden.packing.logps'\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "FutureWarning: `raiden.trl_route` is `raiden.train.trl` now." in run.stderr


def test_a_module_that_was_renamed_twice_is_found_by_each_of_its_names():
    code = (
        "import raiden.complaints, raiden.commands.complaints, raiden.rollout.engines.side_by_side\n"
        "assert raiden.complaints is raiden.commands.complaints\n"
        "assert raiden.complaints.__name__ == 'raiden.commands.option_errors'\n"
        "assert raiden.rollout.engines.side_by_side.ContinuousBatch\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("old", "name"),
    [
        ("raiden.packing.token_scores", "token_scores"),
        ("raiden.prefix_tree.run_by_run", "RunByRun"),
        ("raiden.profiles.jsonl", "parse_profile"),
        ("raiden.rollout.malformed", "refuse_malformed"),
        ("raiden.rollout.verifying", "verify_by_reference"),
        ("raiden.rollout.engines.prefix_cache", "PrefixCache"),
        ("raiden.train.generators", "generator_states"),
        ("raiden.train.devices", "own_device"),
    ],
)
def test_what_stood_in_a_file_of_its_own_is_found_where_it_stands_now(old, name):
    assert name in vars(import_module(old))


def test_a_name_that_never_was_is_still_refused():
    with pytest.raises(ModuleNotFoundError, match=r"raiden\.nonesuch"):
        import_module("raiden.nonesuch")
    with pytest.raises(ModuleNotFoundError, match=r"raiden\.rollout\.engines\.nonesuch"):
        import_module("raiden.engines.nonesuch")
