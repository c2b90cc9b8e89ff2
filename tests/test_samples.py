"""Samples: both file formats, what survives a load and a save, identity, and the split by character."""

from __future__ import annotations

import json

import pytest

from raiden.core.errors import SampleError
from raiden.core.records import write_records
from raiden.core.types import Message
from raiden.data.samples import load_samples, parse_sample, split_by_character
from tests.records import sample_record, write_json, write_jsonl


def people(*names):
    return [parse_sample(sample_record(character_name=name), "here") for name in names]


def test_every_field_of_the_format_is_read():
    sample = parse_sample(sample_record(), "here")
    assert (sample.character_name, sample.question, sample.answer) == ("小明", "你叫什么名字？", "我叫小明。")
    assert sample.character_profile == {"Name": "小明", "Gender": "male", "Introduction": "爱读书的学生"}
    assert sample.conversation_history == (Message("user", "你好"), Message("assistant", "你好呀"))
    assert sample.keywords == ("小明",)
    assert (sample.question_type, sample.difficulty, sample.language) == ("what", "easy", "zh")
    assert sample.validation_method == "single_term_validation"


@pytest.mark.parametrize(
    ("metadata", "focus"),
    [
        ({"source": "sglang_sbk"}, "sbk"),
        ({"source": "vllm_cm"}, "cm"),
        ({"focus": "conversation_memory"}, "cm"),
        ({"focus": "script_knowledge", "source": "sglang_cm"}, "sbk"),
        ({}, "sbk"),
    ],
)
def test_the_focus_is_said_by_the_metadata_else_by_the_end_of_the_source(metadata, focus):
    assert parse_sample(sample_record(metadata=metadata), "here").focus == focus


def test_without_a_language_in_the_metadata_it_is_detected():
    assert parse_sample(sample_record(metadata={}), "here").language == "zh"
    english = sample_record(metadata=..., question="What is your name?", answer="I am Ming.", keywords=["Ming"])
    assert parse_sample(english, "here").language == "en"


@pytest.mark.parametrize("write", [write_json, write_jsonl])
def test_unknown_fields_survive_a_load_and_a_save(tmp_path, write):
    records = [
        sample_record(notes={"deep": [1, None, 2.5]}, 备注="保留"),
        sample_record(question="你是谁？", metadata={"language": "zh", "reviewed_by": "Ana", "seed": 7}),
    ]
    samples = load_samples(write(tmp_path / "in", records))
    write_records(tmp_path / "new" / "out.json", [sample.raw for sample in samples])
    assert json.loads((tmp_path / "new" / "out.json").read_text("utf-8")) == records
    assert load_samples(tmp_path / "new" / "out.json") == samples
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["out.json"]


def test_chinese_stays_chinese_in_the_written_file(tmp_path):
    write_records(tmp_path / "out.json", [parse_sample(sample_record(), "here").raw])
    text = (tmp_path / "out.json").read_text("utf-8")
    assert "你叫什么名字？" in text
    assert "\\u" not in text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_byte_order_mark_windows_line_ends_and_blank_lines_are_passed_over(tmp_path, encoding, newline):
    rows = [json.dumps(sample_record(question=q), ensure_ascii=False) for q in ("一？", "二？")]
    text = "\n".join(["", rows[0], "   ", rows[1], "", ""])
    (tmp_path / "s.jsonl").write_bytes(text.replace("\n", newline).encode(encoding))
    assert [s.question for s in load_samples(tmp_path / "s.jsonl")] == ["一？", "二？"]


def test_separators_inside_a_string_do_not_end_a_line_of_jsonl(tmp_path):
    answer = "我叫小明。\u2028\x85你呢？"
    (sample,) = load_samples(write_jsonl(tmp_path / "s.jsonl", [sample_record(answer=answer)]))
    assert sample.answer == answer


def test_an_identity_is_of_the_content_and_not_of_the_place(tmp_path):
    records = [sample_record(question=q) for q in ("一？", "二？", "三？")]
    there = {s.question: s.id for s in load_samples(write_json(tmp_path / "a.json", records))}
    back = {s.question: s.id for s in load_samples(write_jsonl(tmp_path / "b.jsonl", records[::-1]))}
    assert there == back
    assert len(set(there.values())) == 3


def test_the_history_is_part_of_the_identity():
    told = parse_sample(sample_record(conversation_history=[{"role": "user", "content": "我叫阿明"}]), "here")
    assert told.id != parse_sample(sample_record(conversation_history=[]), "here").id


def test_another_name_question_history_or_keyword_makes_another_sample_and_nothing_else_does():
    """Seeds of completions follow from it, and so a run that goes on."""
    changes = {"character_name": "小红", "question": "你是谁？", "conversation_history": [], "keywords": ["明"]}
    ids = [parse_sample(sample_record(**{key: value}), "here").id for key, value in changes.items()]
    usual = parse_sample(sample_record(), "here").id
    assert len({usual, *ids}) == 5
    assert parse_sample(sample_record(answer="是小明。", difficulty="hard", notes="x"), "there").id == usual


def test_a_record_that_is_there_twice_is_refused_with_both_places(tmp_path):
    path = write_json(tmp_path / "s.json", [sample_record(), sample_record(question="二？"), sample_record()])
    with pytest.raises(SampleError, match=r"s.json: item 3: the same sample as .*s.json: item 1; drop one"):
        load_samples(path)


NAMES = [f"person {i}" for i in range(10)]


def test_a_split_shares_no_character_and_loses_no_sample():
    samples = people(*NAMES, *NAMES)
    train, held_out = split_by_character(samples, 0.3)
    assert len({s.character_name for s in held_out}) == 3
    assert not {s.character_name for s in train} & {s.character_name for s in held_out}
    assert len(train) + len(held_out) == len(samples)


def test_a_split_does_not_depend_on_the_order_of_the_file():
    held_out = {s.character_name for s in split_by_character(people(*NAMES), 0.3)[1]}
    assert {s.character_name for s in split_by_character(people(*NAMES[::-1]), 0.3)[1]} == held_out


def test_who_is_held_out_stays_so_when_others_are_added_or_the_share_grows():
    small = {s.character_name for s in split_by_character(people(*NAMES), 0.2)[1]}
    assert small < {s.character_name for s in split_by_character(people(*NAMES), 0.5)[1]}
    grown = {s.character_name for s in split_by_character(people(*NAMES, *"abcdefghij"), 0.5)[1]}
    assert small & set(NAMES) <= grown


@pytest.mark.parametrize("ratio", [0.01, 0.99])
def test_both_parts_of_a_split_have_somebody(ratio):
    assert all(split_by_character(people("a", "b"), ratio))


def test_one_character_alone_cannot_be_split():
    with pytest.raises(SampleError, match=r"only .*'a'.*; add characters or give a validation file"):
        split_by_character(people("a", "a"), 0.5)
