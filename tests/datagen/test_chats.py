"""Chats that other programs saved: the same talk in each of their files trains the same memory."""

from __future__ import annotations

import pytest

from raiden.core.errors import SampleError
from raiden.data.profiles import load_profiles
from raiden.datagen.dialogues import import_samples
from raiden.datagen.dialogues.base import Options
from tests.profiles.cards import write_text

GREETING = "*waves* Come in, {{user}}!"
TALK = [
    ("My cat is called Figaro. Such fur: salt & pepper! I'm 28.", "A fine name."),
    ("It rains again.", "It does."),
    ("Is there any tea?", "There is: in the pot."),
    ("By the way, what is my cat's name?", "Your cat is called Figaro!"),
]
FLAT = [text for pair in TALK for text in pair]
ROLES = ("user", "assistant")


def _story(marks: tuple[str, str]) -> list[str]:
    return [f"\n{marks[i % 2]}{text}" for i, text in enumerate(FLAT)]


def _named(i: int, names: tuple[str, str]) -> str:
    return names[i % 2]


SHOWN = [[user.replace("&", "&amp;").replace("'", "&#x27;"), reply] for user, reply in TALK]
PROGRAMS = {
    "text-generation-webui": {
        "internal": [["<|BEGIN-VISIBLE-CHAT|>", GREETING], *map(list, TALK)],
        "visible": [["", GREETING], *SHOWN],
        "metadata": {},
    },
    "text-generation-webui, what was shown alone": {"data": [], "data_visible": [["", GREETING], *SHOWN]},
    "Agnai": {
        "name": "Exported",
        "greeting": GREETING,
        "messages": [
            {"handle": _named(i, ("Tom", "Nora")), _named(i, ("userId", "characterId")): "x", "msg": text}
            for i, text in enumerate(FLAT)
        ]
        + [{"msg": "I'm 99.", "userId": "x", "ooc": True}],
    },
    "RisuAI": {
        "type": "risuChat",
        "ver": 1,
        "data": {
            "name": "Chat 1",
            "message": [{"role": _named(i, ("user", "char")), "data": text} for i, text in enumerate(FLAT)]
            + [{"role": "user", "data": "I'm 99.", "disabled": True}],
        },
    },
    "KoboldCpp": {
        "gamestarted": True,
        "prompt": "",
        "memory": "Nora keeps an inn.",
        "actions": _story(("Tom: ", "Nora: ")),
        "savedsettings": {"chatname": "Tom", "chatopponent": "Nora"},
    },
    "KoboldAI, instruct mode": {
        "gamestarted": True,
        "prompt": "{{[INPUT]}}" + FLAT[0] + "{{[OUTPUT]}}",
        "actions": [
            FLAT[1],
            *("{{[" + _named(i, ("INPUT", "OUTPUT")) + "]}}" + text for i, text in enumerate(FLAT[2:])),
        ],
    },
    "OpenAI messages": {
        "messages": [{"role": "system", "content": "You are Nora, an innkeeper."}]
        + [{"role": ROLES[i % 2], "content": [{"type": "text", "text": text}]} for i, text in enumerate(FLAT)]
    },
    "ShareGPT": {
        "conversations": [{"from": _named(i, ("human", "gpt")), "value": text} for i, text in enumerate(FLAT)],
        "char_name": "Nora",
    },
    "a bare list of messages": [{"role": ROLES[i % 2], "content": text} for i, text in enumerate(FLAT)],
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_same_talk_of_any_program_trains_the_same_memory(tmp_path, program):
    profiles = load_profiles(write_text(tmp_path / "p.json", {"Nora": {"Occupation": "innkeeper", "Town": "Ghent"}}))
    path = write_text(tmp_path / "chat.json", PROGRAMS[program])

    outcome = import_samples([path], Options(profiles))

    made = {(sample.question, sample.keywords, sample.raw["metadata"]["source"]) for sample in outcome.samples}
    assert ("By the way, what is my cat's name?", ("Figaro",), "chat_cm") in made
    assert [keywords for _, keywords, _ in made if keywords != ("Figaro",)] == [("28",)]
    assert {sample.character_name for sample in outcome.samples} == {"Nora"}
    assert not outcome.left_out
    said = "\n".join(message.content for sample in outcome.samples for message in sample.conversation_history)
    assert "salt & pepper" in said
    assert not any(mark in said for mark in ("99", "&amp;", "BEGIN-VISIBLE", "{{", "Tom:", "Nora:"))


def test_several_characters_of_a_save_are_told_apart_and_turns_in_a_row_are_one(tmp_path):
    text = (
        "Tom: My cat is called Figaro.\nTom: I'm 28.\nNora: Good.\nBo: Note: he is right.\nNora: Tea?\nTom: Yes.\n"
        "Bo: Me too.\nNora: Wait.\nTom: What is my cat's name?\n"
    )
    settings = {"chatname": "Tom", "chatopponent": "Nora||$||Bo"}
    path = write_text(
        tmp_path / "s.json", {"gamestarted": True, "prompt": text, "actions": [], "savedsettings": settings}
    )

    samples = import_samples([path], Options()).samples

    assert {(sample.character_name, sample.keywords) for sample in samples} >= {("Nora", ("Figaro",))}
    first = samples[0].conversation_history[0].content
    assert first == "Tom: My cat is called Figaro.\nTom: I'm 28."


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"visible": {"a": 1}, "internal": []}, "text-generation-webui chat must have lists of pairs in `internal`"),
        ({"visible": [["a"]], "internal": [["a"]]}, "has no pair of texts in turn 1 of `internal`"),
        ({"messages": [{"msg": "x"}, {"msg": None}]}, "Agnai chat has no text `msg` in turn 2"),
        ({"type": "risuChat", "data": {}}, "RisuAI chat must have chats with a list `message` in `data`"),
        ({"gamestarted": True, "actions": [1]}, "KoboldAI save must have texts in `prompt` and `actions`"),
    ],
)
def test_a_broken_chat_is_told_with_its_format_and_its_fault(tmp_path, value, told):
    outcome = import_samples([write_text(tmp_path / "c.json", value)], Options())
    assert told in outcome.examples["malformed"][0].detail


def test_a_story_and_a_file_of_another_kind_are_no_chats(tmp_path):
    story = {"gamestarted": True, "prompt": "It was night.", "actions": [" The rain fell."]}
    assert dict(import_samples([write_text(tmp_path / "s.json", story)], Options()).left_out) == {"no character": 1}
    with pytest.raises(SampleError, match=r"its fields: .log, v.*give one of: .*RisuAI chat.*OpenAI or ShareGPT"):
        import_samples([write_text(tmp_path / "w.json", {"log": [], "v": 1})], Options())
