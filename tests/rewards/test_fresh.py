"""Forty cases a language and the kinds that they brought up: titles, copied pronouns, invented days, another clause.

`cases/fresh_*.jsonl` were written on 28 November 2026, all 160 before any of them was scored, by somebody who had read
the engine's tables an hour before. Scored once before any rule was touched they were right in 33 of 40 (en), 32 (ja),
32 (ko) and 31 (zh), 128 of 160, with 23 of 40 pairs told apart. What was wrong was then mended by kind, so that
today's figure says less than that one.
"""

from __future__ import annotations

import pytest

from tests.benchmarks.reward_cases import judge, pairs

from .cases import CASES, accuracy, assert_judged, read_cases

LANGUAGES = ("zh", "ja", "en", "ko")


@pytest.mark.parametrize("language", LANGUAGES)
def test_fresh_cases_and_their_pairs_are_judged_as_a_reader_would(language: str) -> None:
    judged = judge(read_cases(CASES / f"fresh_{language}.jsonl"))
    wrong = [f"{case['question']} {case['reply']} {reason}" for case, is_right, reason in judged if not is_right]
    assert (len(judged), len(pairs(judged))) == (40, 10)
    assert len(wrong) <= 1, "\n".join(wrong)


@pytest.mark.parametrize(
    ("file", "num_cases", "num_pairs", "allowed"),
    [
        ("fresh_2_en", 60, 10, 3),
        ("fresh_2_ko", 60, 10, 3),
        ("fresh_3_en", 34, 5, 1),
        ("fresh_3_ko", 34, 5, 0),
        ("fresh_4_en", 34, 5, 2),
        ("fresh_4_ko", 34, 5, 1),
        ("fresh_5_en", 48, 12, 7),
        ("fresh_5_ko", 48, 12, 5),
        ("fresh_6_en", 28, 14, 2),
        ("fresh_6_ko", 28, 14, 4),
        ("fresh_7_en", 28, 8, 1),
        ("fresh_7_ko", 28, 8, 1),
        ("fresh_8_en", 60, 15, 0),
        ("fresh_8_ko", 60, 15, 2),
        ("fresh_9_en", 40, 10, 1),
        ("fresh_9_ko", 40, 10, 1),
        ("fresh_10_en", 24, 8, 0),
        ("fresh_10_ko", 24, 8, 0),
        ("fresh_11_en", 54, 15, 1),
        ("fresh_11_ko", 54, 15, 2),
        ("fresh_12_en", 44, 12, 4),
        ("fresh_12_ko", 44, 12, 3),
    ],
)
def test_later_fresh_cases_are_judged_as_a_reader_would(
    file: str, num_cases: int, num_pairs: int, allowed: int
) -> None:
    """Written on 29 November 2026: the second set before the engine was looked at, the others after rounds of mending.

    Scored once before the rules were touched: second set, 35 of 60 right and 3 of 10 pairs told apart (en), 45 and 7
    (ko); third set, 26 of 34 and 2 of 5 (en), 26 and 4 (ko); fourth set, 25 and 3 (en), 26 and 1 (ko);
    fifth set, 30 of 48 and 5 of 12 in each; sixth set, pairs alone: 18 of 28 and 4 of 14 (en), 21 and 7 (ko);
    seventh set, whose writer had just mended the rules, 25 of 28 and 5 of 8 (en), 25 and 6 (ko); eighth set, by
    somebody who had not seen the rules, 42 of 60 and 6 of 15 (en), 43 and 5 (ko); ninth set, after
    a round of mending, 33 of 40 and 8 of 10 in each; tenth set, later, 18 of 24 and 4 of 8 (en), 20 and 6 (ko);
    eleventh set, by somebody who had not seen the rules, 39 of 54 and 8 of 15 (en), 47 and 10 (ko);
    twelfth set, by the same after mending those, 31 of 44 and 6 of 12 (en), 32 and 8 (ko).
    """
    judged = judge(read_cases(CASES / f"{file}.jsonl"))
    wrong = [f"{case['question']} {case['reply']} {reason}" for case, is_right, reason in judged if not is_right]
    assert (len(judged), len(pairs(judged))) == (num_cases, num_pairs)
    assert len(wrong) <= allowed, "\n".join(wrong)


@pytest.mark.parametrize(
    ("language", "question", "reply", "keyword", "expected"),
    [
        ("en", "What is your dog called?", "I read 'Waffle' yesterday.", "Waffle", 0),
        ("en", "What is your dog called?", 'We all sang "Biscuit" on the way home.', "Biscuit", 0),
        ("en", "What is your dog called?", "We named him after the song: he's called 'Waffle'.", "Waffle", 1),
        ("en", "Which book did you read?", "I read 'Waffle' yesterday.", "Waffle", 1),
        ("en", "What is your dog called?", "'Waffle', and he snores.", "Waffle", 1),
        ("zh", "你的狗叫什么？", "我昨天刚看完《饼干》。", "饼干", 0),
        ("zh", "你的狗叫什么？", "昨晚我们唱了“饼干”那首歌。", "饼干", 0),
        ("zh", "你最喜欢哪本书？", "《饼干》，我读了三遍。", "饼干", 1),
        ("zh", "你的狗叫什么？", "它叫“饼干”。", "饼干", 1),
        ("ja", "犬の名前は何ですか？", "昨日『ワッフル』を読みました。", "ワッフル", 0),
        ("ja", "好きな本は何ですか？", "『ワッフル』を何度も読みました。", "ワッフル", 1),
        ("ja", "犬の名前は何ですか？", "「ワッフル」だよ。", "ワッフル", 1),
        ("ko", "개 이름이 뭐예요?", "어제 '와플'을 읽었어요.", "와플", 0),
        ("ko", "무슨 책을 읽었어요?", "어제 '와플'을 읽었어요.", "와플", 1),
        ("ko", "개 이름이 뭐예요?", "'와플'이라고 해요.", "와플", 1),
    ],
)
def test_a_title_is_not_the_thing_that_bears_the_same_name(
    language: str, question: str, reply: str, keyword: str, expected: int
) -> None:
    assert_judged(language, question, reply, keyword, expected)


@pytest.mark.parametrize(
    ("language", "profile", "question", "reply", "keyword", "expected"),
    [
        ("en", "She hates kites because one hit her nose.", "Why do you hate kites?", "One hit her nose.", "nose", 0),
        ("en", "She hates kites because one hit her nose.", "Why do you hate kites?", "One hit my nose.", "nose", 1),
        ("en", "She left Ann, for her lies.", "Why did you leave?", "I left Ann because of her lies.", "lies", 1),
        ("en", "She sold her ring.", "What did your sister sell?", "Her ring.", "ring", 1),
        ("en", "Her mother lost her ring.", "Why did you weep?", "My mother had lost her ring.", "ring", 1),
        ("zh", "她讨厌风筝，因为风筝打到了她的鼻子。", "你为什么讨厌风筝？", "风筝打到了她的鼻子。", "鼻子", 0),
        ("zh", "她讨厌风筝，因为风筝打到了她的鼻子。", "你为什么讨厌风筝？", "风筝打到了我的鼻子。", "鼻子", 1),
        ("ja", "凧が彼女の鼻に当たった。", "どうして凧が嫌いなの？", "凧が彼女の鼻に当たったから。", "鼻", 0),
        ("ja", "凧が彼女の鼻に当たった。", "どうして凧が嫌いなの？", "凧が私の鼻に当たったから。", "鼻", 1),
        ("ko", "연이 그녀의 코를 때렸다.", "왜 연을 싫어해요?", "연이 그녀의 코를 때렸거든요.", "코", 0),
        ("ko", "연이 그녀의 코를 때렸다.", "왜 연을 싫어해요?", "연이 제 코를 때렸거든요.", "코", 1),
    ],
)
def test_the_profiles_pronoun_is_not_the_speakers(
    language: str, profile: str, question: str, reply: str, keyword: str, expected: int
) -> None:
    case = {"language": language, "question": question, "reply": reply, "keywords": [keyword]}
    found, reason = accuracy({**case, "character_profile": {"Name": "Edith", "Text": profile}})
    assert found == expected, reason


@pytest.mark.parametrize(
    ("language", "known", "question", "reply", "keyword", "expected"),
    [
        ("en", "Her birthday is in July.", "When is your birthday?", "My birthday is July 17.", "July", 0),
        ("en", "Her birthday is in July.", "When is your birthday?", "The 3rd of July.", "July", 0),
        ("en", "Her birthday is in July.", "When is your birthday?", "It's in July.", "July", 1),
        ("en", "Born on 17 July.", "When is your birthday?", "My birthday is July 17.", "July", 1),
        ("en", "Born on 17 July.", "When is your birthday?", "My birthday is July 18.", "July", 0),
        ("en", "", "When is your birthday?", "My birthday is July 17.", "July", 1),
        ("en", "Born in 1947.", "When were you born?", "On March 3, 1947.", "1947", 0),
        ("zh", "生日在七月。", "你的生日是什么时候？", "我的生日是7月17日。", "七月", 0),
        ("zh", "生日是七月十七日。", "你的生日是什么时候？", "我的生日是7月17日。", "七月", 1),
        ("ja", "誕生日は七月。", "誕生日はいつですか？", "七月十七日です。", "七月", 0),
        ("ja", "誕生日は7月17日。", "誕生日はいつですか？", "七月十七日です。", "七月", 1),
        ("ko", "생일은 7월이다.", "생일이 언제예요?", "제 생일은 7월 17일이에요.", "7월", 0),
        ("ko", "생일은 7월 17일이다.", "생일이 언제예요?", "제 생일은 7월 17일이에요.", "7월", 1),
    ],
)
def test_a_day_or_year_that_no_source_has_is_not_paid(
    language: str, known: str, question: str, reply: str, keyword: str, expected: int
) -> None:
    profile = {"character_profile": {"Name": "Edith", "Text": known}} if known else {}
    case = {"language": language, "question": question, "reply": reply, "keywords": [keyword]}
    found, reason = accuracy({**case, **profile})
    assert found == expected, reason


def test_a_day_that_the_conversation_has_was_not_made_up() -> None:
    turn = {"role": "user", "content": "So your birthday is July 17?"}
    case = {"language": "en", "question": "When is your birthday?", "keywords": ["July"], "reply": "On July 17."}
    assert accuracy({**case, "conversation_history": [turn]})[0] == 1


@pytest.mark.parametrize(
    ("language", "question", "reply", "keyword", "expected"),
    [
        ("en", "When did you reach Hull?", "We reached Hull in June, and I saw Leeds in July.", "July", 0),
        ("en", "When did you reach Hull?", "We reached Hull at last. It was in July.", "July", 1),
        ("en", "Who cooked the goose?", "I cooked the goose; Ben only ate it.", "Ben", 0),
        ("en", "Who cooked the goose?", "I only plucked the goose; Ben cooked it.", "Ben", 1),
        ("en", "What is your sister afraid of?", "My sister's afraid of cats, and I can't stand snakes.", "snakes", 0),
        ("en", "What is your dog called?", "My dog? He's a terror. We call him Biscuit.", "Biscuit", 1),
        ("zh", "你们几月到的扬州？", "我们五月到的扬州，七月我才去杭州。", "七月", 0),
        ("zh", "你们几月到的扬州？", "我们到扬州那会儿热得很，是七月。", "七月", 1),
        ("ja", "神戸に着いたのは何月ですか？", "神戸に着いたのは五月で、横浜へ移ったのは七月だ。", "七月", 0),
        ("ja", "横浜へ移ったのは何月ですか？", "神戸に着いたのは五月で、横浜へ移ったのは七月だ。", "七月", 1),
        ("ko", "인천에 도착한 건 몇 월이에요?", "인천에 도착한 건 오월이고, 서울로 간 건 칠월이에요.", "7월", 0),
        ("ko", "서울로 간 건 몇 월이에요?", "인천에 도착한 건 오월이고, 서울로 간 건 칠월이에요.", "7월", 1),
    ],
)
def test_what_another_clause_answers_is_not_answered_by_this_one(
    language: str, question: str, reply: str, keyword: str, expected: int
) -> None:
    assert_judged(language, question, reply, keyword, expected)


@pytest.mark.parametrize(
    ("language", "turn", "question", "reply", "keyword", "expected"),
    [
        ("en", "Thank you!", "What did you give me for free?", "You gave me some pistachio for free.", "pistachio", 0),
        ("en", "Thank you!", "What did you give me for free?", "I gave you some pistachio for free.", "pistachio", 1),
        ("en", "Thank you!", "What did you give me for free?", "You got some pistachio from me.", "pistachio", 1),
        ("en", "Thank you!", "When did you meet me?", "You met me in March.", "March", 1),
        ("en", "Thank you!", "What did you call me?", "I called you a rascal, you told me.", "rascal", 1),
        ("en", "You got my grandpa Leo out!", "Who did you get out of the lift?", "My grandpa Leo.", "Leo", 0),
        ("en", "You got my grandpa Leo out!", "Who did you get out of the lift?", "Your grandpa Leo.", "Leo", 1),
        ("en", "You got my grandpa Leo out!", "Who did you get out of the lift?", "It was Leo, my grandpa.", "Leo", 0),
        ("en", "You got my grandpa Leo out!", "Who did you get out of the lift?", "Leo, your grandpa.", "Leo", 1),
        ("en", "You got Leo out!", "Who did you get out of the lift?", "Leo, my friend from work.", "Leo", 1),
        ("en", "You got Leo out!", "Who did you get out of the lift?", "My friend Leo.", "Leo", 1),
        (
            "en",
            "My cousin sent one from Malta.",
            "Where did my box come from?",
            "My cousin sent one from Malta.",
            "Malta",
            0,
        ),
        (
            "en",
            "My cousin sent one from Malta.",
            "Where did my box come from?",
            "Your cousin sent one from Malta.",
            "Malta",
            1,
        ),
        ("en", "My cousin was in Malta.", "Where did you grow up?", "My cousin and I grew up in Malta.", "Malta", 1),
        ("zh", "我的表弟从马耳他寄来了包裹。", "包裹是从哪里来的？", "我的表弟从马耳他寄来的。", "马耳他", 0),
        ("zh", "我的表弟从马耳他寄来了包裹。", "包裹是从哪里来的？", "你的表弟从马耳他寄来的。", "马耳他", 1),
        ("zh", "多亏你救了我爷爷阿福！", "你救了谁？", "是阿福，我爷爷。", "阿福", 0),
        ("zh", "多亏你救了我爷爷阿福！", "你救了谁？", "是阿福，您爷爷。", "阿福", 1),
        ("zh", "多亏你救了我爷爷阿福！", "你救了谁？", "我爷爷阿福。", "阿福", 0),
        ("zh", "多亏你救了我爷爷阿福！", "你救了谁？", "您爷爷阿福。", "阿福", 1),
        ("ja", "私の祖父のレオを助けてくれてありがとう。", "誰を助けましたか？", "私の祖父のレオです。", "レオ", 0),
        (
            "ja",
            "私の祖父のレオを助けてくれてありがとう。",
            "誰を助けましたか？",
            "おじいさまのレオさんです。",
            "レオ",
            1,
        ),
        ("ko", "우리 할아버지 철수를 구해 주셔서 고마워요.", "누구를 구했어요?", "우리 할아버지 철수요.", "철수", 0),
        ("ko", "우리 할아버지 철수를 구해 주셔서 고마워요.", "누구를 구했어요?", "할아버지 철수 씨요.", "철수", 1),
    ],
)
def test_what_the_user_owns_is_not_the_speakers(
    language: str, turn: str, question: str, reply: str, keyword: str, expected: int
) -> None:
    case = {"language": language, "question": question, "reply": reply, "keywords": [keyword]}
    found, reason = accuracy({**case, "conversation_history": [{"role": "user", "content": turn}]})
    assert found == expected, reason


@pytest.mark.parametrize(
    ("language", "question", "reply", "keyword", "expected"),
    [
        ("en", "Who helps you?", "I help my granddaughter Fiamma.", "Fiamma", 0),
        ("en", "Who helps you?", "I get help from Fiamma.", "Fiamma", 1),
        ("en", "Who taught you to sail?", "I was taught by my aunt Brigid.", "Brigid", 1),
        ("en", "Who helps you?", "Fiamma helps me, and I help her.", "Fiamma", 1),
        ("zh", "谁帮你？", "我帮小芳。", "小芳", 0),
        ("zh", "谁帮你？", "小芳帮我。", "小芳", 1),
        ("ko", "누가 당신을 도와줘요?", "저는 민수를 도와요.", "민수", 0),
        ("ko", "누가 당신을 도와줘요?", "민수가 저를 도와줘요.", "민수", 1),
        ("en", "Why do you never eat chocolate?", "I eat chocolate because of my stomach.", "stomach", 0),
        ("en", "Why do you never eat chocolate?", "I don't eat chocolate because of my stomach.", "stomach", 1),
        ("en", "Why do you never eat chocolate?", "I used to eat chocolate, but my stomach hurt.", "stomach", 1),
        ("en", "Why do you never eat chocolate?", "Because of my stomach.", "stomach", 1),
        ("zh", "你为什么不吃辣椒？", "我吃辣椒是因为胃。", "胃", 0),
        ("zh", "你为什么不吃辣椒？", "我不吃辣椒，因为胃疼。", "胃", 1),
    ],
)
def test_who_does_it_to_whom_and_whether_is_not_turned_round(
    language: str, question: str, reply: str, keyword: str, expected: int
) -> None:
    assert_judged(language, question, reply, keyword, expected)


@pytest.mark.parametrize(
    ("language", "question", "reply", "keyword", "expected"),
    [
        ("zh", "你以前做什么？", "我以前养过三条狗。", "养狗", 1),
        ("zh", "你以前做什么？", "我在村里教了十年书。", "教书", 1),
        ("zh", "你是做什么的？", "我画了三家店的招牌。", "画家", 0),
        ("ko", "몇 월에 태어났어요?", "유월에 태어났어요.", "6월", 1),
        ("ko", "몇 월에 태어났어요?", "시월에 태어났어요.", "10월", 1),
        ("ko", "범인은 누구예요?", "범인은 지수고요, 저는 못 봤어요.", "지수", 1),
        ("ko", "지금 무슨 일을 하세요?", "예전엔 배를 만들었지만 이젠 쉬어요.", "배", 0),
        ("ja", "どんな楽器を弾きますか？", "お向かいの娘さんがピアノを弾くんですよ。", "ピアノ", 0),
        ("ko", "무슨 악기를 연주하세요?", "아래층 아저씨가 첼로를 켜요.", "첼로", 0),
        ("zh", "你会什么乐器？", "对门的姑娘天天弹琵琶。", "琵琶", 0),
        ("en", "What do you play?", "The man upstairs plays the cello all night.", "cello", 0),
        ("en", "What are you allergic to?", "Cats are no trouble.", "cats", 0),
    ],
)
def test_kinds_that_fresh_cases_brought_up(
    language: str, question: str, reply: str, keyword: str, expected: int
) -> None:
    assert_judged(language, question, reply, keyword, expected)
