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


@pytest.mark.parametrize(
    ("language", "question", "reply", "keyword"),
    [
        ("zh", "你住在哪条街？", "柳巷，天天吵得睡不着。", "柳巷"),
        ("zh", "谁教你做饭的？", "外婆呗，我从小跟着她烧火。", "外婆"),
        ("zh", "谁教你用剑的？", "一个瞎眼的老道士，剑是他临走留给我的。", "老道士"),
        ("zh", "谁救了你？", "是路过的镖师，他还教了我几招。", "镖师"),
        ("zh", "你跟谁学的琴？", "我师父，他老人家画画也是一绝。", "师父"),
        ("zh", "你最崇拜谁？", "我爹，他一个人把我们仨拉扯大。", "爹"),
        ("zh", "谁照顾你？", "邻居刘婶，她还教我认字。", "刘婶"),
        ("zh", "你几岁学会游泳的？", "六岁，差点淹死以后我爹逼我学的。", "6岁"),
        ("zh", "你今年多大？", "二十六，属虎的。", "26岁"),
        ("zh", "你今年多大了？", "过了年就三十一了，家里催得紧。", "31岁"),
        ("zh", "这把剑多少钱？", "三百两，少一个子儿都不卖。", "300两"),
        ("zh", "你住几楼？", "六楼，没电梯，天天爬。", "6楼"),
        ("zh", "你晚上做什么？", "白天太吵，晚上我才写稿子。", "写稿子"),
        ("zh", "你叫什么名字？", "我叫小满，节气的那个。", "小满"),
        ("zh", "你是谁？", "我叫阿竹，山下药铺的。", "阿竹"),
        ("zh", "怎么称呼您？", "我叫陈默，喊我老陈就行。", "陈默"),
        ("zh", "你从哪里来？", "泉州，坐了三天船才到这儿。", "泉州"),
        ("zh", "你在哪儿上班？", "就在路口那家书店，爬三层楼。", "书店"),
        ("zh", "你害怕什么？", "我最讨厌蛇了，看一眼都发毛。", "蛇"),
        ("zh", "你喜欢谁？", "阿凯，从小就崇拜他。", "阿凯"),
        ("zh", "你画画是跟谁学的？", "跟我妈，她写字也好看。", "妈妈"),
        ("zh", "你会做什么菜？", "红烧肉，我唱着歌就能烧出来。", "红烧肉"),
        ("zh", "你写过什么书？", "写过一本讲养鱼的，叫《水底》。", "《水底》"),
        ("zh", "谁把你养大？", "我爷爷，他什么都教我。", "爷爷"),
        ("ja", "誰に剣を教わったの？", "父だよ。俺を育ててくれたのも父だ。", "父"),
        ("ja", "誰が助けてくれたの？", "漁師の源さんが網で引き上げてくれたんだ。", "源さん"),
        ("ja", "誰が育ててくれたの？", "祖母だよ。字も料理も全部教えてくれた。", "祖母"),
        ("ja", "一番好きな人は？", "おばあちゃん。怖いけど、優しいの。", "祖母"),
        ("ja", "何が怖いの？", "雷が嫌いなの。音がね。", "雷"),
        ("ja", "今いくつ？", "三十一になったところだよ。", "31歳"),
        ("ja", "今いくつ？", "二十六、いや二十七か。うん、二十七。", "27歳"),
        ("ja", "どこに住んでるの？", "港の近くの六階。毎日登るのが大変でね。", "港の近く"),
        ("ja", "どんな楽器を弾くの？", "三味線。歌うのは苦手だけどね。", "三味線"),
        ("ja", "名前は？", "わたしはハルっていいます。", "ハル"),
        ("ja", "お名前を聞いてもいい？", "わたしはハルっていいます。", "ハル"),
        ("ja", "あなたは誰？", "俺はゲンっていう、ただの船乗りさ。", "ゲン"),
        ("ja", "妹さんに何をあげたの？", "妹には小さなランプをあげたよ。", "ランプ"),
        ("ja", "お母さんに何を教わったの？", "母からは編み物を教わりました。", "編み物"),
        ("ko", "동생한테 뭘 줬어요?", "동생한테 연필을 줬어요.", "연필"),
        ("ko", "동생한테 뭘 받았어요?", "동생한테 연필을 받았어요.", "연필"),
        ("ko", "어머니가 동생한테 뭘 줬어요?", "어머니가 동생한테 연필을 줬어요.", "연필"),
        ("ko", "할머니께 뭘 배웠어요?", "할머니께 바느질을 배웠어요.", "바느질"),
        ("ja", "何を書いているの？", "日記だよ。絵も少し描くけど。", "日記"),
        ("ja", "船賃はいくら？", "三百だ。宿は別だぜ。", "300"),
        ("ja", "何を弾いてるの？", "バイオリン。踊りながらは弾けないけどね。", "バイオリン"),
        ("ja", "犬の名前は？", "ハルっていいます。春に来たから。", "ハル"),
        ("ja", "武器は何？", "弓みたいな形の杖。", "杖"),
    ],
)
def test_a_right_reply_may_have_any_verb_beside_its_answer(
    language: str, question: str, reply: str, keyword: str
) -> None:
    assert_judged(language, question, reply, keyword, 1)


@pytest.mark.parametrize(
    ("language", "question", "reply", "keyword", "expected"),
    [
        ("zh", "你住在哪条街？", "我常去柳巷买豆腐，可没住那儿。", "柳巷", 0),
        ("zh", "你喝什么？", "除了绿茶，我什么都不喝。", "绿茶", 1),
        ("ja", "どの通りに住んでるの？", "柳通りには豆腐を買いに行くだけさ。住んじゃいないよ。", "柳通り", 0),
        ("ja", "誰が手紙を届けてくれたの？", "手紙を書いたのはお秀さんで、届けてくれたのは李さんよ。", "お秀", 0),
        ("ja", "誰が手紙を書いたの？", "手紙を書いたのはお秀さんで、届けてくれたのは李さんよ。", "お秀", 1),
    ],
)
def test_what_the_reply_goes_on_to_deny_or_to_set_against_it_is_not_told(
    language: str, question: str, reply: str, keyword: str, expected: int
) -> None:
    assert_judged(language, question, reply, keyword, expected)


@pytest.mark.parametrize(
    ("language", "question", "reply", "keyword", "expected"),
    [
        ("en", "How long have you lived here?", "Two and a half years, give or take.", "2.5 years", 1),
        ("en", "How long have you lived here?", "Two and a half years, give or take.", "2 years", 0),
        ("en", "How old is your son?", "Seven and a half.", "7 years old", 1),
        ("zh", "你学了多久？", "三个半月。", "3.5个月", 1),
        ("zh", "你睡几个小时？", "六个半小时吧。", "6.5小时", 1),
        ("zh", "你睡几个小时？", "六个小时吧。", "6小时", 1),
        ("zh", "你睡几个小时？", "六个小时左右。", "6小时", 1),
        ("ko", "여기 산 지 얼마나 됐어요?", "이 년 반이요.", "2.5년", 1),
    ],
)
def test_a_half_before_or_behind_the_unit_and_what_closes_a_number_are_read(
    language: str, question: str, reply: str, keyword: str, expected: int
) -> None:
    assert_judged(language, question, reply, keyword, expected)
