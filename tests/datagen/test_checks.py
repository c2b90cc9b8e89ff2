"""What a draft must pass: each rule with a draft that keeps it and one that breaks it."""

from __future__ import annotations

from pathlib import Path

import pytest

from raiden.core.types import Sample
from raiden.data.profiles import load_profiles
from raiden.data.samples import load_samples
from raiden.datagen.base import Rejection, Slot
from raiden.datagen.checks import check
from raiden.datagen.checks.keywords import one_term_fault
from raiden.datagen.checks.questions import question_type_fault
from tests.datagen.records import FIELDS, HISTORY, draft, slot_of

DATA = Path(__file__).parents[2] / "data"
SBK, CM = slot_of("sbk"), slot_of("cm")


def passes(record, slot=SBK, accepted=()):
    sample = check(record, slot, accepted)
    assert isinstance(sample, Sample), sample
    return sample


def refused(reason, record, slot=SBK, accepted=()):
    """The detail of the rejection, whose reason must be this one."""
    rejection = check(record, slot, accepted)
    assert isinstance(rejection, Rejection), rejection.question
    assert rejection.reason == reason, rejection
    return rejection.detail


def about_the_town(question="Where do you come from?", answer="I come from Skipton.", **changes):
    return draft(question, answer, ["Skipton"], "where", SBK) | changes


def about_the_cat(question="What is my cat called?", answer="Your cat is Pepper.", keyword="Pepper", **changes):
    return draft(question, answer, [keyword], "what", CM, **changes)


def test_a_sound_draft_of_either_kind_becomes_a_sample():
    assert passes(about_the_town()).focus == "sbk"
    assert passes(about_the_cat(), CM).focus == "cm"


def test_a_draft_that_is_no_sample_is_refused_with_the_place_and_the_remedy():
    record = about_the_town()
    del record["answer"]
    assert refused("invalid_record", record) == "Ada Finch, sbk 0: `answer` is missing; add it."


@pytest.mark.parametrize(
    "changes",
    [
        {"character_name": "Ben"},
        {"character_profile": {"Name": "Ada Finch"}},
        {"metadata": {"language": "en", "focus": "conversation_memory"}},
        {"metadata": {"language": "ko", "focus": "script_knowledge"}},
    ],
)
def test_a_draft_for_another_slot_is_refused(changes):
    assert "the slot asks for" in refused("invalid_record", about_the_town(**changes))


def test_the_question_must_be_in_the_language_of_the_slot():
    assert "Chinese, not English" in refused("wrong_language", about_the_town(question="你的老家在哪里？"))


def test_the_conversation_must_be_in_the_language_of_the_slot():
    history = ("안녕하세요. 우리 집 고양이 Pepper 이야기예요.", "귀엽네요.", "밖에 바람이 불어요.", "춥네요.")
    assert "Korean" in refused("wrong_language", about_the_cat(conversation_history=history), CM)


def test_the_question_must_not_say_the_answer():
    detail = refused("keyword_in_question", about_the_town(question="Where is Skipton, that you come from?"))
    assert '"Skipton"' in detail


def test_another_form_of_the_number_gives_the_answer_away_too():
    record = draft("How old are you, twenty-seven?", "I am 27.", ["27"], "how", SBK)
    assert '"27"' in refused("keyword_in_question", record)


def test_a_keyword_must_stand_in_the_profile():
    record = draft("Where do you come from?", "I come from Leeds.", ["Leeds"], "where", SBK)
    assert '"Leeds"' in refused("keyword_not_in_profile", record)


def test_a_piece_of_a_word_of_the_profile_is_no_ground():
    record = draft("Where do you come from?", "I come from Skip.", ["Skip"], "where", SBK)
    refused("keyword_not_in_profile", record)


def test_a_keyword_of_a_conversation_must_stand_in_it():
    record = about_the_cat(answer="Your cat is Soot.", keyword="Soot")
    assert '"Soot"' in refused("keyword_not_in_history", record, CM)


@pytest.mark.parametrize("num_turns", [0, 2, 3, 12])
def test_a_conversation_has_four_to_ten_turns_that_alternate(num_turns):
    history = (HISTORY * 3)[:num_turns]
    assert str(num_turns) in refused("history_length", about_the_cat(conversation_history=history), CM)


def test_five_turns_end_with_the_wrong_speaker():
    assert "alternate" in refused("history_length", about_the_cat(conversation_history=(*HISTORY, "Well.")), CM)


def test_a_question_that_the_profile_answers_is_no_question_of_memory():
    slot = slot_of("cm", fields=FIELDS | {"Pet": "Pepper"})
    record = about_the_cat() | {"character_profile": dict(slot.profile.fields)}
    assert '"Pepper"' in refused("answerable_from_profile", record, slot)


def test_the_reference_answer_must_say_the_keyword_and_mean_it():
    detail = refused("reference_not_accepted", about_the_town(answer="I do not come from Skipton."))
    assert "denies" in detail
    refused("reference_not_accepted", about_the_town(answer="From a town in the north, I think."))


@pytest.mark.parametrize("answer", ["Ada comes from Skipton.", "You come from Skipton.", "She comes from Skipton."])
def test_the_reference_answer_must_speak_as_the_character(answer):
    record = about_the_town(answer=answer, question="Where do you come from?")
    if answer.startswith("You"):
        record["answer"] = "You are from Skipton."
    refused("reference_not_accepted", record)


def test_the_own_name_answers_no_other_question():
    record = draft("What do people shout at the market?", "They shout Ada!", ["Ada"], "what", SBK)
    assert "own name" in refused("keyword_not_one_term", record)
    passes(draft("What is your name?", "My name is Ada Finch.", ["Ada Finch"], "what", SBK))


def test_a_single_term_sample_has_one_term():
    rule = {"terms": [{"variants": ["Skipton"]}, {"variants": ["Ruth"]}]}
    assert "2 terms" in refused("keyword_not_one_term", about_the_town(rule=rule))


def test_each_term_of_a_rule_needs_one_variant_in_the_profile():
    terms = [{"variants": ["Skipton", "Craven"]}, {"variants": ["Ruth"]}]
    record = draft(
        "Where did you live, and with whom?", "In Skipton, with my sister Ruth.", ["Skipton", "Ruth"], "where", SBK
    )
    record |= {"validation_method": "multi_term_parsing", "rule": {"match": "all", "terms": terms}}
    passes(record)
    terms[1]["variants"] = ["Joan"]
    assert '"Joan"' in refused("keyword_not_in_profile", record | {"answer": "In Skipton, with my sister Joan."})


# One term


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Skipton", "en"),
        ("green tea", "en"),
        ("12 May", "en"),
        ("the Bell at Grange", "en"),
        ("Dr. Shaw", "en"),
        ("1,000", "en"),
        ("8:10", "en"),
        ("27岁", "zh"),
        ("建阳麻沙镇", "zh"),
        ("和田玉", "zh"),
        ("卞墨生", "zh"),
        ("1932年", "zh"),
        ("しょうが湯", "ja"),
        ("大和", "ja"),
        ("水無谷", "ja"),
        ("夕焼け", "ja"),
        ("옹심이", "ko"),
        ("그림자 사서", "ko"),
        ("가자미 물회", "ko"),
        ("3월 9일", "ko"),
    ],
)
def test_a_noun_a_name_a_number_or_a_date_is_one_term(text, language):
    assert one_term_fault(text, language) == ""


@pytest.mark.parametrize(
    ("text", "language", "why"),
    [
        ("tea, coffee", "en", "more than one"),
        ("bread and butter", "en", "clause or a list"),
        ("because I was late", "en", "clause"),
        ("it", "en", "nothing"),
        ("She is a nurse", "en", "clause"),
        ("a very long list of words that nobody would say", "en", "too long"),
        ("他", "zh", "nothing"),
        ("苹果、梨", "zh", "more than one"),
        ("读书和下棋", "zh", "list"),
        ("治好师父的眼睛", "zh", "clause"),
        ("因为下大雨了", "zh", "clause"),
        ("の", "ja", "nothing"),
        ("京都と奈良", "ja", "list"),
        ("雨が降ったから", "ja", "clause"),
        ("그", "ko", "nothing"),
        ("비가 왔다", "ko", "clause"),
        ("사과, 배", "ko", "more"),
    ],
)
def test_a_clause_a_list_and_a_particle_are_no_term(text, language, why):
    assert why in one_term_fault(text, language)


# Question types


@pytest.mark.parametrize(
    ("question", "kind", "language"),
    [
        ("你父亲叫什么名字？", "who", "zh"),
        ("你养的猫叫什么？", "what", "zh"),
        ("你住在什么地方？", "where", "zh"),
        ("你是哪一年来的？", "when", "zh"),
        ("你为什么怕水？", "why", "zh"),
        ("你今年多大了？", "how", "zh"),
        ("还记得我家的猫叫什么吗？", "what", "zh"),
        ("誰に習いましたか？", "who", "ja"),
        ("好きな食べ物は何ですか。", "what", "ja"),
        ("ご出身はどちらですか？", "where", "ja"),
        ("お誕生日はいつですか？", "when", "ja"),
        ("なぜ雷が苦手なの？", "why", "ja"),
        ("おいくつですか？", "how", "ja"),
        ("이름이 뭐예요?", "what", "ko"),
        ("누구한테 배우셨어요?", "who", "ko"),
        ("고향이 어디예요?", "where", "ko"),
        ("생일이 언제예요?", "when", "ko"),
        ("왜 늦었어요?", "why", "ko"),
        ("올해 몇 살이에요?", "how", "ko"),
        ("Who taught you?", "who", "en"),
        ("Do you remember where I live?", "where", "en"),
        ("In which year were you born?", "when", "en"),
        ("How come you are late?", "why", "en"),
    ],
)
def test_a_question_has_a_word_of_its_type(question, kind, language):
    assert question_type_fault(question, kind, language) == ""


@pytest.mark.parametrize(
    ("question", "kind", "language", "why"),
    [
        ("你喜欢喝茶吗？", "what", "zh", "yes or no"),
        ("你有什么爱好吗？", "what", "zh", "yes or no"),
        ("你住在哪里？", "who", "zh", "no word"),
        ("我知道他是谁。", "who", "zh", "not a question"),
        ("何か飲みますか？", "what", "ja", "no word"),
        ("お茶は好きですか？", "what", "ja", "no word"),
        ("언젠가 오실래요?", "when", "ko", "no word"),
        ("차를 좋아하세요?", "what", "ko", "no word"),
        ("Do you like what you see?", "what", "en", "yes or no"),
        ("Where were you born?", "when", "en", "no word"),
        ("I know who you are.", "who", "en", "not a question"),
    ],
)
def test_a_question_of_another_type_is_refused(question, kind, language, why):
    assert why in question_type_fault(question, kind, language)


# Near-duplicates

FAMILY = {
    "en": {"Name": "Ada Finch", "Father": "Silas", "Mother": "Hester", "Birthday": "5 March"},
    "zh": {"Name": "陈阿宝", "父亲": "陈大山", "母亲": "林秀英", "生日": "3月5日"},
    "ja": {"Name": "佐藤 花", "父": "健二", "母": "美代", "誕生日": "3月5日"},
    "ko": {"Name": "김하늘", "아버지": "김철수", "어머니": "박영희", "생일": "3월 5일"},
}
ASKED = {
    "en": [
        ("Who is your father?", "My father is Silas.", "Silas"),
        ("Who is your mother?", "My mother is Hester.", "Hester"),
    ],
    "zh": [("你父亲叫什么？", "我父亲叫陈大山。", "陈大山"), ("你母亲叫什么？", "我母亲叫林秀英。", "林秀英")],
    "ja": [("お父さんの名前は何ですか？", "健二です。", "健二"), ("お母さんの名前は何ですか？", "美代です。", "美代")],
    "ko": [("아버지는 누구예요?", "김철수예요.", "김철수"), ("어머니는 누구예요?", "박영희예요.", "박영희")],
}
REWORDED = {
    "en": "And who is that father of yours?",
    "zh": "请问你的父亲叫什么呀？",
    "ja": "お父様のお名前は何とおっしゃいますか？",
    "ko": "당신 아버지가 누구신가요?",
}


@pytest.mark.parametrize("language", ["en", "zh", "ja", "ko"])
def test_father_and_mother_are_two_questions_and_a_rewording_is_one(language):
    slot = slot_of(language=language, fields=FAMILY[language])
    (question, answer, name), other = ASKED[language]
    first = passes(draft(question, answer, [name], "who", slot), slot)
    passes(draft(other[0], other[1], [other[2]], "who", slot), slot, [first])
    detail = refused("near_duplicate", draft(REWORDED[language], answer, [name], "who", slot), slot, [first])
    assert question in detail


def test_one_date_in_two_notations_is_one_answer():
    slot = slot_of(fields=FAMILY["en"])
    first = passes(draft("When is your birthday?", "My birthday is on 5 March.", ["5 March"], "when", slot), slot)
    again = draft("On which day were you born?", "I was born on March 5th.", ["March 5"], "when", slot)
    assert "both answered by" in refused("near_duplicate", again, slot, [first])


def test_the_same_question_with_another_answer_is_a_duplicate():
    slot = slot_of(fields=FIELDS | {"Food": "pie, plums"})
    first = passes(draft("What is your favourite food?", "It is pie.", ["pie"], "what", slot), slot)
    again = draft("What is your favorite food?", "It is plums.", ["plums"], "what", slot)
    assert "% alike" in refused("near_duplicate", again, slot, [first])


# The shipped data

KNOWN = {"Where does your aunt have her bakery?"}
"""Refused, and rightly: the reference answer speaks to the user ("You will find it in Thistlecombe")."""


@pytest.mark.parametrize("name", ["train", "validation", "quickstart_train", "quickstart_validation"])
def test_the_hand_made_samples_pass(name):
    profiles = {profile.name: profile for profile in load_profiles(DATA / "online_profiles.jsonl")}
    accepted: dict[str, list[Sample]] = {}
    faults = []
    for sample in load_samples(DATA / "training" / f"{name}.json"):
        own = accepted.setdefault(sample.character_name, [])
        result = check(sample.raw, Slot(profiles[sample.character_name], sample.focus, sample.language, 0), own)
        if isinstance(result, Sample):
            own.append(result)
        elif sample.question not in KNOWN:
            faults.append(f"{sample.question}: {result}")
    assert not faults, "\n".join(faults)
