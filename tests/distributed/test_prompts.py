"""Prompts are made in shares: every process has all of them, and hears of a template that refuses another's."""

from __future__ import annotations

from pathlib import Path

from raiden.core.errors import ConfigError
from raiden.core.types import Prompt
from raiden.train.datamodule import RoleplayDataModule
from tests.distributed.processes import in_processes
from tests.runs import write_samples_file

REFUSES = (
    "{% if 'kite' in messages[1].content %}{{ raise_exception('No kites!') }}{% endif %}"
    "{% for message in messages %}{{ message.content }} {% endfor %}"
)
"""Conversations about the past, which each character's last sample is."""


def prompts_and_refusal(samples: Path, model: Path, template: Path) -> tuple[list[Prompt], str]:
    data = RoleplayDataModule(train_file=str(samples), tokenizer=str(model), val_ratio=0.34)
    data.setup("fit")
    refused = RoleplayDataModule(
        train_file=str(samples), tokenizer=str(model), val_ratio=0.34, chat_template=str(template)
    )
    try:
        refused.setup("fit")
    except ConfigError as error:
        return list(data.train_dataloader().prompts), str(error)
    raise AssertionError("the template refuses nothing")


def test_two_processes_make_the_prompts_of_one(tmp_path, tiny_folder):
    samples = write_samples_file(tmp_path / "samples.json")
    template = tmp_path / "refuses.jinja"
    template.write_text(REFUSES)
    one, refusal = prompts_and_refusal(samples, tiny_folder, template)
    assert "refuses.jinja refuses the sample" in refusal
    assert "No kites!" in refusal
    for prompts, heard in in_processes(2, prompts_and_refusal, samples, tiny_folder, template):
        assert prompts == one
        assert all(type(token) is int for prompt in prompts for token in prompt.token_ids)
        assert heard == refusal
