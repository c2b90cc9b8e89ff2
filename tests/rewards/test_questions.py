"""The reward judges the answer, not the mention: cases of what role-players write, each under a question."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from raiden.rewards.mechanisms import ALL, MECHANISMS
from tests.benchmarks.reward_cases import judge, pairs

from .cases import CASES, accuracy, build_sample, read_cases

LANGUAGES = ("zh", "ja", "en", "ko")


@pytest.mark.parametrize("language", LANGUAGES)
def test_nearly_every_case_under_a_question_is_judged_as_a_reader_would(language: str) -> None:
    judged = judge([case for case in read_cases(CASES / "questions.jsonl") if case["language"] == language])
    wrong = [f"{case['question']} {case['reply']} {reason}" for case, is_right, reason in judged if not is_right]
    assert len(wrong) <= 2, "\n".join(wrong)
    assert all(wrong[1] and right[1] for wrong, right in pairs(judged))


@pytest.mark.parametrize("language", LANGUAGES)
def test_cases_that_were_never_tuned_on_are_mostly_right(language: str, report: Callable[[str], None]) -> None:
    judged = judge(read_cases(CASES / f"unseen_{language}.jsonl"))
    right = sum(is_right for _, is_right, _ in judged)
    report(f"rewards, unseen cases, {language}: {right} of {len(judged)} right")
    assert right / len(judged) >= 0.75


EXAMPLES = {
    "out_of_role": ("What is your job?", "As an AI language model I have none, but the profile says nurse.", "nurse"),
    "narrated": ("What weapon do you use?", "*reaches for a bow* Guess!", "bow"),
    "scoffed": ("What are you afraid of?", "Snakes? Pfft. I eat snakes for breakfast.", "snakes"),
    "only_asked": ("What do you do?", "A teacher? Is that what you take me for?", "teacher"),
    "denied": ("What do you do?", "I am not a teacher.", "teacher"),
    "taken_back": ("What do you do?", "I'm a teacher. Just kidding!", "teacher"),
    "disliked": ("What do you drink?", "I hate coffee.", "coffee"),
    "alternative": ("What do you do?", "I'm a teacher or a nurse.", "teacher"),
    "hedged": ("What do you do?", "I don't know, maybe I'm a teacher.", "teacher"),
    "hearsay": ("Where did you grow up?", "People hear the accent and assume Glasgow.", "Glasgow"),
    "quoted": ("Who did it?", '"The butler" is what the papers print.', "butler"),
    "ironic": ("What is your job?", "Oh sure, I'm a spy. And you're the Queen of Sheba.", "spy"),
    "almost": ("What did you eat?", "I nearly got dumplings.", "dumplings"),
    "supposed": ("What is your job?", "If I were a lawyer I'd charge you.", "lawyer"),
    "of_user": ("What do you drink?", "You like green tea, I remember.", "green tea"),
    "of_self": ("What is my cat called?", "My cat is called Pepper.", "Pepper"),
    "of_another": ("What is your job?", "My sister is a nurse.", "nurse"),
    "other_relation": ("Who won?", "Armand lost, of course.", "Armand"),
    "wrong_time": ("Where do you live?", "I used to live in Leeds.", "Leeds"),
    "swapped": ("Who helps you?", "I help my granddaughter Fiamma.", "Fiamma"),
    "premise_denied": ("Why do you never eat sweets?", "I eat sweets because of my teeth.", "teeth"),
    "titled": ("What is your dog called?", "I read 'Waffle' yesterday.", "Waffle"),
    "answered_elsewhere": ("When did you reach Hull?", "We reached Hull in June, and I saw Leeds in July.", "July"),
    "beside": ("Where do you work?", "I have a stall across from the courthouse.", "courthouse"),
    "other_sense": ("When is your birthday?", "May I ask why you want to know?", "May"),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_mechanism_alone_refuses_its_example_and_can_be_switched_off(name: str) -> None:
    question, reply, keyword = EXAMPLES[name]
    case = {"language": "en", "question": question, "reply": reply, "keywords": [keyword]}
    assert accuracy(case)[0] == 0
    assert accuracy(case, ALL - set(MECHANISMS))[0] == 1
    assert accuracy(case, ALL - set(MECHANISMS) | {name})[0] == 0


@pytest.mark.parametrize(
    ("question", "reply", "keyword", "expected"),
    [
        ("Where do you live?", "Leeds, born and bred, and where are you from?", "Leeds", 1),
        ("What is your name?", "Captain Josephine Maria Reyes Delgado.", "Josephine Maria Reyes Delgado", 1),
        ("How old are you?", "Forty two years young today!", "42", 1),
        ("What do you eat?", "Grandma's slow cooked lamb stew!", "lamb stew", 1),
        ("What is my dog called?", "My dog's called Waffle.", "Waffle", 0),
        ("Where have I just come from?", "I just came from the stadium.", "stadium", 0),
        ("Where have I just come from?", "You came from the stadium, I can smell the popcorn.", "stadium", 1),
        ("Where is my job interview?", "I'm in the airport.", "airport", 0),
        ("Where did I read your comic?", "I read it in the dentist's waiting room.", "waiting room", 0),
        ("Where did I read your comic?", "He was in the dentist's waiting room.", "waiting room", 0),
        ("Where did I read your comic?", "It was in the dentist's waiting room.", "waiting room", 1),
        ("Why can't you play now?", "I'm happy to teach you how to play the guitar.", "guitar", 0),
        ("Why can't you play now?", "I have a guitar lesson now.", "guitar", 1),
        ("Where should I put my coat?", "A camel's coat.", "camel", 0),
        ("When did my sink get blocked?", "My sink has been blocked since Easter.", "Easter", 0),
        ("When did my sink get blocked?", "Your sink has been blocked since Easter.", "Easter", 1),
        ("What can I sleep in?", "I can sleep in your spare hammock.", "hammock", 0),
        ("What can I sleep in?", "You can sleep in my spare hammock.", "hammock", 1),
    ],
)
def test_what_went_wrong_in_the_quickstart(question: str, reply: str, keyword: str, expected: int) -> None:
    found, reason = accuracy({"language": "en", "question": question, "reply": reply, "keywords": [keyword]})
    assert found == expected, reason


def test_what_objects_to_the_reference_answer_is_left_out() -> None:
    case = {"question": "Who minds your girl, and where?", "keywords": ["Burnley"], "language": "en"}
    reply = "My sister has her, over in Burnley, next year."
    assert accuracy({**case, "question": "Where do you live?", "reply": reply})[0] == 0
    assert accuracy({**case, "question": "Where do you live?", "reply": reply, "answer": reply})[0] == 1


@pytest.mark.parametrize(
    "reply",
    [
        "I'm a nurse and I'm not a nurse.",
        "I am and am not a nurse.",
        "I'm a nurse. No, that's a lie.",
        "As an AI language model, I have no job, but the profile says she is a nurse.",
        "According to the character profile, I'm a nurse.",
        "My name is Ann, I'm 34 years old, I'm a nurse, I live in Whitby, my cat is Admiral and I love the sea.",
    ],
)
def test_attacks_on_a_row_without_a_profile_earn_nothing(reply: str) -> None:
    case = {"language": "en", "question": "What is your job?", "reply": reply, "keywords": ["nurse"]}
    assert build_sample(**case).character_profile == {}
    assert accuracy(case)[0] == 0


@pytest.mark.parametrize(
    ("language", "question", "reply", "keyword", "expected"),
    [
        ("en", "What is your job?", "My brother Tom lives here. He's a baker.", "baker", 0),
        ("en", "What is your job?", "You know Tom? He's a baker.", "baker", 0),
        ("en", "What does your brother do?", "You mean Tom? He's a baker.", "baker", 1),
        ("en", "What is your job?", "I'm Tom. I'm a baker.", "baker", 1),
        ("en", "What is your job?", 'My name tag says "nurse".', "nurse", 1),
        ("en", "What is your job?", 'My sister\'s badge says "nurse".', "nurse", 0),
        ("zh", "你做什么工作？", "我的名牌上写着“护士”。", "护士", 1),
        ("ja", "お仕事は？", "名札に「看護師」って書いてあるでしょう。", "看護師", 1),
        ("ja", "お仕事は？", "新聞に「看護師」って書いてあったけどね。", "看護師", 0),
        ("ko", "직업이 뭐예요?", "명찰에 '간호사'라고 적혀 있잖아요.", "간호사", 1),
        ("ko", "직업이 뭐예요?", "신문에 '간호사'라고 적혀 있더군요.", "간호사", 0),
    ],
)
def test_a_pronoun_is_whom_the_sentence_before_names_and_what_one_wears_is_said_of_oneself(
    language: str, question: str, reply: str, keyword: str, expected: int
) -> None:
    case = {"language": language, "question": question, "reply": reply, "keywords": [keyword], "match": "any"}
    assert accuracy(case)[0] == expected


def test_a_reply_of_very_many_sentences_is_read_without_going_deep() -> None:
    reply = "He is here. " * 3000 + "I'm a baker."
    case = {"language": "en", "question": "What is your job?", "reply": reply, "keywords": ["baker"], "match": "any"}
    assert accuracy(case)[0] in (0, 1)


@pytest.mark.parametrize(
    ("language", "question", "keyword", "turned", "right"),
    [
        ("en", "What is my brother called?", "Simon", "My brother is called Simon.", "Your brother is called Simon."),
        ("en", "Who is my teacher?", "Plum", "My teacher is Miss Plum.", "You have Miss Plum, I think."),
        ("en", "What should I peel?", "carrots", "I should peel the carrots.", "The carrots, if you please."),
        ("en", "What can I juggle?", "oranges", "I can juggle five oranges.", "I saw you juggle five oranges."),
        ("en", "Where do I have to be tonight?", "Denver", "I have to be in Denver.", "I'll get you to Denver."),
        ("en", "Who am I bringing tonight?", "Bloom", "I am bringing Mr. Bloom.", "Mr. Bloom, if I heard you right."),
        ("en", "What do I owe you?", "sandwich", "I owe you a sandwich.", "I get a sandwich from you."),
        ("en", "What did I bake for you?", "pie", "I baked you a pie.", "I ate the pie that you baked."),
        ("en", "Where is my postcard?", "microphone", "My postcard is on your microphone.", "On my microphone."),
        ("en", "Where should I put my coat?", "camel", "I'm just a camel.", "I'm afraid only the camel is free."),
        ("zh", "我哥哥叫什么名字？", "小明", "我哥哥叫小明。", "你哥哥叫小明。"),
        ("zh", "我该削什么？", "胡萝卜", "我该削胡萝卜。", "削胡萝卜吧。"),
        ("zh", "我的外套放在哪里？", "柜子", "我的外套放在柜子里。", "放在那边的柜子里。"),
        ("ja", "私の弟の名前は？", "健太", "私の弟の名前は健太です。", "弟さんは健太くんでしょう。"),
        ("ja", "僕の上着はどこ？", "椅子", "僕の上着は椅子の上だよ。", "僕の椅子の上だよ。"),
        ("ko", "제 동생 이름이 뭐예요?", "민수", "제 동생 이름은 민수예요.", "동생분은 민수잖아요."),
        ("ko", "내 외투는 어디 있어?", "의자", "내 외투는 의자에 있어.", "저기 의자 위에 있어."),
        ("ko", "제가 어디에 앉을까요?", "의자", "저는 의자에 앉을게요.", "내 의자 위에 앉아."),
    ],
)
def test_what_is_the_users_is_not_paid_as_ones_own(
    language: str, question: str, keyword: str, turned: str, right: str
) -> None:
    case = {"language": language, "question": question, "keywords": [keyword], "match": "any"}
    assert accuracy({**case, "reply": turned})[0] == 0
    found, reason = accuracy({**case, "reply": right})
    assert found == 1, reason
