"""The reward functions for verl and EasyR1, called as those call them: on all shipped samples, and from threads."""

from __future__ import annotations

import copy
import inspect
import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.util import module_from_spec, spec_from_file_location

import pytest
import yaml
from jinja2 import Environment

from raiden.__main__ import main
from raiden.core.errors import ConfigError, RewardError, SampleError
from raiden.data.chat_template import ChatTemplate
from raiden.data.chat_template.chat import make_prompts
from raiden.data.conversion import convert_sample
from raiden.data.prompts import PromptSettings
from raiden.data.reward_rows import RewardRow
from raiden.data.samples import load_samples
from raiden.rewards import VRAR, RewardConfig
from raiden.rewards.chinese import _converter, _segmenter
from raiden.rewards.japanese import _tokenizer
from raiden.rewards.japanese import tokenise as tokenise_japanese
from raiden.rewards.korean import _tagger
from raiden.rewards.korean import tokenise as tokenise_korean
from raiden.scoring.base import Score
from raiden.verl_route import compute_score, compute_score_batch, compute_scores
from tests.runs import ROOT
from tests.verl_route.completions import texts

EASYR1 = yaml.safe_load((ROOT / "configs" / "easyr1_qwen14b.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def shipped():
    return [s for name in ("train", "validation") for s in load_samples(ROOT / f"data/training/{name}.json")]


@pytest.fixture(scope="module")
def few(shipped):
    """Some of each language."""
    return [sample for lang in ("zh", "ja", "en", "ko") for sample in [s for s in shipped if s.language == lang][:12]]


def truth(sample, form="plain"):
    return RewardRow.of(sample, form).dump()


@pytest.mark.parametrize("form", ["plain", "think"])
def test_all_three_functions_give_what_a_run_gives_for_every_sample(shipped, form):
    assert len(shipped) == 691
    vrar = VRAR(RewardConfig(response_format=form))
    written = [(s, text) for i, s in enumerate(shipped) for text in texts(shipped, i, form == "think")]
    expected = [vrar(sample, text).total for sample, text in written]
    truths = [truth(sample, form) for sample, _ in written]
    replies = [text for _, text in written]
    one_by_one = [compute_score("", text, row, {})["score"] for text, row in zip(replies, truths, strict=True)]
    assert one_by_one == expected
    sources = [""] * len(replies)
    assert [one["score"] for one in compute_score_batch(sources, replies, truths)] == expected
    inputs = [
        {"response": text, "response_length": 9, "ground_truth": row}
        for text, row in zip(replies, truths, strict=True)
    ]
    assert [one["overall"] for one in compute_scores(inputs, max_response_length=10)] == expected


def test_threads_score_as_one_does_in_all_four_languages(few):
    work = [(text, truth(s)) for i, s in enumerate(few) for text in [*texts(few, i, False), s.question, s.answer * 3]]

    def forget():
        for kept in (_converter, _segmenter, _tokenizer, _tagger, tokenise_japanese, tokenise_korean):
            kept.cache_clear()

    forget()
    alone = [compute_score("", text, row) for text, row in work]
    assert {row["acc"] for row in alone} == {0.0, 1.0}
    for _ in range(3):
        forget()  # so that the dictionaries are opened, and sentences parted, by several at once
        with ThreadPoolExecutor(16) as pool:
            assert list(pool.map(lambda one: compute_score("", *one), work)) == alone


def test_what_verl_hands_to_all_completions_of_a_prompt_is_left_as_it_was(few):
    info = {"num_turns": None, "rollout_reward_scores": {}, "language": "zh"}
    before = copy.deepcopy(info)
    compute_score("raiden_sbk", few[0].answer, truth(few[0]), info)
    compute_score_batch(["raiden_sbk"], [few[0].answer], [truth(few[0])], [info])
    assert info == before


def test_all_scores_have_the_same_names_and_numbers_where_means_are_made(few):
    scores = [compute_score("", text, truth(few[0])) for text in ("", few[0].answer)]
    assert [list(score) for score in scores] == [list(scores[0])] * 2
    (score,) = compute_scores([{"response": "", "response_length": 0, "ground_truth": truth(few[0])}])
    assert all(isinstance(value, float) for value in score.values())


def test_options_are_those_of_the_reward_and_a_typo_is_told(few):
    sample = few[0]
    told = compute_score("", sample.answer, truth(sample), accuracy_weight=0.5, format_weight=0.25)
    assert told["score"] == 0.75
    with pytest.raises(
        ConfigError, match="`acuracy_weight` is no option of the reward; did you mean `accuracy_weight`"
    ):
        compute_score("", sample.answer, truth(sample), acuracy_weight=0.5)
    with pytest.raises(ConfigError, match="needs `raiden fit`"):
        compute_score("", sample.answer, truth(sample), unlikely_weight=0.5)


class NoScore:
    units = "nothing"

    def __call__(self, sample, prompt, completion):
        return Score(None, "no opinion")


class Longest:
    units = "is the longest"

    def score_group(self, sample, prompt, completions):
        return [Score(float(text == max(completions, key=len))) for text in completions]


def test_a_completion_without_a_score_is_an_error_and_never_a_number(few):
    extra = [{"class_path": f"{__name__}.NoScore", "weight": 0.1}]
    with pytest.raises(RewardError, match=r"has no score .*no opinion"):
        compute_score("", "Tea.", truth(few[0]), extra=extra)


def test_rewards_that_compare_have_the_completions_of_a_prompt_or_are_refused(few):
    sample, extra = few[0], [{"class_path": f"{__name__}.Longest", "weight": 1.0, "name": "longest"}]
    replies = [sample.answer, sample.answer + sample.answer]
    scores = compute_score_batch([""] * 2, replies, [truth(sample)] * 2, extra=extra)
    assert [score["longest"] for score in scores] == [0.0, 1.0]
    with pytest.raises(ConfigError, match="compares the completions of a prompt"):
        compute_score("", sample.answer, truth(sample), extra=extra)


def test_a_row_of_other_data_is_refused(few):
    for other in ("42", "{}", json.dumps({"sample": few[0].raw})):
        with pytest.raises(SampleError, match="raiden convert FILE --to verl"):
            compute_score("openai/gsm8k", "42", other)


def test_the_functions_need_no_model_library():
    code = """
import sys
for name in ("torch", "transformers", "lightning", "jsonargparse", "numpy", "yaml", "rich", "verl"):
    sys.modules[name] = None  # not installed
from raiden.verl_route import compute_score
from raiden.data.reward_rows import RewardRow
from raiden.data.samples import load_samples
sample = load_samples(sys.argv[1])[0]
print(compute_score("", sample.answer, RewardRow.of(sample, "plain").dump())["score"])
"""
    words = [sys.executable, "-c", code, str(ROOT / "data/training/validation.json")]
    assert subprocess.run(words, capture_output=True, text=True, check=True).stdout == "1.0\n"


@pytest.fixture(scope="module")
def easyr1_rows(few, tiny_tokenizer):
    chat = ChatTemplate(tiny_tokenizer, PromptSettings("think"))
    with chat.renderer:
        return [convert_sample(sample, "easyr1", PromptSettings("think"), chat) for sample in few]


def test_easyr1_takes_the_prompts_of_a_run_by_the_shipped_configuration(few, tiny_tokenizer, easyr1_rows):
    template = Environment().from_string(EASYR1["data"]["override_chat_template"])  # its own conversation has one turn
    wanted = make_prompts(tiny_tokenizer, few, PromptSettings("think"))
    for row, prompt in zip(easyr1_rows, wanted, strict=True):
        text = template.render(messages=[{"role": "user", "content": row[EASYR1["data"]["prompt_key"]]}])
        assert tuple(tiny_tokenizer.encode(text, add_special_tokens=False)) == prompt.token_ids


def test_easyr1_scores_as_its_manager_calls_the_shipped_configuration(few, tiny_tokenizer, easyr1_rows):
    """`verl/workers/reward/function.py` of EasyR1: loads the file, decodes, and calls with a list of dictionaries."""
    reward, limit = EASYR1["worker"]["reward"], 24
    path, _, name = reward["reward_function"].partition(":")
    spec = spec_from_file_location("custom_reward_fn", ROOT / path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    function = partial(getattr(module, name), **reward["reward_function_kwargs"] | {"max_response_length": limit})
    vrar, inputs, expected = VRAR(RewardConfig(response_format="think")), [], []
    for index, (sample, row) in enumerate(zip(few, easyr1_rows, strict=True)):
        for text in texts(few, index, True):
            ids = tiny_tokenizer.encode(text, add_special_tokens=False)
            # Also one that ends by itself with its very last token.
            ids = ids[: limit - index % 2] + [tiny_tokenizer.eos_token_id] * (len(ids) < limit or index % 2)
            response = tiny_tokenizer.decode(ids, skip_special_tokens=reward["skip_special_tokens"])
            truth = row[EASYR1["data"]["answer_key"]]
            inputs.append({"response": response, "response_length": len(ids), "ground_truth": truth})
            cut = ids[-1] != tiny_tokenizer.eos_token_id
            expected.append(vrar(sample, tiny_tokenizer.decode(ids, skip_special_tokens=True), cut).total)
            assert len(ids) <= limit
    scores = function(inputs)
    assert [score["overall"] for score in scores] == expected
    assert {score["truncated"] for score in scores} == {0.0, 1.0}


def test_easyr1s_limit_is_that_of_its_data():
    kwargs = EASYR1["worker"]["reward"]["reward_function_kwargs"]
    assert kwargs == {"max_response_length": EASYR1["data"]["max_response_length"]}
    assert kwargs.keys() <= inspect.signature(compute_scores).parameters.keys()


def test_easyr1_without_a_model_is_refused(tmp_path, capsys):
    words = ["convert", str(ROOT / "data/training/validation.json"), "--to", "easyr1", "--output", str(tmp_path / "x")]
    assert main(words) == 2
    assert "`model_path` is missing" in capsys.readouterr().err


def test_the_command_of_the_shipped_configuration_names_what_is_there():
    text = (ROOT / "configs" / "verl_qwen14b.sh").read_text(encoding="utf-8")
    options = dict(re.findall(r"^    '?([\w.]+)=([^'\s]+)", text, re.M))
    assert options["reward.custom_reward_function.path"] == f"pkg://{compute_score.__module__}"
    assert options["reward.custom_reward_function.name"] == compute_score.__name__
    manager = (
        ROOT / options["reward.reward_manager.module.path"].removeprefix("pkg://").replace(".", "/")
    ).with_suffix(".py")
    assert f"class {options['reward.reward_manager.name']}(" in manager.read_text(encoding="utf-8")
