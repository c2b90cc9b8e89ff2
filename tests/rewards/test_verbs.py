"""A clause with another verb than the question's answers another question, unless it leaves the verb open."""

from __future__ import annotations

import pytest

from .cases import assert_judged


@pytest.mark.parametrize(
    ("language", "question", "reply", "keyword", "expected"),
    [
        ("zh", "谁救了你？", "教我游泳的是老周。", "老周", 0),
        ("zh", "谁教你的？", "老周救过我的命。", "老周", 0),
        ("zh", "谁教你的？", "教我的是救过我命的老周。", "老周", 1),
        ("zh", "谁教你唱戏的？", "师姐教我弹的琵琶。", "师姐", 0),
        ("zh", "谁教你唱戏的？", "师姐手把手教的，一句一句唱给我听。", "师姐", 1),
        ("zh", "谁把你养大的？", "是奶奶照顾我长大的。", "奶奶", 1),
        ("zh", "你效忠于谁？", "我最恨的是那个将军。", "将军", 0),
        ("zh", "你最恨谁？", "那个将军，他骗了我全村的人。", "将军", 1),
        ("zh", "你最喜欢谁？", "救过我命的阿凯。", "阿凯", 1),
        ("zh", "你住几楼？", "昨天爬到八楼，累得腿都软了。", "8楼", 0),
        ("zh", "你住几楼？", "八楼，每天爬楼梯累死了。", "8楼", 1),
        ("ja", "誰に仕えているの？", "憎いのは村を焼いた将軍よ。", "将軍", 0),
        ("ja", "誰が助けてくれたの？", "川で泳ぎを教えてくれたのは源さんだ。", "源さん", 0),
        ("ja", "誰が助けてくれたの？", "源さんさ。泳ぎもあの人に教わった。", "源さん", 1),
        ("ja", "尊敬しているのは誰？", "命を救ってくれた師匠です。", "師匠", 1),
        ("ja", "誰を憎んでいるの？", "俺を裏切った相棒だ。", "相棒", 1),
        ("ja", "好きな話は何？", "怖い話かな。", "怖い話", 1),
    ],
)
def test_a_clause_with_another_verb_answers_another_question(
    language: str, question: str, reply: str, keyword: str, expected: int
) -> None:
    assert_judged(language, question, reply, keyword, expected)


@pytest.mark.parametrize(
    ("language", "question", "reply", "keyword", "expected"),
    [
        ("zh", "谁教你武功的？", "师父救了我，又教我武功。", "师父", 1),
        ("zh", "谁教你武功的？", "师父救过我，后来师兄教我武功。", "师父", 0),
        ("zh", "谁教你武功的？", "师父救过我，后来教我武功的是师兄。", "师父", 0),
        ("ja", "誰が剣を教えてくれたの？", "師匠が俺を拾って、剣を教えてくれたんだ。", "師匠", 1),
        ("ja", "誰が剣を教えてくれたの？", "師匠は俺を拾ってくれたけど、剣を教えてくれたのは兄弟子だ。", "師匠", 0),
    ],
)
def test_a_later_clause_may_go_on_about_whom_the_first_one_names(
    language: str, question: str, reply: str, keyword: str, expected: int
) -> None:
    assert_judged(language, question, reply, keyword, expected)


@pytest.mark.parametrize(
    ("language", "question", "reply", "keyword", "expected"),
    [
        ("zh", "你多大了？", "昨天爬了八层楼，累得腿都软了。", "8岁", 0),
        ("zh", "你多大了？", "刚满八岁！", "8岁", 1),
        ("zh", "您高寿？", "六十有七啦。", "67岁", 1),
        ("zh", "你有几成把握？", "十有八九吧。", "18", 0),
        ("ja", "今いくつ？", "腕立てを三十回やったところさ。", "30歳", 0),
        ("ja", "今いくつ？", "三十さ。", "30歳", 1),
        ("zh", "你哪年当上店主的？", "我十五岁进店，三十岁当上的店主。", "15岁", 0),
        ("ja", "部屋は一晩いくら？", "食事は二百、部屋は一晩六十だ。", "200", 0),
    ],
)
def test_a_number_of_something_else_is_not_the_one_asked_for(
    language: str, question: str, reply: str, keyword: str, expected: int
) -> None:
    assert_judged(language, question, reply, keyword, expected)


@pytest.mark.parametrize(
    ("language", "question", "reply", "keyword", "expected"),
    [
        ("zh", "你的狗叫什么？", "我叫豆包，开包子铺的那个豆包。", "豆包", 0),
        ("zh", "你叫什么？", "我叫豆包，开包子铺的那个豆包。", "豆包", 1),
        ("ja", "猫の名前は？", "わたしはユズっていうの。", "ユズ", 0),
        ("ja", "あなたの名前は？", "わたしはユズっていうの。", "ユズ", 1),
        ("ja", "どんな武器を使うの？", "父の形見の「月光」って刀だよ。", "月光", 1),
        ("ja", "お父さんの刀の名前は？", "父の刀は「月光」っていうんだ。", "月光", 1),
        ("zh", "你的师父是谁？", "林师傅啊，城南打铁的。", "林镇海", 1),
        ("zh", "你的师父是谁？", "王师傅啊，城南打铁的。", "林镇海", 0),
        ("zh", "你在找什么？", "林师傅托我找钥匙。", "林镇海", 0),
        ("ja", "上司は誰？", "桐生課長です。", "桐生誠一郎", 1),
        ("ja", "上司は誰？", "桐生の店の人です。", "桐生誠一郎", 0),
    ],
)
def test_names_of_oneself_of_things_and_by_title(
    language: str, question: str, reply: str, keyword: str, expected: int
) -> None:
    assert_judged(language, question, reply, keyword, expected)
