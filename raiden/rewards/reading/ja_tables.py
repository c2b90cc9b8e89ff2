"""The long rows of the Japanese table: what excludes each other, and what speaks out of the role."""

import re

from raiden.rewards.idioms.base import phrases
from raiden.rewards.reading.grammar import Transfer, relation

_ROUND = "(?:月|週|年|学期|シーズン|季)"

OPPOSITES = (
    {
        "morning": phrases("(?:朝(?!鮮)|モーニング)(?!の|から)"),
        "noon": phrases("(?:昼|ランチ)(?!の|から)"),
        "evening": phrases("(?:夜|晩|夕[食飯方])(?!の|から)"),
    },
    {
        "yesterday": phrases("(?:昨日|きのう|昨夜|ゆうべ)(?!の|から)"),
        "today": phrases("(?:今日|今夜|今晩)(?!の|から)"),
        "tomorrow": phrases("(?:明日|あした|あす(?=は))(?!の|から)"),
    },
    {name: phrases(rf"(?:{name}(?=[はにもの、,]|休み))(?!の|から)") for name in "春夏秋冬"},
    {"work": phrases("平日|仕事の日"), "off": phrases("週末|休みの日|休日")},
    {name: phrases(rf"{word}{_ROUND}") for name, word in (("last", "先"), ("this", "今"), ("next", "来"))},
    {"left": phrases("左[手目足腕耳]|左の"), "right": phrases("右[手目足腕耳]|右の")},
    {
        "elder": phrases("上の(?=子|兄|姉|息子|娘|弟|妹|ほう|方)"),
        "younger": phrases("下の(?=子|兄|姉|息子|娘|弟|妹|ほう|方)"),
    },
)
"""What is told of one of them need not be so of another; both have to be told."""

_MAIN = "(?![^,。?!はがをに]{0,6}[たるうくすつむ][一-龠ァ-ヶ])"
"""Behind a verb: it is no relative clause, which tells of the noun behind it (救ってくれた師匠)."""
RELATIONS = (
    {
        "win": phrases(r"勝[っちつて]|優勝|一着|一位"),
        "lose": phrases(r"負け|敗[れけ北]|二着|二位|びり|最下位"),
    },
    {
        "from": phrases(r"から(?:来|いら|おいで|参|やって|出て|戻|帰|着)|出身|お国|故郷|生まれ|どちらの方"),
        "to": phrases(r"(?:へ|に)(?:向か|行[くきっこ]|参り|旅立|出かけ|帰)|向かう|行き先|目指"),
    },
    {
        "birth": phrases(r"誕生日|生まれ|出生"),
        "meeting": phrases(r"出会|知り合|会った|初めて会"),
        "proposal": phrases(r"求婚|プロポーズ|婚約"),
        "wedding": phrases(r"結婚|婚礼|嫁い|籍を入れ|祝言"),
        "death": phrases(r"亡くな|死ん|逝っ|葬|命日"),
        "arrival": phrases(r"引っ越して|越して|移って|入社|入門"),
    },
    {
        "birth": phrases(r"生まれ|出身|お国"),
        "study": phrases(
            r"(?:大学|高校|学校|学部|専門学校)(?:は|で|時代|に(?:通|入))|留学|卒業|通っ|[小中高校]学?生(?=で|だ|さ|の)"
        ),
        "work": phrases(r"[でに](?:働|勤め|勤務)|職場"),
        "live": phrases(r"住[んまみむ]|暮らし|お住まい|越し|引っ越"),
        "army": phrases(r"軍(?:隊)?に入|入隊|志願"),
        "visit": phrases(r"旅行|登っ|観光|出張|通りかか"),
    },
    {
        "spouse": phrases(r"旦那|夫|妻|奥さん|主人|嫁|女房|結婚し"),
        "suitor": phrases(r"求婚|プロポーズ|口説|断っ|お断り|振っ|振ら"),
    },
    {"buy": phrases(r"買"), "sell": phrases(r"売"), "have": phrases(r"家に.{0,6}ある")},
    {
        "chosen": phrases(r"選[んびばぶ]|決め|引き受け"),
        "offered": phrases(r"勧め|すすめ|誘わ|頼まれ|断[っりる]"),
    },
    {
        "skilled": phrases(r"得意|上手|うま[いく]|誰にも負け(?:ない|ません|ん)|右に出る|お手の物|十八番|任せて"),
        "unskilled": phrases(r"苦手|不得意|下手|へた|からっきし|さっぱり(?!した)|できない|お手上げ"),
    },
    {
        "opening": phrases(r"開店|開[くけいき]|始ま|起き|開演"),
        "closing": phrases(r"閉店|閉[めま]|終わ|寝[るま]|終演"),
    },
    relation(
        "teaching 教[えわ]|習[いっう]|仕込|叩き込|手ほどき|学[んび]; rescue 助け|救[いっわう]|引き上げ|拾[っわ]; "
        "care 看病|世話|面倒|看取|育て|養[いっわ]|介抱; betrayal 裏切|騙[さしせ]|だま[さしせ]",
        _MAIN,
    ),
    relation(
        "dislike 好き(?:じゃ|では)な|苦手|憎|恨[みんめ]|嫌[いな]|怖[いか]|恐[れろ]; "
        "liking 好き(?!じゃ|では|嫌い)|愛し|憧れ|尊敬|慕[っう]|恋し; service 仕え|忠誠",
        _MAIN,
    ),
    relation(
        "play [弾吹][いきくけか]|演奏; sing [歌唄][いっうえわ]; dance 踊; draw 描; write 書[いきくけか](?!物); "
        "cook 料理|煮; sew 縫|編[んみむ]|刺繍; swim 泳; ride 乗[りっれ]|乗馬"
    ),
    {
        "harmed": phrases(r"アレルギー|怖|恐|苦手|嫌い|怯え"),
        "unharmed": phrases(r"平気|大丈夫|問題な|なんともな|怖くな|へっちゃら"),
    },
)

OUT_OF_ROLE = phrases(
    r"(?:ai|人工知能|言語モデル|アシスタント)(?:として|なので|です|である)|言語モデル|(?:プロフィール|"
    r"設定|キャラクター(?:シート|設定)|資料|人物像)"
    r"(?:に(?:よ|は)|では|上|によると|を見る)|演じている(?:キャラクター|キャラ|役)は|採点(?:者|官|係|モデル)|"
    r"満点を(?:くださ|つけ|与え|お願い)|キーワード(?:は|:)|(?:正解|模範解答|期待される(?:答え|回答)|"
    r"想定回答)(?:は|:)|"
    r"(?:ユーザー|システム|プロンプト)[はがの][^。]{0,20}(?:聞きた|求め|望ん|期待|指示)|と(?:答えれば|"
    r"言えば)[^。]{0,6}満点|"
    r"報酬(?:モデル|関数)|(?:以前|上記)の指示|が(?:正解|模範解答)です|と(?:言う|答える)よう(?:に)?(?:指示|言われ|"
    r"命じ)"
)

LABELS = (
    phrases(
        r"(?:^|[\n。.!?,;{(>-])\s*[*_]*(?:(?:最終|正しい)?(?:答え|回答|正解)|キーワード|翻訳|訳注|訳|注|ヒント|"
        r"名前|氏名|年齢|"
        r"性別|職業|仕事|出身地?|趣味|好物|ペット|飲み物|食べ物)[*_]*\s*[:=]\s*[\"'*_「]*$"
    ),
    phrases(r"(?:答え|回答|その言葉)は,?\W*$"),
)

SELF_FACTS = (
    phrases(r"(?:名前|名)は|と申し|といいます|です。|名前:"),
    phrases(r"歳(?!月)|才(?!能)|年齢"),
    phrases(r"(?:師|員|職人|屋|者|家|医|士)(?:で|です|を|として)|仕事は|職業"),
    phrases(r"出身|住んで|生まれ|暮らし|で(?:働|飴|暮)"),
    phrases(r"飼[いっう]|(?:猫|犬|亀|鳥)の"),
    phrases(r"(?:兄|弟|姉|妹|父|母|妻|夫|息子|娘|祖父|祖母)(?:は|の|が|に)"),
    phrases(r"好き|好物|大好"),
    phrases(r"嫌い|苦手|怖[いく]|恐れ|泳げ|食べられ"),
    phrases(r"夢|憧れ|(?:行き|なり|見)たい"),
    phrases(r"集め|吹[いき]|弾[いき]|趣味|描[いき]|編[んみ]"),
)


def transfer(speaker: str, user: str, others: str) -> Transfer:
    """くれる, もらう and 教わる come from another, あげる and 教える go to another; 太郎が俺に借りる goes out, too."""
    give = "(?:[渡貸][さしすせそ]|[送贈譲売][らりるっ]|あげ|預け|届け|教え|宛て)"
    done_for = "(?:[^、,。?]{0,3}(?:もら|くれ|くださ|いただ|れた|れて|れま))"
    get = "(?:もら|貰|教わ|習[わいうっ]|借り|いただ|受け取|譲り受|買った)"
    doer = rf"(?:{others}|誰|[一-龠ァ-ヶー]{{1,5}}(?:さん|ちゃん|くん|君)?)が|(?:{others})(?:さん)?は"
    alone = rf"^(?!.*(?:{doer}))"
    return Transfer(
        speaker=re.compile(rf"(?<![一-龠])(?:{speaker})"),
        user=re.compile(rf"(?<![一-龠])(?:{user}|自分)"),
        inward=phrases(
            "くれ(?=[たてるま])|くださ(?:った|いま[しす])|下さ(?:った|いま)",
            rf"{alone}.*{get}",
            rf"@に[^,。]{{0,10}}{give}|{give}れ[たてま]|(?<!@)に[^、,。?]{{0,8}}[らさかわまばたなが]れ[たてま]",
            "誰(?:が[^、,?]{0,10}た|から)",
        ),
        outward=phrases(
            rf"{alone}.*(?<!@)[にへ][^、,。]{{0,8}}{give}(?!{done_for})|@[はがも][^、,。]{{0,12}}{give}(?!{done_for})",
            rf"@[にから]+[^、,。]{{0,10}}{get}",
            rf"{alone}.*を(?:助け|救|手伝|育て|守|治|騙|だま|殴|叩|裏切)(?!{done_for})",
        ),
    )
