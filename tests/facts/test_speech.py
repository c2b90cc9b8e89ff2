"""What people tell of themselves, and which fact a question asks for; in four languages."""

from __future__ import annotations

import pytest

from raiden.facts import fact_asked, facts_told

TOLD = [
    ("en", '*sits down* "I\'m 28, and I live in Ghent." She looks at you.', {"age": "28", "residence": "Ghent"}),
    ("en", "My cat Figaro broke a vase. My sister's name is Anna.", {"cat": "Figaro", "sister": "Anna"}),
    ("en", "I work as a nurse. My favourite colour is teal!", {"occupation": "nurse", "favorite colour": "teal"}),
    ("zh", "你好，我叫小明，今天很冷。我养了一只叫团子的猫。", {"name": "小明", "猫": "团子"}),
    ("zh", "我家里还有个妹妹叫李娜。我的马叫追风。", {"妹妹": "李娜", "马": "追风"}),
    ("zh", "我对花生过敏，我妹妹叫李娜。", {"allergy": "花生", "妹妹": "李娜"}),
    (
        "ja",
        "28歳です。京都に住んでいます。うちの猫の名前はミケです。",
        {"age": "28歳"} | {"residence": "京都", "猫": "ミケ"},
    ),
    ("ko", "제 이름은 김민수예요. 우리 고양이 이름은 나비예요.", {"name": "김민수", "고양이": "나비"}),
    ("en", "I'm not 28. If I live in Ghent, what then? Do I live in Ghent? He said my name is Bo.", {}),
    ("en", "I'm 28 minutes late. I'm from work. My sister is here. My brother Monday? I am a fool.", {}),
    ("zh", "我叫你一声。我不叫小明。我好像住在杭州。要是我今年28岁就好了。", {}),
    ("ja", "私は28歳ではない。もし京都に住んでいますなら。", {}),
    ("ko", "제 이름은 민수가 아니에요. 만약 부산에 살아요?", {}),
]


@pytest.mark.parametrize(("language", "text", "facts"), TOLD)
def test_only_what_is_plainly_told_of_oneself_is_a_fact(language, text, facts):
    assert {told.label: told.value for told in facts_told(text, language)} == facts


ASKED = [
    ("en", "By the way, do you remember what my cat is called?", "speaker", "cat"),
    ("en", "Nora, how old are you?", "listener", "age"),
    ("en", "Where am I from again?", "speaker", "hometown"),
    ("zh", "新之助\uff0c你妹妹叫什么名字呀\uff1f", "listener", "妹妹"),
    ("zh", "你还记得我叫什么吗\uff1f", "speaker", "name"),
    ("ja", "お名前は何ですか\uff1f", "listener", "name"),
    ("ja", "私の誕生日はいつか覚えていますか\uff1f", "speaker", "birthday"),
    ("ko", "제가 어디 산다고 했죠?", "speaker", "residence"),
    ("ko", "당신의 여동생 이름은 뭐예요?", "listener", "여동생"),
]


@pytest.mark.parametrize(("language", "question", "whose", "label"), ASKED)
def test_a_question_for_one_fact_is_read(language, question, whose, label):
    asked = fact_asked(question, language)
    assert asked is not None
    assert (asked.whose, asked.label) == (whose, label)


@pytest.mark.parametrize(
    ("language", "question"),
    [
        ("en", "How old is your sister?"),
        ("en", "How old are you? And where do you live?"),
        ("en", "Where do you live? I bet it is far."),
        ("en", "How old are you in the picture?"),
        ("zh", "你妹妹今年多大了\uff1f"),
        ("ja", "昨日は何をしましたか\uff1f"),
        ("ko", "어제 뭐 했어요?"),
    ],
)
def test_a_question_for_more_or_for_something_else_is_none(language, question):
    assert fact_asked(question, language) is None
