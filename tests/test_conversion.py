"""Samples in the forms of other trainers."""

from __future__ import annotations

import json

import pytest
from trl import apply_chat_template, is_conversational

from raiden.__main__ import main
from raiden.data.conversion import convert_sample
from raiden.data.prompts import build_messages
from raiden.data.samples import load_samples, parse_sample
from tests.records import sample_record, write_json

RULE = {
    "match": "all",
    "terms": [{"type": "number", "variants": ["27", "二十七"]}],
    "forbidden": [{"variants": ["28"]}],
}
VARIED = [
    sample_record(),
    sample_record(
        question="你多大了？",
        answer="我二十七岁。",
        keywords=...,
        rule=RULE,
        validation_method="multi_term_parsing",
        conversation_history=[],
    ),
    sample_record(
        character_name="Ada",
        character_profile={"Name": "Ada", "Job": "baker"},
        question="What is your job?",
        answer="I am a baker.",
        keywords=["baker"],
        metadata={"source": "my_sbk", "language": "en", "extra": {"deep": [1, None]}},
        mine={"unknown": True},
    ),
]


@pytest.fixture
def samples(tmp_path):
    """Samples whose optional fields differ from one to the next."""
    return write_json(tmp_path / "samples.json", VARIED)


def test_sharegpt_is_a_conversation_of_system_human_and_gpt():
    (turns,) = convert_sample(parse_sample(sample_record(), ""), "sharegpt").values()
    assert [turn["from"] for turn in turns] == ["system", "human", "gpt", "human", "gpt"]
    assert turns[0]["value"].startswith("<Character Setting>\nName: 小明")
    assert [turn["value"] for turn in turns[1:]] == ["你好", "你好呀", "你叫什么名字？", "我叫小明。"]


def test_chatml_is_the_prompt_of_training_and_the_reference_answer():
    sample = parse_sample(sample_record(), "")
    (messages,) = convert_sample(sample, "chatml").values()
    assert messages[:-1] == [{"role": m.role, "content": m.content} for m in build_messages(sample)]
    assert messages[-1] == {"role": "assistant", "content": "我叫小明。"}


@pytest.mark.parametrize("name", ["out.json", "out.jsonl"])
def test_trl_rows_load_with_one_schema_and_hold_the_whole_sample(samples, tmp_path, name):
    import datasets

    assert main(["convert", str(samples), "--to", "trl", "--output", str(tmp_path / name)]) == 0
    rows = datasets.load_dataset("json", data_files=str(tmp_path / name), split="train", cache_dir=str(tmp_path / "c"))
    assert rows.num_rows == 3
    assert [parse_sample(json.loads(row["sample"]), "") for row in rows] == load_samples(samples)
    assert [row["keywords"] for row in rows] == [["小明"], ["27"], ["baker"]]
    assert json.loads(rows[1]["rule"]) == {
        "terms": [{"variants": ["27", "二十七"], "type": "number"}],
        "match": "all",
        "forbidden": [{"variants": ["28"], "type": "text"}],
    }
    assert json.loads(rows[2]["character_profile"]) == {"Name": "Ada", "Job": "baker"}
    assert rows["language"] == ["zh", "zh", "en"]
    assert rows["solution"] == rows["answer"] == ["我叫小明。", "我二十七岁。", "I am a baker."]
    assert None not in [value for row in rows for value in row.values()]


def test_trl_takes_the_rows_for_conversations(tiny_tokenizer):
    row = convert_sample(parse_sample(sample_record(), ""), "trl")
    assert is_conversational(row)
    text = apply_chat_template({"prompt": row["prompt"]}, tiny_tokenizer)["prompt"]
    assert text.index("Name: 小明") < text.index("你好呀") < text.index("你叫什么名字？")


def test_a_list_or_lines_by_the_name_of_the_output(samples, tmp_path):
    for name in ("a.json", "a.jsonl"):
        assert main(["convert", str(samples), "--to", "chatml", "--output", str(tmp_path / name)]) == 0
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text("utf-8").splitlines()]
    assert json.loads((tmp_path / "a.json").read_text("utf-8")) == lines
    assert len(lines) == 3


def test_an_existing_output_is_left_alone(samples, capsys):
    before = samples.read_bytes()
    assert main(["convert", str(samples), "--to", "trl", "--output", str(samples)]) == 2
    assert samples.read_bytes() == before
    assert "is already there; give the name of a new file" in capsys.readouterr().err


def test_a_bad_sample_stops_the_conversion_with_its_place(tmp_path, capsys):
    source = write_json(tmp_path / "bad.json", [sample_record(), sample_record(answer="")])
    assert main(["convert", str(source), "--to", "trl", "--output", str(tmp_path / "out.json")]) == 2
    assert "bad.json: item 2: `answer` must be a non-empty string" in capsys.readouterr().err
    assert not (tmp_path / "out.json").exists()
