"""A reply that tells of two things, two givers or two times answers with the one that the question is about."""

from __future__ import annotations

import pytest

from .cases import assert_judged


@pytest.mark.parametrize(
    ("language", "question", "reply", "keyword", "expected"),
    [
        (
            "en",
            "Where did you get the lamp?",
            "The rug is from a market. The lamp I found in the street.",
            "market",
            0,
        ),
        ("en", "Where did you get the rug?", "The rug is from a market. The lamp I found in the street.", "market", 1),
        ("en", "Why did you buy the boat?", "I bought the boat for fun. The van came later, for work.", "work", 0),
        ("en", "How much is the cake?", "The tea's two pounds and the cake's four.", "4 pounds", 1),
        ("en", "How much is the tea?", "The tea's two pounds and the cake's four.", "4 pounds", 0),
        ("en", "What was in the cellar?", "The cellar was a mess. There were barrels everywhere.", "barrels", 1),
        ("en", "What did you find in the shed?", "I cleared the shed. The corner hid my father's sword.", "sword", 1),
        ("ko", "책상은 어디서 샀어요?", "의자는 벼룩시장에서 샀고, 책상은 주웠어요.", "벼룩시장", 0),
        ("ko", "의자는 어디서 샀어요?", "의자는 벼룩시장에서 샀고, 책상은 주웠어요.", "벼룩시장", 1),
        ("ko", "밤에는 뭘 마셔요?", "낮엔 커피를 달고 살고, 밤에는 물만 마셔요.", "커피", 0),
        ("ko", "다락에 뭐가 있었어요?", "다락은 엉망이었어요. 상자는 많았지만 그림이 있더라고요.", "그림", 1),
    ],
)
def test_the_clause_about_the_questions_thing_answers_it(
    language: str, question: str, reply: str, keyword: str, expected: int
) -> None:
    assert_judged(language, question, reply, keyword, expected)


@pytest.mark.parametrize(
    ("language", "question", "reply", "keyword", "expected"),
    [
        ("en", "What did you show Ivo?", "Ivo showed me a trick, and I showed him my scar.", "trick", 0),
        ("en", "What did you show Ivo?", "Ivo showed me a trick, and I showed him my scar.", "scar", 1),
        ("en", "What did you send your sister?", "My sister left me her piano. I sent her a card.", "piano", 0),
        ("en", "What did you get for your birthday?", "My aunt got me a kite.", "kite", 1),
        ("en", "What did you give me?", "You were given some soup.", "soup", 1),
        ("en", "What did you spill?", "He spilled ketchup.", "ketchup", 0),
        ("en", "What do you call your dog?", "He's called Biscuit.", "Biscuit", 1),
        ("en", "What does your horse eat?", "He eats oats.", "oats", 1),
        ("en", "Who will sew it with you?", "My cousin Daisy will sew with me.", "Daisy", 1),
        ("en", "Who is going to let you in?", "Your teacher, Mr Fitz, is going to let me in.", "Fitz", 1),
        ("en", "Who is coming for the tub?", "The baron's steward is coming, a certain Master Pell.", "Pell", 1),
        ("en", "Who stole the goose?", "Hugo only carried it, the fool. Hilda stole the goose.", "Hugo", 0),
        ("en", "Where did you say the clock man is from?", "He comes from Hereford.", "Hereford", 1),
        ("ko", "민호한테 뭘 가르쳐 줬어요?", "민호가 저한테 낚시를 가르쳐 줬어요.", "낚시", 0),
        ("ko", "민호가 뭘 가르쳐 줬어요?", "민호한테 낚시를 배웠어요.", "낚시", 1),
        ("ko", "유나한테 뭘 빌려줬어요?", "유나한테 텐트를 빌렸죠.", "텐트", 0),
        ("ko", "유나한테 뭘 빌렸어요?", "유나한테 텐트를 빌렸죠.", "텐트", 1),
        ("ko", "유나한테 뭘 빌렸어요?", "유나가 텐트를 빌려줬어요.", "텐트", 1),
        ("ko", "뭘 빌렸어요?", "사다리를 민수한테 빌려줬죠.", "사다리", 0),
        ("ko", "뭘 빌려줬어요?", "민수한테 사다리를 빌려줬죠.", "사다리", 1),
        ("ko", "뭘 가르쳐요?", "저한테 피아노를 가르쳐 주는 분이 계세요.", "피아노", 0),
        ("ko", "할머니한테 뭘 받았어요?", "할머니한테 꽃을 드렸어요.", "꽃", 0),
        ("ko", "할머니한테 뭘 드렸어요?", "할머니가 제 꽃을 받고 좋아하셨어요.", "꽃", 1),
    ],
)
def test_who_gives_and_who_takes_is_not_turned_round(
    language: str, question: str, reply: str, keyword: str, expected: int
) -> None:
    assert_judged(language, question, reply, keyword, expected)


@pytest.mark.parametrize(
    ("language", "question", "reply", "keyword", "expected"),
    [
        ("en", "What do you do on weekends?", "On weekdays I row. On weekends I nap.", "row", 0),
        ("en", "Where are you going on Friday?", "We're off to Oslo on Friday. Until then I pack.", "Oslo", 1),
        ("en", "Where do you work now?", "These days I work at a mill.", "mill", 1),
        ("en", "Who are you and what do you do?", "I'm a tailor.", "tailor", 1),
        ("en", "Why did you sell the farm?", "I sold the farm because of the wolves. I moved for love.", "wolves", 1),
        ("en", "Why did you move?", "I sold the farm because of the wolves. I moved because of a girl.", "wolves", 0),
        ("ko", "토요일에 어디 가요?", "토요일에 부산에 가요! 그때까진 집에 있어요.", "부산", 1),
        ("ko", "주말에는 뭐 해요?", "평일엔 등산을 하고 주말엔 쉬어요.", "등산", 0),
    ],
)
def test_the_clause_of_the_questions_time_or_reason_answers_it(
    language: str, question: str, reply: str, keyword: str, expected: int
) -> None:
    assert_judged(language, question, reply, keyword, expected)


@pytest.mark.parametrize(
    ("language", "question", "reply", "keyword", "expected"),
    [
        ("en", "Where do you work?", "At the FBI, and that is all I may say.", "Federal Bureau of Investigation", 1),
        ("en", "Who is she?", "A cat, and she knows it.", "Captain Ada Thorne", 0),
        ("en", "What do you do now?", "I sell old clocks, mostly.", "sells clocks", 1),
        ("en", "How long have you been married?", "We have six goats, if that helps.", "6 years", 0),
        ("en", "How long have you been married?", "Six, and it feels like sixty.", "6 years", 1),
        ("en", "Which room is yours?", "It's No. 5, at the top of the stairs.", "5", 1),
        ("en", "What do you drink?", "Everyone expects rum from a sailor. Milk, thanks.", "rum", 0),
        ("en", "What are you?", "Half the village swears I'm a witch. I only sell herbs.", "witch", 0),
        ("en", "Where did you grow up?", "A place called Odd Hill, ever been there?", "Odd Hill", 1),
        ("ko", "얼마나 걸렸어요?", "넉 달이요.", "4개월", 1),
        ("ko", "결혼한 지 얼마나 됐어요?", "딸이 셋이에요.", "3년", 0),
        ("ko", "할머니는 무슨 일을 하세요?", "저희 할머니는 화가세요.", "화가", 1),
        ("ko", "뭘 마셔요?", "사람들은 제가 맥주를 좋아할 줄 알아요. 저는 물만 마셔요.", "맥주", 0),
        ("ko", "뭘 할 줄 알아요?", "저는 피아노를 칠 줄 알아요.", "피아노", 1),
        ("ko", "당신은 뭘 싫어해요?", "뱀이 싫다고 하셨잖아요. 저는 괜찮아요.", "뱀", 0),
        ("ko", "제가 뭘 싫어한다고 했죠?", "뱀이 싫다고 하셨잖아요. 저는 괜찮아요.", "뱀", 1),
    ],
)
def test_kinds_that_the_eighth_set_brought_up(
    language: str, question: str, reply: str, keyword: str, expected: int
) -> None:
    assert_judged(language, question, reply, keyword, expected)


@pytest.mark.parametrize(
    ("language", "question", "reply", "keyword", "expected"),
    [
        ("en", "How many rooms does the inn have?", "The inn has twelve rooms and thirty beds.", "30", 0),
        ("en", "How many beds does the inn have?", "The inn has twelve rooms and thirty beds.", "30", 1),
        ("en", "How old are you?", "Sixty goats, that's what I have.", "60", 0),
        ("en", "How old are you?", "Sixty this spring.", "60", 1),
        ("en", "How long is the speech?", "It's six hundred words.", "600", 1),
        ("en", "What did you eat?", "Everybody else had trout. I had the pie.", "trout", 0),
        ("en", "What did you find?", "Somebody dropped a purse. I picked it up.", "purse", 1),
        ("en", "What calms you?", "Nothing soothes me like a long bath.", "bath", 1),
        ("en", "What frightens you?", "Geese? Terrifies me just to hear them.", "geese", 1),
        ("en", "Why were you late?", "I missed the train, alright?", "missed the train", 1),
        ("ko", "마을에 우물이 몇 개예요?", "마을에 우물이 두 개, 다리가 세 개 있어요.", "3개", 0),
        ("ko", "마을에 다리가 몇 개예요?", "마을에 우물이 두 개, 다리가 세 개 있어요.", "3개", 1),
        ("ko", "뭐 마셨어?", "다들 맥주를 마시길래 나는 우유를 마셨지.", "맥주", 0),
        ("ko", "뭐 마셨어?", "다들 맥주를 마시길래 나는 우유를 마셨지.", "우유", 1),
        ("ko", "뭐가 좋아요?", "바다 보는 것만큼 좋은 게 없어요.", "바다", 1),
        ("ko", "뭘 마셔요?", "술은 작년에 끊었어요.", "술", 0),
        ("ko", "민지한테 뭘 빌렸어요?", "민지한테 책을 빌려주고 공을 빌렸어요.", "공", 1),
        ("ko", "민지한테 뭘 빌려줬어요?", "민지한테 책을 빌려주고 공을 빌렸어요.", "공", 0),
        ("ko", "아침마다 뭘 해요?", "소들한테 물을 줘요.", "소 물 주기", 1),
    ],
)
def test_kinds_that_the_ninth_set_brought_up(
    language: str, question: str, reply: str, keyword: str, expected: int
) -> None:
    assert_judged(language, question, reply, keyword, expected)


@pytest.mark.parametrize(
    ("language", "question", "reply", "keyword", "expected"),
    [
        ("en", "What are you eating?", "My brother's eating the last pie, so I get the crust.", "pie", 0),
        ("en", "Whose food do you love?", "My brother's best pie, always.", "pie", 1),
        ("en", "What do you teach now?", "Back in Rome I taught Latin. Here I teach cooking.", "Latin", 0),
        ("en", "Who baked the bread?", "Ines baked the bread and Hugo cooked the soup.", "Hugo", 0),
        ("en", "Who cooked the soup?", "Ines baked the bread and Hugo cooked the soup.", "Hugo", 1),
        ("en", "What is your real name?", "The sailors call me Gull. On land I'm Ada.", "Gull", 0),
        ("en", "What's on the left shelf?", "On the left shelf, jam. On the right shelf, salt.", "salt", 0),
        ("ko", "뭘 시킬 거예요?", "언니가 냉면을 시킨대서 저는 만두를 시킬 거예요.", "냉면", 0),
        ("ko", "뭐 먹을래요?", "냉면만 빼고 다 좋아요.", "냉면", 0),
        ("ko", "여기선 뭘 키워요?", "서울에선 화분을 키웠어요. 여기선 닭을 키우죠.", "화분", 0),
        ("ko", "당신은 뭘 싫어해요?", "오이 싫다고 하셔서 뺐어요.", "오이", 0),
        ("ko", "지금도 가르쳐 주시는 코치님은 누구예요?", "노영주 코치님이 지금도 가르쳐 주세요.", "노영주", 1),
        ("ko", "지금은 무슨 일을 해요?", "예전엔 어부였는데 지금은 빵을 구워요.", "빵", 1),
    ],
)
def test_kinds_that_the_tenth_set_brought_up(
    language: str, question: str, reply: str, keyword: str, expected: int
) -> None:
    assert_judged(language, question, reply, keyword, expected)


@pytest.mark.parametrize(
    ("language", "question", "reply", "keyword", "expected"),
    [
        ("en", "When do you rattle your chains?", "When I rattle your chains at midnight.", "midnight", 0),
        ("en", "When do you rattle your chains?", "I rattle my chains at midnight, at your door.", "midnight", 1),
        ("en", "Where did I read your comic?", "You read your comic in the waiting room.", "waiting room", 0),
        ("zh", "你的刀是谁给的?", "你的刀是师父给的。", "师父", 0),
        ("zh", "你的刀是谁给的?", "我的刀是师父给的。", "师父", 1),
        ("ja", "あなたの猫はどこにいますか?", "あなたの猫は台所にいます。", "台所", 0),
        ("ja", "あなたの猫はどこにいますか?", "私の猫は台所にいます。", "台所", 1),
        ("ko", "당신의 고양이는 어디 있어요?", "당신의 고양이는 부엌에 있어요.", "부엌", 0),
        ("ko", "당신의 고양이는 어디 있어요?", "제 고양이는 부엌에 있어요.", "부엌", 1),
    ],
)
def test_what_the_question_calls_yours_is_mine_in_the_answer(
    language: str, question: str, reply: str, keyword: str, expected: int
) -> None:
    assert_judged(language, question, reply, keyword, expected)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("My best friend's name is Gerald.", 0),
        ("My sister's called Gerald.", 0),
        ("My goose's name is Gerald.", 1),
        ("My friend's goose is called Gerald.", 1),
    ],
)
def test_a_name_is_that_of_whom_the_question_asks_about(reply: str, expected: int) -> None:
    assert_judged("en", "What is your goose called?", reply, "Gerald", expected)
