"""The walk through a step of training, docs/a-step.md, is what the code does."""

from __future__ import annotations

import ast
import re
import sys

import pytest
from lightning import Trainer

from raiden.policy import PolicyConfig
from raiden.rewards import RewardConfig
from raiden.rollout.engines import SamplingConfig
from raiden.train.datamodule import RoleplayDataModule
from raiden.train.grpo.module import GRPOModule
from tests.runs import ROOT, write_samples_file

PAGE = ROOT / "docs" / "a-step.md"
LINKS = re.findall(r"\[`([\w.]+)`\]\((\S+)\)", PAGE.read_text(encoding="utf-8"))
MAX_FILES, MAX_LINES = 12, 500
"""As the page says; without the two records that it names in passing."""


def definitions(path):
    """Each function's and class's lines, by its full name."""
    found = {}

    def visit(node, prefix):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef | ast.FunctionDef):
                found[prefix + child.name] = child
                visit(child, f"{prefix}{child.name}.")

    visit(ast.parse(path.read_text(encoding="utf-8")), "")
    return found


def linked():
    return [(name, (PAGE.parent / path).resolve()) for name, path in LINKS]


@pytest.mark.parametrize(("name", "path"), linked(), ids=lambda value: str(value).removeprefix(f"{ROOT}/"))
def test_each_name_on_the_page_is_defined_where_its_link_leads(name, path):
    assert name in definitions(path)


def functions():
    nodes = [(name, path, definitions(path)[name]) for name, path in linked()]
    return [(name, path, node) for name, path, node in nodes if isinstance(node, ast.FunctionDef)]


def test_the_walk_is_as_short_as_the_page_says():
    assert len({path for _, path, _ in functions()}) <= MAX_FILES
    assert sum(node.end_lineno - node.lineno + 1 for _, _, node in functions()) <= MAX_LINES


def test_a_step_calls_what_the_page_names_in_its_order(tiny_folder, tmp_path):
    wanted = {(name, str(path)) for name, path, _ in functions()}
    called = []

    def watch(frame, event, _):
        place = (frame.f_code.co_qualname, frame.f_code.co_filename)
        if event == "call" and place in wanted and place not in called:
            called.append(place)

    class Watched(GRPOModule):
        def training_step(self, prompts, batch_idx):
            sys.setprofile(watch)
            try:
                super().training_step(prompts, batch_idx)
            finally:
                sys.setprofile(None)

    module = Watched(
        PolicyConfig(str(tiny_folder)),
        sampling=SamplingConfig(max_tokens=4),
        rewards=RewardConfig(min_length=4, length_weight=0.5),
        seed=7,
    )
    data = RoleplayDataModule(
        str(write_samples_file(tmp_path / "samples.json")), batch_size=2, tokenizer=str(tiny_folder)
    )
    trainer = Trainer(
        accelerator="cpu", max_steps=1, limit_val_batches=0, logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, default_root_dir=tmp_path,
    )  # fmt: skip
    trainer.fit(module, data)
    assert module.num_steps_done == 1
    assert called == [(name, str(path)) for name, path, _ in functions()]
