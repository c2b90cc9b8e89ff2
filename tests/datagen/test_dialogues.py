"""Dialogues of other data sets and chats -> samples: each verifiable, none made up, the rest counted."""

from __future__ import annotations

import json

import pytest

from raiden.__main__ import main
from raiden.core.errors import SampleError
from raiden.core.types import Message
from raiden.data.profiles import load_profiles
from raiden.data.samples import load_samples
from raiden.datagen.checks.dodges import dodge_taken_for_right
from raiden.datagen.dialogues import import_samples
from raiden.datagen.dialogues.base import Options
from raiden.datagen.dialogues.turns import Turn, messages_of, read_turns
from raiden.rewards import VRAR
from tests.profiles.cards import write_text

PROMPT = "你正在扮演林可。\n# 角色设定\n姓名: 林可\n年龄: 27岁\n职业: 木匠\n# 输出格式\n先写<hint>，再写<think>。"


def verirole(history, **extra):
    turns = [{"role": ("user", "assistant")[i % 2], "content": text} for i, text in enumerate(history)]
    problem = {"system_prompt": PROMPT, "history": turns}
    return {"problem": problem, "hint": {"profile": []}, "data_type": "raiden", "extra_info": extra}


def made(tmp_path, value, **options):
    """The samples of a file as (source, question, answer, keywords), and what was left out."""
    lines = "\n".join(json.dumps(line, ensure_ascii=False) for line in value)
    outcome = import_samples([write_text(tmp_path / "dialogues.jsonl", lines)], Options(**options))
    for sample in outcome.samples:
        assert VRAR()(sample, sample.answer).accuracy == 1
        assert not dodge_taken_for_right(sample)
    samples = [(s.raw["metadata"]["source"], s.question, s.answer, list(s.keywords)) for s in outcome.samples]
    return samples, dict(outcome.left_out), outcome


def test_verirole_brings_its_keywords_and_its_format_stays_out_of_the_profile(tmp_path):
    talk = ["我的狗叫旺财。", "好名字。", "今天真冷。", "是啊。", "我的狗叫什么来着？"]
    rows = [
        verirole(["你做什么工作的呀？"], keywords=["木匠"]),
        verirole(talk, keywords="旺财", reference="你的狗叫旺财。"),
        verirole(["你喜欢什么？"], keywords=["木头"]),
        verirole(["你做木匠吗？"], keywords=["木匠"]),
        verirole(["你今年多大了？"]),
        verirole(["你昨天做了什么？"]),
        {**verirole(["他死了吗？"]), "data_type": "haiguitang"},
        {"problem": {"system_prompt": "", "history": []}},
    ]
    samples, left_out, outcome = made(tmp_path, rows)
    assert samples == [
        ("verirole_sbk", "你做什么工作的呀？", "木匠。", ["木匠"]),
        ("verirole_cm", "我的狗叫什么来着？", "你的狗叫旺财。", ["旺财"]),
        ("verirole_sbk", "你今年多大了？", "我今年27岁。", ["27"]),
    ]
    facts = {"Name": "林可", "年龄": "27岁", "职业": "木匠", "Introduction": "你正在扮演林可。"}
    assert outcome.samples[0].character_profile == facts
    assert left_out == {
        "keyword_not_in_profile": 1,
        "wrong_question_type": 1,
        "no_keyword": 1,
        "judged by a model": 1,
        "malformed": 1,
    }


def test_characterbench_has_answers_a_greeting_and_a_translation(tmp_path):
    item = {
        "character_name": "小芽",
        "character_profile": "小芽的爸爸是陈大山，妹妹叫小葵。",
        "父亲": ["陈大山"],
        "greeting": "嗨～我是{{char}}",
        "user_name": "用户",
        "dialogue": [
            {"turn": 1, "speaker": "user", "utterance": "你好"},
            {"turn": 1, "speaker": "小芽", "utterance": "你好呀！"},
            {"turn": 2, "speaker": "user", "utterance": "小芽，你妹妹叫什么名字呀？"},
        ],
        "messages": {"output": {"answer": "小葵"}},
        "response_messages": {"response": "我有十个妹妹。"},
        "translation_en": {
            "character_name": "Xiaoya",
            "character_profile": "Her sister is called Kiki.",
            "dialogue": [{"turn": 1, "speaker": "user", "utterance": "Xiaoya, what is your sister's name?"}],
            "messages": {"output": {"answer": "Kiki"}},
        },
    }
    father = {
        **item,
        "dialogue": [{"turn": 1, "speaker": "user", "utterance": "你爸爸叫什么？"}],
        "messages": {},
        "reference_response": {"utterance": "我爸叫陈大山。"},
    }
    samples, _, outcome = made(tmp_path, [item, father])
    assert [sample[1:] for sample in samples] == [
        ("小芽，你妹妹叫什么名字呀？", "小葵。", ["小葵"]),
        ("你爸爸叫什么？", "我爸叫陈大山。", ["陈大山"]),
    ]
    assert [m.role for m in outcome.samples[0].conversation_history] == ["assistant", "user", "assistant"]
    assert outcome.samples[0].conversation_history[0].content == "嗨～我是小芽"
    samples, left_out, _ = made(tmp_path, [item, {**father, "translation_en": None}], language="en")
    assert samples == [("characterbench_sbk", "Xiaoya, what is your sister's name?", "Kiki.", ["Kiki"])]
    assert left_out == {"no translation": 1}


def test_a_context_of_charactereval_is_asked_by_its_last_speaker_alone(tmp_path):
    profiles = load_profiles(write_text(tmp_path / "p.json", {"佟掌柜": {"年龄": "28岁", "职业": "客栈掌柜"}}))
    context = "老邢：（坐）开门\n佟掌柜：谁呀\n小郭：我今年19岁\n老邢：你今年多大了？"
    rows = [
        {"id": 1, "role": "佟掌柜", "novel_name": "x", "context": context},
        {"id": 2, "role": "佟掌柜", "novel_name": "x", "context": "小郭：掌柜的\n佟掌柜：啥\n小郭：你怎么来了"},
        {"id": 3, "role": "佟掌柜", "novel_name": "x", "context": "小郭：掌柜的\n佟掌柜：啥"},
        {"id": 4, "role": "老白", "novel_name": "x", "context": "小郭：你多大？"},
    ]
    samples, left_out, outcome = made(tmp_path, rows, profiles=profiles)
    assert samples == [("charactereval_sbk", "小郭: 我今年19岁\n老邢: 你今年多大了？", "我今年28岁。", ["28"])]
    assert outcome.samples[0].conversation_history[0] == Message("user", "老邢: （坐）开门")
    assert left_out == {"no_keyword": 1, "no question": 1, "no profile": 1}


def chat(*turns, user="Tom", name="Nora"):
    head = {"user_name": user, "character_name": name, "create_date": "2026-1-1", "chat_metadata": {}}
    return [head, *({"name": user if is_user else name, "is_user": is_user, "mes": text} for is_user, text in turns)]


SMALL_TALK = [(True, "It rains."), (False, "It does."), (True, "Well."), (False, "Tea?")]


def test_what_was_told_in_a_chat_is_asked_for_later(tmp_path):
    turns = [
        (False, "*waves* Hello, {{user}}!"),
        (True, "*sits* Hi. My name is Tom Wren. I'm 28. My cat Figaro broke a vase."),
        (False, "Oh! My brother's name is Milo."),
        (True, "My sister's name is Anna."),
        (False, "*nods*"),
        *SMALL_TALK,
        (True, "By the way, what's my cat's name?"),
        (False, "*thinks* Your cat is called Figaro!"),
        (True, "I live in Ghent."),
    ]
    samples, left_out, outcome = made(tmp_path, chat(*turns))
    assert {(source, tuple(words), answer) for source, _, answer, words in samples} == {
        ("chat_cm", ("Figaro",), "*thinks* Your cat is called Figaro!"),
        ("chat_cm", ("28",), "You are 28 years old."),
        ("chat_cm", ("Milo",), "My brother is Milo."),
        ("chat_cm", ("Anna",), "Your sister's name is Anna."),
        ("chat_cm", ("Tom Wren",), "Your name is Tom Wren."),
    }
    assert left_out == {"history_length": 1}  # Ghent: the chat ends there
    for sample in outcome.samples:
        said = "\n".join(message.content for message in sample.conversation_history)
        assert sample.keywords[0] in said
        assert sample.conversation_history[-1].role == "assistant"
        assert sample.conversation_history[-2:] != outcome.samples[0].conversation_history[:2]


def test_a_fact_that_was_told_in_two_ways_or_taken_back_is_not_asked_for(tmp_path):
    turns = [
        (True, "I'm 28. I live in Ghent."),
        (False, "Hm."),
        (True, "I'm 30, and I'm not from Oslo."),
        (False, "So."),
    ]
    samples, _, _ = made(tmp_path, chat(*turns, *SMALL_TALK))
    assert [words for *_, words in samples] == [["Ghent"]]


def test_a_swipe_that_was_not_chosen_and_a_hidden_message_were_not_said(tmp_path):
    lines = chat((True, "My dog's name is Rex."), (False, "My name is Bo."), *SMALL_TALK)
    lines[2] |= {"mes": "", "swipes": ["My cat is called Ash.", "Hm."], "swipe_id": 1}
    lines.insert(2, {"name": "Tom", "is_user": True, "is_system": True, "mes": "My cat's name is Pip."})
    samples, _, _ = made(tmp_path, lines)
    assert [words for *_, words in samples] == [["Rex"]]


def test_in_a_group_each_character_remembers_the_user_and_itself(tmp_path):
    said = [
        ("Tom", "My dog's name is Rex."),
        ("Ada", "Hello Rex."),
        ("Bo", "I'm 40."),
        ("Tom", "Nice."),
        ("Ada", "So."),
    ]
    said += [("Bo", "Hm."), ("Tom", "Well."), ("Ada", "Yes."), ("Bo", "No.")]
    lines = [{"name": name, "is_user": name == "Tom", "mes": text} for name, text in said]
    samples, _, outcome = made(tmp_path, lines)
    found = {(s.character_name, s.keywords[0]) for s in outcome.samples}
    assert found == {("Ada", "Rex"), ("Bo", "Rex"), ("Bo", "40")}
    assert all(question.startswith("Tom: ") for _, question, *_ in samples)


def test_chats_in_four_languages_train_memory(tmp_path):
    chats = {
        "zh": ("我养了一只叫团子的猫。", "今天下雨了。", "下吧。", "团子"),
        "ja": ("うちの猫の名前はミケです。", "今日は寒いですね。", "そうですね。", "ミケ"),
        "ko": ("우리 고양이 이름은 나비예요.", "오늘 날씨가 좋네요.", "네, 좋아요.", "나비"),
    }
    for told, user, reply, keyword in chats.values():
        turns = [(True, told), (False, reply), (True, user), (False, reply), (True, user), (False, reply)]
        samples, _, _ = made(tmp_path, chat(*turns, user="A", name="B"))
        assert [words for *_, words in samples] == [[keyword]]


@pytest.mark.parametrize(
    "history",
    [
        [
            {"role": "assistant", "content": "Sit."},
            {"from": "human", "value": "Hi"},
            {"speaker": "Nora", "text": "So?"},
        ],
        [{"role": "bot", "text": "Nora: Sit."}, {"role": "user", "text": "User: Hi"}, {"role": "gpt", "text": "So?"}],
        "Nora: Sit.\nTom: Hi\nNora: So?",
        ["Nora：Sit.", "Tom：Hi", "Nora：So?"],
        [{"role": "system", "content": "x"}, {"role": "char", "content": "Sit."}, ["Hi", "So?"]],
    ],
)
def test_a_history_of_any_shape_is_read(history):
    roles = ("assistant", "user", "assistant")
    assert messages_of(read_turns(history, "Nora")) == tuple(map(Message, roles, ("Sit.", "Hi", "So?")))


def test_turns_of_one_side_are_one_and_several_people_are_named():
    turns = [Turn("", False, "Hello?"), Turn("", False, "Anyone?"), Turn("Nora", True, "Here.")]
    assert messages_of(turns) == (Message("user", "Hello?\nAnyone?"), Message("assistant", "Here."))
    turns = [Turn("Tom", False, "Hello?"), Turn("Bo", False, "Anyone?"), Turn("Nora", True, "Here.")]
    assert messages_of(turns)[0] == Message("user", "Tom: Hello?\nBo: Anyone?")
    with pytest.raises(ValueError, match="has no name before turn 1"):
        read_turns(["so"], "Nora")


def test_the_command_writes_samples_tells_the_rest_and_refuses_what_it_does_not_know(tmp_path, capsys):
    source = write_text(tmp_path / "v.json", [verirole(["你做什么工作的呀？"], keywords=["木匠"]), {"x": 1}])
    output = tmp_path / "samples.json"
    assert main(["import-samples", str(source), "--output", str(output)]) == 1
    (sample,) = load_samples(output)
    assert (sample.focus, sample.language, sample.keywords) == ("sbk", "zh", ("木匠",))
    told = capsys.readouterr().out
    assert "unknown format" in told
    assert "1 samples written to" in told.replace("\n", " ")
    with pytest.raises(SampleError, match=r"w.json: no dialogues of a format that is known .*give one of: VeriRole"):
        import_samples([write_text(tmp_path / "w.json", [{"entries": {}}])], Options())
