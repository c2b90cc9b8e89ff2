"""Chinese and Japanese cases written with no look at the rules, and the kinds that they brought up.

`cases/blind_*.jsonl` (50 a language, 10 pairs each) were written on 29 November 2026 by somebody who had seen 40
lines of `questions.jsonl` and nothing of `raiden/rewards`. Scored once before any rule was touched they were right in
34 of 50 (zh) and 39 of 50 (ja), with 5 and 6 of 10 pairs told apart. What was wrong was then mended by kind; thirty
more a language (`second_*.jsonl`), written by the same after that, were right in 19 (zh, 2 of 6 pairs) and 21 (ja, 4
of 6), and mended likewise, so that today's figures say less than those.
"""

from __future__ import annotations

import pytest

from tests.benchmarks.reward_cases import judge, pairs

from .cases import CASES, accuracy, read_cases


@pytest.mark.parametrize(("name", "sizes"), [("blind", (50, 10)), ("second", (30, 6))])
@pytest.mark.parametrize("language", ["zh", "ja"])
def test_blind_cases_and_their_pairs_are_judged_as_a_reader_would(
    language: str, name: str, sizes: tuple[int, int]
) -> None:
    judged = judge(read_cases(CASES / f"{name}_{language}.jsonl"))
    wrong = [f"{case['question']} {case['reply']} {reason}" for case, is_right, reason in judged if not is_right]
    assert (len(judged), len(pairs(judged))) == sizes
    assert len(wrong) <= 1, "\n".join(wrong)


@pytest.mark.parametrize(
    ("language", "question", "reply", "keyword", "expected"),
    [
        ("zh", "你儿子几岁了？", "我家孩子六岁，正淘气呢。", "6岁", 1),
        ("zh", "你先生做什么的？", "我那口子是电工。", "电工", 1),
        ("zh", "你做什么的？", "我那口子是电工。", "电工", 0),
        ("zh", "我把伞放哪儿了？", "放在我的柜子里。", "柜子", 1),
        ("zh", "你住哪儿？", "现在我住成都。", "成都", 1),
        ("zh", "井里有什么？", "镇上的老人都说井里有龙，我只捞上来过一只鞋。", "龙", 0),
        ("zh", "镇上的人说井里有什么？", "镇上的老人都说井里有龙，我只捞上来过一只鞋。", "龙", 1),
        ("zh", "你住在哪里？", "等攒够了钱，我就搬去昆明。", "昆明", 0),
        ("zh", "你晚上做什么？", "等孩子睡了，我就上屋顶看星星。", "看星星", 1),
        ("zh", "你爱吃什么？", "羊肉我一口都不碰。", "羊肉", 0),
        ("zh", "你爱吃什么？", "羊肉，我一天不吃都不行。", "羊肉", 1),
        ("zh", "你为什么走？", "是因为我爹病了。", "爹病了", 1),
        ("zh", "你为什么走？", "不是因为钱，是因为想家。", "钱", 0),
        ("zh", "你为什么走？", "不是因为钱，是因为想家。", "想家", 1),
        ("zh", "你的琴是谁做的？", "笛子是我爹做的，琴嘛，是我自己做的。", "爹", 0),
        ("zh", "你的笛子是谁做的？", "笛子是我爹做的，琴嘛，是我自己做的。", "爹", 1),
        ("zh", "你的狗叫什么？", "名字是阿黄，我的狗最乖了。", "阿黄", 1),
        ("zh", "你在哪儿上学？", "我在银行上班。", "银行", 0),
        ("zh", "你在哪儿上班？", "我在银行上班。", "银行", 1),
        ("zh", "你现在住哪儿？", "我在北京念的大学。", "北京", 0),
        ("zh", "我送了你什么？", "我送了你一条围巾。", "围巾", 0),
        ("zh", "我送了你什么？", "你送了我一条围巾。", "围巾", 1),
        ("zh", "我跟你在哪儿认识的？", "我跟你在船上认识的呀。", "船上", 1),
        ("zh", "你有什么宝贝？", "玉佩早就丢了，现在只剩这把伞。", "玉佩", 0),
        ("zh", "你之前的工作是什么？", "以前我在酒楼当伙计。", "伙计", 1),
        ("zh", "你妈的生日是哪天？", "八月初二是我妈的生日。", "八月初二", 1),
        ("zh", "你的生日是哪天？", "八月初二是我妈的生日。", "八月初二", 0),
        ("zh", "你珍藏着什么？", "这块表是我爹的遗物，我一直留着。", "表", 1),
        ("ja", "息子さんはおいくつ？", "うちの子は六つになったよ。", "6歳", 1),
        ("ja", "ご主人のお仕事は？", "うちの人は漁師なの。", "漁師", 1),
        ("ja", "お仕事は？", "うちの人は漁師なの。", "漁師", 0),
        ("ja", "湖には何がいますか？", "町の年寄りは湖に竜がいるって言うけどね。", "竜", 0),
        ("ja", "町の人は湖に何がいると言っていますか？", "町の年寄りは湖に竜がいるって言うけどね。", "竜", 1),
        ("ja", "今はどこに住んでるの？", "卒業したら、長崎へ行くんだ。", "長崎", 0),
        ("ja", "その琴は誰が作ったの？", "笛は父が作ったんだ。琴は自分で作った。", "父", 0),
        ("ja", "その笛は誰が作ったの？", "笛は父が作ったんだ。琴は自分で作った。", "父", 1),
        ("ja", "お住まいは？", "大学は神戸でした。", "神戸", 0),
        ("ja", "大学はどちら？", "大学は神戸でした。", "神戸", 1),
        ("ja", "僕は君に何を渡したっけ？", "私があなたに傘を渡したのよ。", "傘", 0),
        ("ja", "僕は君に何を渡したっけ？", "あなたが私に傘を渡してくれたのよ。", "傘", 1),
        ("ja", "得意なことは？", "料理が得意なのは弟のほうだよ。", "料理", 0),
        ("ja", "誕生日は？", "五月五日は弟の誕生日さ。", "5月5日", 0),
        ("ja", "弟さんの誕生日は？", "五月五日は弟の誕生日さ。", "5月5日", 1),
        ("ja", "大事なものは？", "この時計は父の形見でね、ずっと持ってるんだ。", "時計", 1),
        ("ja", "誰に教わったの？", "私が妹に料理を教えたの。", "妹", 0),
        ("ja", "誰に教わったの？", "私は祖母から教わったの。", "祖母", 1),
        ("ja", "武器は何？", "剣は折れちまったよ。今は弓さ。", "剣", 0),
        ("ja", "何を直してるの？", "壊れた時計を直してるんだ。", "時計", 1),
        ("ja", "お父さんのお仕事は？", "お父さんが大工なんだ。", "大工", 1),
        ("ja", "朝は何を飲む？", "朝は牛乳ですね。", "牛乳", 1),
        ("ja", "好きな寿司は？", "寿司は鮪が好き。", "鮪", 1),
        ("zh", "你爱吃什么？", "我娘做的豆腐最香！", "豆腐", 1),
        ("zh", "你会做什么菜？", "我娘做的豆腐最香，我嘛，只会烧水。", "豆腐", 0),
        ("zh", "你现在在哪儿上班？", "我在银行干了三年，如今在学校教书。", "银行", 0),
        ("zh", "谁教你骑马的？", "我教过隔壁的阿宝骑马。", "阿宝", 0),
        ("zh", "你会什么？", "我连针线都不会。", "针线", 0),
        ("zh", "你喜欢什么花？", "牡丹是我家丫鬟的名字。", "牡丹", 0),
        ("zh", "你家丫鬟叫什么？", "牡丹是我家丫鬟的名字。", "牡丹", 1),
        ("zh", "你是做什么的？", "我娘总盼着我当大夫，我不爱听。", "大夫", 0),
        ("ja", "何が得意？", "母の作る餃子は最高でね。僕はお湯しか沸かせないよ。", "餃子", 0),
        ("ja", "ご兄弟は何人？", "妹が三人。", "3人", 1),
        ("zh", "你有兄弟姐妹吗，几个？", "有啊，弟弟两个。", "2个", 1),
        ("zh", "街坊们说是谁偷的？", "街坊们都说是阿福，可他那天跟我在一起。", "阿福", 1),
        ("ja", "好きな食べ物は？", "母の作る餃子！", "餃子", 1),
        ("ja", "誰に泳ぎを教わったの？", "妹に泳ぎを教えたのは俺だよ。", "妹", 0),
        ("ja", "何語が話せる？", "ドイツ語はさっぱりだね。", "ドイツ語", 0),
        ("ja", "どこの生まれ？", "みんな大阪生まれだって言うけど、違うんだな。", "大阪", 0),
    ],
)
def test_the_kinds_that_the_blind_cases_brought_up(
    language: str, question: str, reply: str, keyword: str, expected: int
) -> None:
    found, reason = accuracy({"language": language, "question": question, "reply": reply, "keywords": [keyword]})
    assert found == expected, reason
