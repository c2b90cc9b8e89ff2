"""The author without a model: on profiles the project has not seen, in four languages."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from functools import cache
from itertools import product
from pathlib import Path

import pytest

from raiden.core.types import LANGUAGES, Profile, Sample
from raiden.data.profiles import load_profiles, read_profiles
from raiden.datagen.base import Rejection, Slot
from raiden.datagen.checks import check
from raiden.datagen.checks.memory import history_text
from raiden.datagen.template import TemplateAuthor, samples_from_profiles
from raiden.datagen.template.records import cm_record
from raiden.datagen.template.tables import table
from raiden.datagen.template.talks import talks_about
from raiden.rewards import VRAR
from tests.datagen.records import profile_of

UNSEEN = Path(__file__).parent / "profiles"
SHIPPED = Path(__file__).parents[2] / "data" / "online_profiles.jsonl"
WITHOUT_FACTS = {"守夜人", "黒猫亭の店主", "Bartholomew", "그림자 사서"}
"""Profiles of running text alone: only the name can be asked for."""
NAMES = {"zh": "周阿宝", "ja": "氏家 圭", "ko": "탁보영", "en": "Zeb Quill"}


@cache
def unseen() -> list[Profile]:
    profiles, faults = read_profiles([str(UNSEEN)])
    assert not faults
    return profiles


@cache
def samples_by_character(num_per_kind: int = 3) -> dict[str, list[Sample]]:
    by_character = defaultdict(list)
    for sample in samples_from_profiles(unseen(), num_per_kind, include_cm=True, seed=0):
        by_character[sample.character_name].append(sample)
    return by_character


def of_kind(focus: str, samples: list[Sample]) -> list[Sample]:
    return [sample for sample in samples if sample.focus == focus]


def asked(fields: dict[str, str], language: str | None = None) -> dict[str, Sample]:
    """The samples about a profile, by the field that the fact came from."""
    samples = samples_from_profiles([profile_of(fields)], 40, False, 0, language)
    return {sample.raw["metadata"]["field"]: sample for sample in samples}


def test_there_are_forty_and_more_profiles_in_four_languages():
    assert len(unseen()) >= 44
    assert {profile.language for profile in unseen()} == set(LANGUAGES)


def test_every_profile_gives_three_samples_of_each_kind_and_one_without_facts_its_name():
    for profile in unseen():
        samples = samples_by_character()[profile.name]
        assert len(of_kind("cm", samples)) == 3
        assert len(of_kind("sbk", samples)) == (1 if profile.name in WITHOUT_FACTS else 3), profile.name


def test_each_sample_passes_every_check_and_the_reward_of_its_own_answer():
    profiles, vrar = {profile.name: profile for profile in unseen()}, VRAR()
    for name, samples in samples_by_character().items():
        for index, sample in enumerate(samples):
            slot = Slot(profiles[name], sample.focus, sample.language, 0)
            assert isinstance(check(sample.raw, slot, samples[:index]), Sample)
            assert vrar(sample, sample.answer).total == pytest.approx(1), sample


def test_the_shipped_profiles_give_samples_too():
    profiles = load_profiles(SHIPPED)
    samples = samples_from_profiles(profiles, 2, include_cm=True, seed=1)
    assert len(samples) == 4 * len(profiles)


# What the samples are


def test_the_metadata_says_where_a_sample_comes_from():
    sbk = asked({"Name": "Ada", "Hometown": "Skipton", "Age": "27"})["Hometown"]
    assert sbk.raw["metadata"] == {
        "source": "template_sbk",
        "model": "template",
        "language": "en",
        "focus": "script_knowledge",
        "field": "Hometown",
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_conversations_tell_the_fact_before_the_last_two_turns_and_by_the_user(language):
    samples = [s for own in samples_by_character().values() for s in of_kind("cm", own) if s.language == language]
    assert {len(s.conversation_history) for s in samples} == {4, 6, 8, 10}
    for sample in samples:
        keyword = sample.keywords[0]
        tellers = [i for i, turn in enumerate(sample.conversation_history) if keyword in turn.content]
        assert tellers, history_text(sample)
        assert all(sample.conversation_history[i].role == "user" for i in tellers)
        assert max(tellers) < len(sample.conversation_history) - 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_conversations_are_about_many_things(language):
    profiles = [profile_of({"Name": f"{i}{name}"}) for i, name in enumerate(["Ada"] * 12)]
    samples = of_kind("cm", samples_from_profiles(profiles, 20, True, 0, language))
    assert len({sample.raw["metadata"]["field"] for sample in samples}) >= 12
    assert len({sample.keywords for sample in samples}) >= 100
    assert {"who", "what", "where", "when", "why", "how"} == {sample.question_type for sample in samples}


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_that_a_user_can_mention_makes_a_sample(language):
    memories = table(language)["memories"]
    assert len(memories) >= 12
    for memory in memories:
        values = memory["values"].split(", ")
        assert len(set(values)) == len(values) >= 12
        talks = talks_about(memory["kind"], language, [], random.Random(0))
        assert {talk.keyword for talk in talks} == set(values)
        for talk in talks_about(memory["kind"], language, [], random.Random(1)):
            slot = Slot(profile_of({"Name": NAMES[language]}), "cm", language, 0)
            assert isinstance(check(cm_record(talk, slot), slot, ()), Sample), talk


def test_difficulty_is_by_what_must_be_said_and_by_the_length_of_the_conversation():
    samples = asked({"Name": "Ada", "Hometown": "Skipton", "Hobbies": "chess, rowing", "Fears": "rats, fog, geese"})
    assert {field: samples[field].difficulty for field in ("Hometown", "Hobbies", "Fears")} == {
        "Hometown": "easy",
        "Hobbies": "hard",
        "Fears": "medium",
    }
    turns = {
        (len(s.conversation_history), s.difficulty)
        for own in samples_by_character().values()
        for s in of_kind("cm", own)
    }
    assert turns == {(4, "easy"), (6, "medium"), (8, "hard"), (10, "hard")}


# Facts


def test_a_list_of_two_asks_for_both_and_a_longer_one_for_any():
    samples = asked({"Name": "小红", "爱好": "读书、游泳", "特长": "书法、剪纸、口技"})
    both, any_of = samples["爱好"], samples["特长"]
    assert (both.rule.match, both.question, both.answer) == ("all", "你的两个爱好是什么？", "我的爱好是读书和游泳。")
    assert (any_of.rule.match, len(any_of.rule.terms)) == ("any", 3)


def test_the_narrower_parts_of_a_place_name_it_too():
    variants = asked({"Name": "小红", "籍贯": "江苏扬州"})["籍贯"].rule.terms[0].variants
    assert variants == ("江苏扬州", "扬州")
    assert asked({"Name": "Ada", "Hometown": "Skipton, Yorkshire"})["Hometown"].keywords == ("Skipton",)


def test_a_gender_is_known_by_any_of_its_words_and_the_other_one_is_wrong():
    sample = asked({"Name": "小红", "Gender": "female", "介绍": "她住在山里。"})["Gender"]
    vrar = VRAR()
    assert [vrar(sample, said).accuracy for said in ("我是女生。", "我是女的。", "我是男的。")] == [1, 1, 0]


@pytest.mark.parametrize(
    ("label", "value"),
    [
        ("年龄", "不详"),
        ("年龄", "约三百岁"),
        ("父亲", "农民"),
        ("母亲", "已故"),
        ("弱点", "无"),
        ("爱好", "喜欢安静的地方"),
        ("性格", "温柔"),
        ("口头禅", "随便你"),
        ("背景故事", "幼时失去双亲"),
        ("生日", "腊月初八"),
        ("梦想", "看一次真正的大海"),
        ("职业", "学生，周末在渡口帮外婆卖票"),
        ("随从", "两个"),
        ("秘密", "他其实是皇子"),
        ("身高", "很高"),
    ],
)
def test_what_is_not_said_plainly_is_not_asked(label, value):
    assert label not in asked({"Name": "陈大山", "性别": "男", label: value})


@pytest.mark.parametrize(
    ("label", "value"),
    [
        ("Mother", "a baker"),
        ("Age", "unknown"),
        ("Likes", "to sing"),
        ("Status", "alive"),
        ("Fears", "none"),
        ("Personality", "kind"),
        ("Goal", "to break her pact"),
        ("Occupation", "works as a nurse"),
    ],
)
def test_what_is_not_said_plainly_is_not_asked_in_english(label, value):
    assert label not in asked({"Name": "Ada", "Gender": "female", label: value})


def test_labels_that_are_not_known_are_asked_by_their_own_name():
    assert asked({"Name": "小红", "灵根": "冰灵根", "性别": "女"})["灵根"].question in (
        "你的灵根是什么？",
        "能告诉我你的灵根是什么吗？",
    )
    assert asked({"Name": "아라", "포지션": "메인 댄서"})["포지션"].answer == "제 포지션은 메인 댄서예요."


def test_who_somebody_is_is_asked_with_who():
    sample = asked({"Name": "小红", "师兄": "叶知秋", "性别": "女"})["师兄"]
    assert (sample.question_type, sample.answer) == ("who", "我的师兄是叶知秋。")


def test_lines_of_a_free_text_are_facts_too():
    samples = asked({"Name": "林烬", "介绍": "【年龄】19\n【武器】长弓\n他从不说谎。"})
    assert (samples["年龄"].answer, samples["武器"].keywords) == ("我今年19岁。", ("长弓",))


def test_family_members_are_taken_out_of_a_field_about_the_family():
    samples = asked({"Name": "雪奈", "家庭成员": "父亲白石健吾（企业家），母亲白石美代，弟弟在外地上学"})
    assert samples["父亲"].answer == "我的父亲是白石健吾。"
    assert "弟弟" not in samples


@pytest.mark.parametrize(
    ("language", "answer"),
    [
        ("zh", "我的生日是3月5日。"),
        ("ja", "誕生日は3月5日です。"),
        ("ko", "제 생일은 3월 5일이에요."),
        ("en", "I was born on March 5."),
    ],
)
def test_a_profile_in_another_language_is_asked_in_the_one_that_is_wanted(language, answer):
    samples = asked({"Name": "Ada", "Birthday": "March 5", "Alignment": "Chaotic Good"}, language)
    assert samples["Birthday"].answer == answer
    assert ("Alignment" in samples) == (language == "en")


@pytest.mark.parametrize(
    ("town", "answer"),
    [("서울", "저는 서울에 살아요."), ("전주", "저는 전주에 살아요.")],
)
def test_korean_answers_name_the_place(town, answer):
    assert asked({"Name": "아라", "거주지": town})["거주지"].answer == answer


# The author


def test_a_draft_depends_on_slot_attempt_and_seed_alone():
    places = list(product(unseen()[:6], ("sbk", "cm"), (0, 1), (0, 1)))

    def drafts(seed: int, order: list) -> dict:
        author = TemplateAuthor(seed)
        return {
            (p.name, focus, index, attempt): author.draft(Slot(p, focus, p.language, index), attempt)
            for p, focus, index, attempt in order
        }

    shuffled = random.Random(0).sample(places, len(places))
    assert drafts(0, places) == drafts(0, shuffled)
    assert drafts(0, places) != drafts(1, places)


def test_each_attempt_differs_until_nothing_is_left():
    slot = Slot(profile_of({"Name": "Ada", "Age": "27", "Hometown": "Skipton"}), "sbk", "en", 0)
    author = TemplateAuthor()
    drafts = [author.draft(slot, attempt) for attempt in range(4)]
    assert len({draft["question"] for draft in drafts[:3]}) == 3
    assert isinstance(drafts[3], Rejection)
    assert (drafts[3].reason, "Ada" in drafts[3].detail) == ("nothing_left", True)


def test_the_pipeline_may_wait_for_it():
    slot = Slot(profile_of({"Name": "Ada"}), "cm", "en", 0)
    author = TemplateAuthor()
    assert asyncio.run(author.write(slot, 0)) == author.draft(slot, 0)
