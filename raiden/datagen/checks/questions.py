"""Whether a question is one, and of the type that it says it is.

The words of a type overlap on purpose: 叫什么 asks who and what, 哪所学校 where and what. What is refused is a
question that has no word of its type at all, or that yes or no would answer.
"""

import re

from raiden.core.types import Language, QuestionType
from raiden.rewards.chinese import simplify
from raiden.rewards.normalise import fold_text

_EN_PLACE = (
    r"(?:\w+ ){0,2}(?:city|town|country|place|village|state|part|street|planet|island|region|school|county|port|"
    r"district|continent|university|college|address|corner|room|house|hall|side|direction|land|kingdom)\b"
)
_EN_TIME = (
    r"(?:\w+ ){0,2}(?:day|date|year|month|time|season|century|era|age|decade|hour|morning|night|week|weekday|birthday|"
    r"dynasty|period|holiday|festival|o'clock)\b"
)
_WORDS: dict[Language, dict[QuestionType, re.Pattern[str]]] = {
    "zh": {
        "who": re.compile(
            r"谁|哪一?[位个名人]|[何哪]人|什么人|啥人|[叫姓名号].{0,5}(?:什么|啥|何)|(?:什么|啥)名|称呼"
        ),
        "what": re.compile(r"什么|啥|何(?![时处地故以必])|哪(?![里裡儿裏边年天位])|多少|几|贵姓|称呼|多[大高重长]"),
        "where": re.compile(r"哪(?!一?[年天日月位名])|何[处地方]|(?:什么|啥|何)(?:地|城|国|学校|街|路|村|单位|门派)"),
        "when": re.compile(
            r"(?:什么|啥|何)(?:时|日|年|季|节|月|朝代|年代)|[何多]时|几[点时月号日年岁]|[期周拜]几|哪一?[年天日月]|"
            r"哪个?[朝时年季月星节世]|多会儿|多久|多大|几十?年代"
        ),
        "why": re.compile(r"为(?:了?什么|啥|何)|怎么|何故|何以|凭什么|干嘛|缘何|(?:什么|啥)(?:原因|缘故|理由|事)|咋"),
        "how": re.compile(
            r"怎|如何|咋|多[少大高重长久远深快宽厚]|几|何以|(?:什么|啥)(?:方法|办法)|[用拿靠](?:什么|啥)"
        ),
    },
    "ja": {
        "who": re.compile(
            r"誰|だれ|どなた|何者|名.{0,8}(?:何|なん|なに)|(?:何|なん)(?:て|と|という|ていう)|名(?:前|字)?は|"
            r"どの.{1,6}|呼べば|どちら様"
        ),
        "what": re.compile(
            r"何(?![時年月日曜歳故処])|なに|なん(?!で)|どんな|どの|どれ|どちら|どっち|名(?:前|字)?は|いくつ|いくら|"
            r"何[月日](?=生まれ|が)|どういう"
        ),
        "where": re.compile(r"どこ|どちら|どの|何処|いずこ|どんな(?:場所|所|ところ)|何[県国町市区階]|何の中|どっち"),
        "when": re.compile(r"いつ|何(?:時|年|月|日|曜|歳|才|世紀|の日)|いくつの|誕生日は|どの(?:季節|時代|年|時期)"),
        "why": re.compile(r"なぜ|何故|どうして|なんで|何で(?!す)|何の(?:せい|ため)|理由|どういうわけ|わけは"),
        "how": re.compile(
            r"どう(?!して)|どうして(?:い|る)|どのよう|どんな|いかに|いくつ|いくら|どれ|何で|なんで|おいくつ|"
            r"何(?:人|個|本|匹|枚|台|回|歳|冊|階|円|才|杯|つ|年|分|時間|日|頭|羽|種|キロ|センチ|メートル|グラム)"
        ),
    },
    "ko": {
        "who": re.compile(
            r"누구|누가|누굴|누군|뉘|어[느떤] (?:분|사람|선생|친구|신)|(?:이름|성함|존함|성명).{0,10}"
            r"(?:뭐|무엇|어떻|뭔|무어)|(?:뭐|무엇이?)라|어느"
        ),
        "what": re.compile(r"무엇|뭐|뭘|무슨|어떤|어느|뭔|뭣|무어|몇|어떻게 (?:되|불)|얼마"),
        "where": re.compile(r"어디|어느|어딜|어딘|무슨 (?:동네|도시|나라|학교|마을|섬)|어떤 (?:곳|도시|나라)"),
        "when": re.compile(
            r"언제|몇 ?(?:시|년|월|일|살|세기)|며칠|무슨 (?:요일|날|계절|해)|어[느떤] (?:해|날|계절|시대|때|요일)"
        ),
        "why": re.compile(r"왜|어째서|어찌하여|무슨 (?:이유|까닭|일)|(?:무엇|뭐|뭣) ?때문|무엇에|이유|까닭"),
        "how": re.compile(r"어떻|어찌|얼마|몇|어떤 (?:방법|식|순서|수)|무슨 수|(?:무엇|뭘|뭐)(?:으)?로|어떡"),
    },
    "en": {
        "who": re.compile(r"\b(?:who|whom|whose|who's|which)\b|\bwhat\b.{0,40}\bnames?\b|\bname\b"),
        "what": re.compile(r"\b(?:what|what's|whats|which)\b"),
        "where": re.compile(rf"\b(?:where|where's|whereabouts)\b|\b(?:what|which) {_EN_PLACE}"),
        "when": re.compile(rf"\b(?:when|when's)\b|\b(?:what|which) {_EN_TIME}|\bhow (?:long|old|soon|late|early)\b"),
        "why": re.compile(r"\bwhy\b|\bwhy's\b|\bwhat (?:made|makes|caused|for)\b|\bhow come\b|\breason\b"),
        "how": re.compile(r"\bhow\b|\bhow's\b|\b(?:by|in) what (?:means|way)\b"),
    },
}
_INDEFINITE: dict[Language, re.Pattern[str]] = {
    "ja": re.compile(r"(?:何|なに|誰|だれ|いつ|どこ)(?:か(?![らしな?])|も|でも)(?!知|聞)"),
    "zh": re.compile(r"没什么|(?<!为)什么都|谁都|谁也|哪里都|多少有"),
    "ko": re.compile(r"(?:언젠가|누군가|어딘가|무언가|뭔가|언제나)"),
    "en": re.compile(r"(?!)"),
}
"""Words of a question that ask nothing: 何か is "something"."""
_YES_OR_NO: dict[Language, re.Pattern[str]] = {
    "zh": re.compile(r"(?:吗|是不是|有没有)[^?]*\??$"),
    "ja": re.compile(r"(?!)"),
    "ko": re.compile(r"(?!)"),
    "en": re.compile(r"^(?:do|does|did|are|is|was|were|am|have|has|had|can|could|will|would|should|may)\b(?!n't)"),
}
_ABOUT_KNOWING: dict[Language, re.Pattern[str]] = {
    "zh": re.compile(r"知道|记得|告诉|说说|晓得|可知|能说|请问|清楚|记不记得|说过|提过"),
    "ja": re.compile(r"."),
    "ko": re.compile(r"."),
    "en": re.compile(r"\b(?:remember|know|tell|recall|remind|guess|say|ask|forgot|forgotten)\b"),
}
"""Who is asked whether they remember where, is asked where."""
_QUESTION_END: dict[Language, re.Pattern[str]] = {
    "zh": re.compile(r"\?"),
    "ja": re.compile(r"\?|(?:か|っけ|かしら|かな)(?:[。\s]|$)"),
    "ko": re.compile(r"\?|(?:까|니|냐|나요|가요|지요|죠|소|오)(?:[.\s]|$)"),
    "en": re.compile(r"\?"),
}


def question_type_fault(question: str, asked: QuestionType, language: Language) -> str:
    """Why a question is not one of the asked type, in one sentence; empty where it is."""
    folded = fold_text(question).strip()
    text = simplify(folded) if language == "zh" else folded
    if not _QUESTION_END[language].search(text):
        return f'"{question}" is not a question: it does not end as one.'
    if _YES_OR_NO[language].search(text) and not _ABOUT_KNOWING[language].search(text):
        return f'"{question}" can be answered with yes or no; ask {asked}.'
    if not _WORDS[language][asked].search(_INDEFINITE[language].sub(" ", text)):
        return f'"{question}" has no word that asks {asked}.'
    return ""
