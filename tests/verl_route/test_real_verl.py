"""verl 0.9.1 itself, with its own transformers, reads converted samples and scores completions as a run does."""

from __future__ import annotations

import copy
import json
import os
import subprocess

import pytest
from transformers import AddedToken

from raiden.__main__ import main
from raiden.data.chat_template import ChatTemplate, decode
from raiden.data.chat_template.chat import make_prompts
from raiden.data.prompts import PromptSettings
from raiden.data.samples import load_samples
from raiden.rewards import VRAR, RewardConfig
from tests.records import write_json
from tests.runs import ROOT
from tests.verl_route.completions import LIMIT, texts, tokens

PYTHON = os.environ.get("RAIDEN_VERL_PYTHON")
pytestmark = pytest.mark.skipif(
    PYTHON is None and not os.environ.get("RAIDEN_NO_SKIPS"),
    reason="RAIDEN_VERL_PYTHON names no Python with verl; .ci/run makes one in half a minute",
)
NUM = 691
"""All samples that are shipped."""
OPENS = "{% if add_generation_prompt %}<|im_start|>assistant\n"


@pytest.fixture(scope="module", params=["plain", "thinks"])
def run(request, tiny_tokenizer, tmp_path_factory):
    """All shipped samples, converted and scored there; with `thinks`, tags are special tokens and prompts open one."""
    thinks, folder = request.param == "thinks", tmp_path_factory.mktemp(request.param)
    tokenizer = copy.deepcopy(tiny_tokenizer)
    if thinks:
        tags = [AddedToken(tag, special=True) for tag in ("<think>", "</think>")]
        tokenizer.add_tokens(tags, special_tokens=True)
        tokenizer.chat_template = tokenizer.chat_template.replace(OPENS, OPENS + "<think>\n")
    tokenizer.save_pretrained(folder / "tokenizer")
    records = [
        record
        for name in ("train", "validation")
        for record in json.loads((ROOT / f"data/training/{name}.json").read_text(encoding="utf-8"))
    ]
    samples = write_json(folder / "samples.json", records[:NUM])
    form = "think" if thinks else "plain"
    words = [
        "convert",
        str(samples),
        "--to",
        "verl",
        "--response_format",
        form,
        "--output",
        str(folder / "rows.parquet"),
    ]
    assert main([*words, "--model_path", str(folder / "tokenizer")]) == 0
    assert PYTHON is not None, "RAIDEN_VERL_PYTHON is not set"
    out = folder / "scores.json"
    call = [
        PYTHON,
        "-m",
        "tests.verl_route.in_verl",
        folder / "rows.parquet",
        folder / "tokenizer",
        request.param,
        out,
    ]
    done = subprocess.run(
        call, env=os.environ | {"PYTHONPATH": str(ROOT)}, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return form, tokenizer, load_samples(samples), json.loads(out.read_text())


def test_every_completion_of_all_samples_earns_what_it_earns_in_a_run(run):
    form, tokenizer, samples, found = run
    assert len(samples) == NUM
    assert tuple(map(int, found["transformers"].split(".")[:2])) < (5, 11)
    chat, vrar = ChatTemplate(tokenizer, PromptSettings(form)), VRAR(RewardConfig(response_format=form))
    told = ("accuracy", "format", "repetition", "length", "first_person", "writing")
    expected, uncut = [], []
    for index, sample in enumerate(samples):
        for text in texts(samples, index, form == "think"):
            ids = tokens(tokenizer, text, chat.traits.opened)
            said, cut = chat.read(ids, decode(tokenizer, ids)), ids[-1] != tokenizer.eos_token_id
            reward = vrar(sample, said, cut)
            parts = {name: reward.components[name] for name in told} | {"reason": reward.reason}
            expected.append({"score": reward.total, "acc": reward.accuracy, "truncated": float(cut)} | parts)
            uncut.append(reward.total if not cut else vrar(sample, said).total)
    assert len(expected) == 3 * NUM
    own = [{name: one[name] for name in expected[0]} for one in found["own"]]
    assert [(a, b) for a, b in zip(own, expected, strict=True) if a != b] == []
    for manager in ("loop", "naive", "batch", "dapo") if form == "plain" else ():
        assert found[manager] == pytest.approx(uncut, abs=1e-6), manager
    # All of it is there: right and wrong, well-formed and not, cut and whole.
    for name in ("acc", "format", "truncated"):
        assert {one[name] for one in expected} == {0.0, 1.0}
    assert len(ids) <= LIMIT


def test_prompts_have_the_tokens_of_a_run(run):
    form, tokenizer, samples, found = run
    prompts = make_prompts(tokenizer, samples[: len(found["prompts"])], PromptSettings(form))
    assert [tuple(ids) for ids in found["prompts"]] == [prompt.token_ids for prompt in prompts]
