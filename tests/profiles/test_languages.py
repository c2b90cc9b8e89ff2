"""The language of names, of single fields and of whole settings, a line a text."""

from __future__ import annotations

import pytest

from raiden.core.languages import detect_language
from raiden.data.profiles import parse_profile
from tests.records import profile_record

TEXTS = {
    "ja": """
三島由紀夫 | 夏目漱石 | 芥川龍之介 | 宮本武蔵 | 織田信長 | 坂本龍馬 | 葛飾北斎 | 手塚治虫 | 黒澤明
大谷翔平 | 羽生結弦 | 村上春樹 | 樋口一葉 | 太宰治 | 松尾芭蕉 | 徳川家康 | 豊臣秀吉 | 聖徳太子 | 安倍晴明
源義経 | 武田信玄 | 上杉謙信 | 伊達政宗 | 石田三成 | 真田幸村 | 沖田総司 | 土方歳三 | 近藤勇 | 西郷隆盛
渋沢栄一 | 野口英世 | 新渡戸稲造 | 竈門炭治郎 | 冨岡義勇 | 五条悟 | 虎杖悠仁 | 伏黒恵 | 工藤新一 | 毛利蘭
江戸川乱歩 | 綾波零 | 長門有希 | 鈴木一郎 | 加藤恵 | 雪ノ下雪乃 | 宇智波佐助 | 山田太郎 | 中村 | 木村 拓也
東京生まれ。医師。 | 京都大学教授 | 女性、二十四歳、看護師 | 北海道札幌市 | 好きな食べ物はラーメン。
職業：医師　出身：大阪府 | 名前: 佐藤健一 性別: 男性 年齢: 32 職業: 医師 出身地: 北海道
彼女は「我愛你」と言った。 | 趣味は中国語の勉強で、「你好」が口癖。
江戸時代の剣客。二刀流を用い、生涯無敗と伝えられる。 | 三国志が好きで、関羽を尊敬している。
ハーバード大学 (Harvard University) を卒業し、Google で働いている Tom です。
MBTIはINFP。BTSとTWICEが好き。 | 名前は李小龍です。 | 私の名前は金美英(김미영)です。
性別：男性。年齢：四十五歳。職業：寿司職人。出身：東京都台東区浅草。 | 桜 | ｺﾝﾆﾁﾊ
一番大切なのは家族。 | 無口。冷静沈着。頭脳明晰。特技：将棋、剣道。
元新選組一番隊組長。天才剣士。結核を患う。 | 誕生日：十二月三日。身長：百七十糎。 | 食べる | 東京都
""",
    "zh": """
李白 | 杜甫 | 诸葛亮 | 林黛玉 | 贾宝玉 | 孙悟空 | 欧阳修 | 司马迁 | 武则天 | 秦始皇 | 王阳明 | 张三丰
令狐冲 | 黄蓉 | 郭靖 | 小龙女 | 陈美玲 | 林志玲 | 周杰倫 | 蔡英文 | 王建民 | 高小明 | 金庸 | 古龙 | 鲁迅
關羽 | 張飛 | 趙雲 | 曹操 | 劉備 | 林書豪 | 孔子 | 老子 | 王昭君 | 花木兰 | 白居易 | 苏东坡 | 李清照 | 岳飞
包拯 | 小明 | 阿强 | 高明 | 林子安 | 石中玉 | 畢業於東京大學醫學系 | 中山大学 | 清水市 | 小林今天没有来，他病了。
男，二十五岁，医生。 | 北京大学教授 | 女，护士，上海人 | 四川省成都市 | 最喜欢の食物是火锅 | 奶茶の味道
我超爱吃の寿司和ラーメン，每周都去日料店。 | 她常常说“ありがとう”，因为曾在东京留学三年。
姓名：田中美玲，性别：女，在上海出生的日本人后代。 | 他是日本人，名字叫佐藤健一，现在住在北京，喜欢喝茶。
韩国留学生，中文名金美英（김미영），喜欢BTS和TWICE。
我叫Tony，毕业于Harvard University，在Google当software engineer，喜欢read books和play basketball。
CEO，MBA毕业 | 字：玄德。号：无。国籍：蜀汉。 | 東漢末年名將，字雲長，河東解縣人。
性別：男。年齡：四十五歲。職業：廚師。 | 出生地：臺灣台北市，興趣：爬山、看書。
身高：180cm 体重：70kg 血型：O | 性格：开朗、乐观 | 口头禅：“なんで？” | 古灵精怪，聪明伶俐，武功高强。
生于公元七零一年，唐代诗人，字太白，号青莲居士。 | 桃园三结义，三顾茅庐，白帝城托孤。
初音ミク的粉丝，喜欢看动漫《進撃の巨人》《鬼滅の刃》，外号“二次元の王”。 | 忍者，木叶村人，使用写轮眼。
""",
    "ko": """
홍길동 | 김철수 | 이순신 | 세종대왕 | 김민지 | 박서준 (Park Seo-jun) | 저는 Emily예요.
제 이름은 John Smith이고 New York에서 왔어요. | 취미는 Netflix 보기와 K-pop 듣기
직업: software engineer, 회사: Samsung Electronics | 이름: 김서연 (金瑞娟) | 대한민국(大韓民國) 서울
孔子를 존경하는 선생님 | 나이: 27, MBTI: ENFP, 혈액형: A | BTS 팬 | 나는 日本에서 태어났다.
東京 출신의 요리사 | ㅋㅋㅋ | 좋아하는 노래는 "Let It Be"예요. | 별명은 "さくら"입니다.
그는 Harvard University School of Law를 졸업하고 The New York Times에서 기자로 일했다. | 고양이 | 네
Tom과 Jerry | 한국 이름은 이수진, 영어 이름은 Sophia Christina Elizabeth Montgomery
""",
    "en": """
John Smith | Ada | Li Wei (李伟) | Kim Min-ji (김민지) | Satō Ken'ichi (佐藤健一)
Her name is 王小明 and she is from 成都. | A fan of となりのトトロ and of ramen.
Name: Zhuge Liang (诸葛亮), courtesy name Kongming (孔明)
He wrote 论语 and taught 孔子's students in 曲阜. | She says "你好" to everybody she meets.
Mei-Ling (陈美玲) was born in 上海 and lives in London with her brother 陈志强 and her mother 王秀英.
José María Núñez, bullfighter | naïve café owner | Zoë | Tokyo, nurse, 27
Occupation: baker. Hometown: São Paulo. | 27 years old | Master of 太极拳, 形意拳 and 八卦掌.
My teacher is 金庸, my friend is 古龙, my enemy is 黄药师. | Likes 奶茶, 火锅, 麻婆豆腐 and 小笼包 | Ünal
“Hello” — she said…
""",
}
CASES = [
    (text, language)
    for language, lines in TEXTS.items()
    for line in lines.strip().split("\n")
    for text in line.split(" | ")
]


@pytest.mark.parametrize(("text", "language"), CASES, ids=[text for text, _ in CASES])
def test_the_language_of_a_name_or_a_field(text, language):
    assert detect_language(text) == language


SETTINGS = {
    "ja, kanji alone": (
        "Name: 佐藤健一\n性別: 男性\n年齢: 三十二歳\n出身地: 大阪府\n特技: 剣道、将棋\n性格: 冷静沈着",
        "ja",
    ),
    "zh, with Japanese names": (
        "姓名：宇智波佐助，\n性别：男，\n出身：木叶村，\n口头禅：“千鳥！”，\n"
        "经历：他在终末之谷与鸣人对决，离开了村子。，",
        "zh",
    ),
    "zh, traditional": ("Name: 關羽\n字: 雲長\n性格: 忠義、傲氣\n經歷: 桃園結義，千里走單騎，水淹七軍。", "zh"),
    "zh, with one の": ("Name: 小雪\n爱好: 收集可爱の小物\n职业: 奶茶店店员，店名是“雪の茶”", "zh"),
    "ko, with Latin names": (
        "Name: Emily Johnson\n직업: 영어 강사\n출신: New York, USA\n소개: Columbia University를 졸업했어요.",
        "ko",
    ),
    "en, with Chinese names": (
        "Name: Chen Meiling (陈美玲)\nHometown: 成都 (Chengdu)\nFamily: her father 陈志强, her mother 王秀英\n"
        "Introduction: She sells 麻婆豆腐 and 担担面 from a cart, and she speaks with everybody.",
        "en",
    ),
}


@pytest.mark.parametrize(("setting", "language"), SETTINGS.values(), ids=SETTINGS)
def test_the_language_of_a_setting(setting, language):
    if not setting.startswith("Name"):
        setting = f"Name: X\n{setting}"
    assert parse_profile(profile_record(setting), "here").language == language
