"""Cards as people share them: what is said of others is never asked of the character."""

import json

import pytest

from raiden.data.profiles import load_profiles
from raiden.datagen.template import samples_from_profiles


def _asked(tmp_path, name, description, **more):
    """What the samples of a card accept, by their questions."""
    data = {"name": name, "description": description, "personality": "", "scenario": "", "first_mes": "", **more}
    path = tmp_path / "card.json"
    path.write_text(json.dumps({"spec": "chara_card_v2", "spec_version": "2.0", "data": data}), encoding="utf-8")
    samples = samples_from_profiles(load_profiles(path), 40, include_cm=False, seed=0)
    return {sample.question: {v for term in sample.rule.terms for v in term.variants} for sample in samples}


_OTHERS = [
    pytest.param(
        "Miss Adder",
        "Character: Miss Adder\nFull Name: Lavinia Adder\nAge: 36\nEmployer's age: 55\nPupil: Edwin | Age: 9",
        {"36"},
        {"55", "9"},
        id="two names in a row",
    ),
    pytest.param(
        "Tamsin",
        '[Tamsin: age= "26", job= "nurse", likes= "ginger tea"]\n[Tamsin\'s brother Jory: age= "31", job= "miner"]\n'
        '[{{user}}: age= "30", job= "surfer"]\n[Scenario: a rainy evening; Hometown: Mousehole; Time: 19:30]',
        {"26", "nurse", "ginger tea"},
        {"31", "miner", "30", "surfer", "Mousehole", "19:30"},
        id="lists with one bearer each, and a scene",
    ),
    pytest.param(
        "カイル",
        "[カイル; 年齢: 19; 武器: 大剣]\n[セレナ; 年齢: 21; 武器: 弓]",
        {"19", "大剣"},
        {"21", "弓"},
        id="lists that begin with a name",
    ),
    pytest.param(
        "ミケ",
        "{{char}}の年齢：4歳\n{{char}}の好物：かつおぶし\n{{user}}の職業：会社員\nお隣のポチの好物：骨",
        {"4", "かつおぶし"},
        {"会社員", "骨"},
        id="owners before the label",
    ),
    pytest.param(
        "陆听澜",
        "陆听澜's 年龄: 27\n小满's 年龄: 12\n小满's 武器: 弹弓",
        {"27"},
        {"12", "弹弓"},
        id="an English genitive in Chinese",
    ),
    pytest.param(
        "골목 사람들",
        "■ 떡집 할머니\n나이: 71세\n좋아하는 것: 트로트\n■ 꽃집 은비\n나이: 26세\n좋아하는 것: 마카롱",
        set(),
        {"71", "트로트", "26", "마카롱"},
        id="decorated titles",
    ),
    pytest.param(
        "Alder Quince",
        "1. Age: 27\n2. Job: clockmaker\n\nMentor — Brother Amos\n1. Age: 73\n2. Job: hermit",
        {"27", "clockmaker"},
        {"73", "hermit"},
        id="a plain title above labels that were there before",
    ),
    pytest.param(
        "Alder Quince",
        "Age: 27\nFood: leek pie\n{{user}}:\n  Age: 45\n  Fears: deep water",
        {"27", "leek pie"},
        {"45", "deep water"},
        id="the user's own block",
    ),
    pytest.param(
        "Alder Quince",
        "<p>Age: 27<br>Job: clockmaker</p><h3>Brother Amos</h3><ul><li>Age: 73</li><li>Job: hermit</li></ul>"
        "<details><summary>Tilly</summary>\nAge: 12\nPet: an owl\n</details>",
        {"27", "clockmaker"},
        {"73", "hermit", "12", "owl"},
        id="titles in HTML",
    ),
    pytest.param(
        "林深", "年龄：35\n工作：在一家老唱片店看店", {"35"}, {"在一家老唱片店看店"}, id="what one does, as a trade"
    ),
    pytest.param(
        "Pip", "{{char}}'s age = 112 years\nCrumb's favorite food = cheddar", {"112"}, {"cheddar"}, id="equals"
    ),
]


@pytest.mark.parametrize(("name", "description", "own", "others"), _OTHERS)
def test_facts_of_others_are_not_asked_of_the_character(tmp_path, name, description, own, others):
    accepted = set().union(*_asked(tmp_path, name, description).values())

    assert own <= accepted
    assert not others & accepted


def test_words_of_a_name_that_anybody_may_say_are_no_name(tmp_path):
    (names,) = _asked(tmp_path, "정우진 박사", "천문학자이다.").values()
    assert names == {"정우진 박사", "정우진"}

    (names,) = _asked(tmp_path, "Father Aurelio", "An exorcist.").values()
    assert names == {"Father Aurelio", "Aurelio"}


def test_a_name_from_birth_is_another_name(tmp_path):
    asked = _asked(tmp_path, "花想容", "本名：慕容昭\n身份：花魁\n职业：琴师")

    assert load_profiles(tmp_path / "card.json")[0].name == "花想容"
    assert {"慕容昭"} in asked.values()
    assert {"花魁", "琴师"} in asked.values()  # either answers what one does
