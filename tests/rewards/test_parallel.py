"""Of two clauses of one reply, each of which answers a question of its own, only one answers the question asked."""

from __future__ import annotations

import pytest

from .cases import accuracy, assert_judged


@pytest.mark.parametrize(
    ("language", "question", "reply", "keyword", "expected"),
    [
        ("en", "What did Olga lend you?", "Olga lent me a spade, and I lent her my ladder.", "ladder", 0),
        ("en", "What did you lend Olga?", "Olga lent me a spade, and I lent her my ladder.", "ladder", 1),
        ("en", "What did you order?", "They offered me the trout, but I ordered the pie.", "trout", 0),
        ("en", "What did you order?", "The trout looked good, but I only ordered it for the sauce.", "trout", 1),
        ("en", "Where did you settle?", "I came from Odessa and settled in Baltimore.", "Odessa", 0),
        ("en", "Where did you settle?", "I wandered for years and then found a home in Porto.", "Porto", 1),
        ("en", "Where did you bury it?", "I dug a hole and buried it under the oak.", "oak", 1),
        ("en", "Who saved you?", "Old Ben pulled me out and carried me home.", "Ben", 1),
        ("en", "Who did you marry?", "I met Ben in Hull and married him in Leeds.", "Ben", 1),
        ("en", "How long did you stay?", "I waited two days and stayed three weeks.", "2 days", 0),
        ("en", "How long did you stay?", "I waited two days and stayed three weeks.", "3 weeks", 1),
        ("en", "Who helps you?", "My help is my granddaughter Fiamma.", "Fiamma", 1),
        ("en", "Who did you buy the chair from?", "The dentist did it.", "dentist", 0),
        ("en", "Who did you buy the chair from?", "The dentist, of all people.", "dentist", 1),
        ("en", "What did you give me for free?", "For pistachio for free.", "pistachio", 0),
        ("en", "What did you want to be?", "They wanted me to be a priest. I didn't.", "priest", 0),
        ("ko", "어디에 자리를 잡았어?", "평양에서 내려와서 속초에 자리를 잡았어.", "평양", 0),
        ("ko", "어디에 묻었어?", "구덩이를 파서 참나무 밑에 묻었어.", "참나무", 1),
        ("ko", "무슨 색으로 칠했어요?", "파란 페인트를 사서 문을 칠했어요.", "파란", 1),
        ("en", "Who do you trust with your money?", "I trust Hugo with my money and Greta with my life.", "Greta", 0),
        ("en", "What did you do after the war?", "Before the war I taught; after it, I drove a taxi.", "taught", 0),
        ("en", "What did you do before the war?", "After school I joined a circus till the war.", "circus", 1),
        ("en", "Where do you live?", "If I had the money I'd live in Paris.", "Paris", 0),
        ("en", "What's your job?", "They call me the Professor. I sell tires.", "professor", 0),
        ("en", "What's your name?", "They call me Bobo.", "Bobo", 1),
        ("en", "Which hand did you break?", "It was my brother who broke his left hand.", "left hand", 0),
        ("en", "What was your mother?", "Mine was a seamstress.", "seamstress", 1),
        ("ko", "오 씨는 당신한테 얼마를 빚졌어?", "나는 이 씨한테 이십 냥을 빚졌어.", "20냥", 0),
        ("ko", "어디 살아?", "돈만 있으면 파리에 살 텐데.", "파리", 0),
        ("ko", "어디서 일해요?", "옆 동네 빵집에서 일해요.", "빵집", 1),
        ("en", "What do you grow?", "I keep tomatoes in the yard, but I grow the odd marrow too.", "tomatoes", 1),
        (
            "en",
            "Why did you sell the boat?",
            "I quit because of the storms, and I sold the boat for the money.",
            "storms",
            0,
        ),
        ("en", "How much is the soup?", "The bread is two, and the soup is five.", "2", 0),
        ("en", "How much is the soup?", "The price is five, and the soup is hot.", "5", 1),
        ("en", "What is your goat called?", "Clover is the cow. The goat goes by Duchess.", "Clover", 0),
        ("en", "Where do you work now?", "In June I start at the mill. Until then I mend nets.", "mill", 0),
        ("en", "Were you ever a soldier? What were you?", "A soldier, no. I was a drummer.", "drummer", 1),
        ("ko", "민수가 뭘 빌려줬어요?", "민수가 삽을 빌려줬고, 저는 민수한테 사다리를 빌려줬어요.", "사다리", 0),
        ("ko", "민수한테 뭘 빌려줬어요?", "민수가 삽을 빌려줬고, 저는 민수한테 사다리를 빌려줬어요.", "사다리", 1),
        ("ko", "뭘 주문했어요?", "생선을 권하길래 고민하다가 국수를 주문했어요.", "생선", 0),
        ("ko", "뭘 샀어요?", "사과를 보다가 한 봉지를 샀어요.", "사과", 1),
        ("ko", "국은 얼마예요?", "빵은 이천 원이고, 국은 오천 원이에요.", "2000원", 0),
        ("ko", "염소 이름이 뭐예요?", "토끼풀은 오리고, 염소 이름은 공작이에요.", "토끼풀", 0),
        ("ko", "열쇠는 어디 있어요?", "서랍 안이에요. 열쇠는 작은 거예요.", "서랍", 1),
        ("ko", "어떤 차를 타세요?", "남편은 새 차를 타고, 저는 자전거를 몰아요.", "자전거", 1),
        ("en", "What did your mother do?", "Your mother is a chemist; mine sold hats.", "chemist", 0),
        ("en", "What does my mother do?", "Your mother is a chemist.", "chemist", 1),
        ("en", "Which coat did you take?", "She wanted the red coat; I took the grey.", "red coat", 0),
        ("en", "What did you inherit?", "My uncle left me a mill, and I inherited the debts.", "mill", 1),
        ("en", "How long is the walk down?", "The climb takes two hours and the walk down takes one.", "2 hours", 0),
        ("en", "Where do you live?", "I rent a loft, and I work at the old theatre.", "theatre", 0),
        ("en", "Where do you live?", "I work at the inn and sleep in its attic.", "attic", 1),
        ("en", "What is your trade?", "Everyone at the inn takes me for a priest. I cut cloth.", "priest", 0),
        ("en", "How long have you lived here?", "A dozen winters.", "12 years", 1),
        ("en", "What time do you close?", "Half seven, except Sundays.", "7:30", 1),
        ("ko", "당신 어머니는 뭘 하셨어요?", "그쪽 어머니는 약사시군요. 우리 어머니는 모자를 파셨어요.", "약사", 0),
        ("ko", "제 어머니가 뭘 하죠?", "당신 어머니는 약사예요.", "약사", 1),
        ("ko", "어디서 일해요?", "옛날 극장에서 일해요.", "극장", 1),
        ("en", "Who gave you the clock?", "The clock was from Ines, and she wound it too.", "Ines", 1),
        ("en", "Why do you limp?", "The doctors think it's gout.", "gout", 1),
        ("ko", "시계는 누가 줬어요?", "민수가 줬어요. 시계는 좀 늦게 가는 편이고요.", "민수", 1),
        ("ko", "시계는 누가 줬어요?", "등잔은 민수가 샀고, 시계는 병철이가 줬어요.", "민수", 0),
        ("ko", "몇 개예요?", "백둘이요.", "102개", 1),
        ("ko", "누구를 좋아해요?", "민수만 한 사람이 없죠.", "민수", 1),
        ("ko", "직업이 뭐예요?", "다들 저를 신부님으로 보는데, 저는 재단사예요.", "신부", 0),
    ],
)
def test_the_clause_that_has_the_questions_verb_doer_or_thing_answers_it(
    language: str, question: str, reply: str, keyword: str, expected: int
) -> None:
    found, reason = accuracy({"language": language, "question": question, "reply": reply, "keywords": [keyword]})
    assert found == expected, reason


@pytest.mark.parametrize(
    ("language", "question", "reply", "keyword"),
    [
        (
            "en",
            "Where do you work?",
            "I sweep at the opera house, but I used to work in a mill.",
            "opera house",
        ),
        ("en", "Who taught you to fence?", "Old Rosa saw me in the yard and taught me properly.", "Rosa"),
        ("en", "Who wrote the letter?", "My mother sat up all night and wrote it in green ink.", "mother"),
        ("en", "Who do you work for?", "Mr Pell hired me, and I work hard for every coin.", "Pell"),
        ("en", "Who are you waiting for?", "Pell is on the noon boat, and I've been waiting since dawn.", "Pell"),
        ("en", "Where do you sleep?", "I've a hammock in the boathouse, and I sleep soundly in summer.", "boathouse"),
        ("en", "Where did you fall?", "I slipped on the stairs and fell on my back.", "stairs"),
        ("en", "Where did you bury the treasure?", "I sailed to Gull Rock and buried it by night.", "Gull Rock"),
        ("en", "Where do you fish?", "I row out to Gull Rock and fish from the boat.", "Gull Rock"),
        ("en", "What do you grow?", "I have a patch of leeks and I grow more than I can eat.", "leeks"),
        ("en", "What do you bake?", "I get up at three for the rye loaves, and I bake until noon.", "rye"),
        ("ko", "누구랑 결혼했어요?", "영호를 장터에서 만나서 그해 가을에 결혼했어요.", "영호"),
        ("ko", "누가 지붕을 고쳤어요?", "영호 씨가 사다리를 들고 와서 한나절 만에 고쳤어요.", "영호"),
        ("ko", "뭘 팔아요?", "양초를 만들어서 시장에서 팔아요.", "양초"),
        ("ko", "뭘 키워요?", "텃밭에 파를 심어서 먹을 만큼 키워요.", "파"),
        ("ko", "어디에 묻었어요?", "갈매기섬에 배를 타고 가서 밤에 몰래 묻었어요.", "갈매기섬"),
        ("ko", "어디 가요?", "부산에 볼일이 있어서 기차로 가요.", "부산"),
    ],
)
def test_a_clause_with_the_verb_answers_only_where_it_tells_what_is_asked_for(
    language: str, question: str, reply: str, keyword: str
) -> None:
    assert_judged(language, question, reply, keyword, 1)


@pytest.mark.parametrize(
    ("language", "question", "reply", "keyword", "expected"),
    [
        ("en", "When did you move here?", "My uncle died in 1989, and I moved here that autumn.", "1989", 1),
        ("zh", "你什么时候搬来的？", "1989年叔叔去世，那年秋天我搬来的。", "1989年", 1),
        ("zh", "你什么时候搬来的？", "1989年叔叔去世，1995年我搬来的。", "1989年", 0),
        ("ja", "いつ越してきたの？", "1989年に叔父が亡くなって、その年の秋に越してきました。", "1989年", 1),
        ("ja", "いつ越してきたの？", "1989年に叔父が亡くなって、1995年の秋に越してきました。", "1989年", 0),
        ("ko", "언제 이사 왔어요?", "1989년에 삼촌이 돌아가셔서 그해 가을에 이사 왔어요.", "1989년", 1),
        ("ko", "언제 이사 왔어요?", "1989년에 삼촌이 돌아가시고 1995년 가을에 이사 왔어요.", "1989년", 0),
    ],
)
def test_a_time_may_be_taken_up_from_the_clause_before(
    language: str, question: str, reply: str, keyword: str, expected: int
) -> None:
    assert_judged(language, question, reply, keyword, expected)
