"""What a heading says of the lines below it: whose they are."""

import re
import unicodedata

from raiden.core.languages import word_set

_CONTAINER = re.compile(
    r"(?:basics?|general|personal|character|profile|full|key|core|main|vital|identity)?[ _-]*"
    r"(?:basics?|info(?:rmation)?|infos|details?|data|stats?|statistics|profile|sheet|overview|about(?: me)?|identity|"
    r"facts?|bio(?:graphy)?|attributes|definition|general|char(?:acter)?|bot|persona)"
    r"|(?:人物|角色|个人|個人|基本|基础|基礎|主要|核心|详细|詳細)*(?:信息|資訊|资料|資料|档案|檔案|设定|設定|属性|概况|卡|简介|名片)"
    r"|(?:キャラクター|人物|基本|個人)?(?:プロフィール|情報|設定|データ|紹介|概要)"
    r"|(?:캐릭터|인물|기본|개인)? ?(?:프로필|정보|설정|소개|개요)|角色|人物|キャラクター|캐릭터|인물"
)
_OWN_WORDS = word_set(
    "basic basics general personal info information details detail data stats overview about identity "
    "description detailed introduction intro appearance looks look body physical physique features feature "
    "outfit clothing clothes attire style personality traits trait character background backstory history bio "
    "biography story past life likes like dislikes dislike loves hates hobby hobbies interests interest "
    "preferences favorite favorites favourite favourites habits habit quirks quirk mannerisms skills skill "
    "abilities ability powers power talents strengths strength weaknesses weakness flaws fears fear goals goal "
    "dreams dream motivation motivations speech voice tone speaking occupation job career work education "
    "equipment weapons weapon possessions health mind mentality beliefs values summary profile age height name "
    "gender birthday hair eyes face skin sexuality romance kinks trivia notes behavior behaviour food and or of "
    "the her his their my your a in extra other additional more"
)
_OWN_WIDE = re.compile(
    r"基[本础礎]|个人|個人|资料|檔案|档案|信息|简介|簡介|介绍|介紹|外[貌观觀表型]|容貌|长相|長相|相貌|身体|身體|身材|性格|"
    r"人格|背景|经历|經歷|过往|過去|生平|喜[好欢歡]|喜爱|爱好|愛好|兴趣|興趣|讨厌|討厭|厌恶|习惯|習慣|技能|能力|特[长長征徵点點]|"
    r"擅长|服[装裝饰飾]|衣着|穿着|口头禅|口癖|语[气言]|说话|語氣|弱点|弱點|优点|缺点|梦想|目标|武器|装备|裝備|设定|設定|人设|"
    r"好み|プロフィール|外見|容姿|見た目|特徴|経歴|生い立ち|話し方|口調|好き|嫌い|苦手|趣味|特技|得意|夢|概要|自己紹介|紹介|詳細|"
    r"기본|프로필|외모|외형|성격|배경|과거|특징|말투|좋아|싫어|취미|특기|능력|복장|소개|개요|습관|꿈"
)
_OTHERS = re.compile(
    r"\b(?:characters|people|npcs?|cast|supporting|side|users?|you|player|world|setting|settings|lore|scenario|locations?|"
    r"places?|factions?|others?|rules?|system|format|schema|variables?|template|example|examples|relationships?|family|"
    r"relatives|siblings|friends|background characters)\b|\{\{user\}\}|"
    r"其他|其它|配角|npc|用户|用戶|玩家|世界|场景|場景|情境|规则|規則|格式|变量|變量|模板|关系|關系|關係|家[人族庭]|亲[属友]|登场|人物$|"
    r"ユーザー|世界観|舞台|場所|ルール|登場|周囲|友人|交友|사용자|유저|세계|배경 ?인물|등장|관계|가족|규칙"
)
_FAMILY = re.compile(
    r"(?:人[物际際]|社会|社會|主要|家庭)?(?:关系|关系|關係|成员|成員)|家人|亲属|亲友|家庭(?:背景|情况)?|"
    r"(?:his |her |their |my )?(?:family(?: members)?|relations|relationships|connections|relatives|siblings)|"
    r"家族(?:構成)?|人間関係|交友関係|家族関係|兄弟姉妹|兄弟姐妹|"
    r"가족(?: ?관계| ?사항| ?구성)?|인간 ?관계|인물 ?관계|관계|형제(?: ?자매)?"
)
_NAMES = re.compile(
    r"name|full ?name|character(?: name)?|char|person|(?:人物|角色)?姓名|(?:人物|角色)名称|中文名字?|名[字前称]|"
    r"角色名?|人物|氏名|全名|フルネーム|キャラクター名|이름|성함|성명|캐릭터 이름"
)
_SHOWN = {"detailed description", "introduction", "personality", "background", "description", "nickname"}
WORLD = "World Info"
"""The field that holds the entries of a book of lore that are not about the character."""


def folded(label: str) -> str:
    """A label as the tables have it: without marks and remarks, small."""
    text = unicodedata.normalize("NFKC", label).casefold()
    text = re.sub(r"[(\[【<].*?[)\]】>]|[_*#]", " ", text)
    return " ".join(text.split()).strip(" :：-—=~")


def is_container(label: str) -> bool:
    """Whether a heading only says that the character's data follow."""
    return bool(_CONTAINER.fullmatch(folded(label)))


def is_family(label: str) -> bool:
    """Whether a field says of several people who they are to the character."""
    return bool(_FAMILY.fullmatch(folded(label)))


def is_own(label: str) -> bool:
    """Whether the lines below a heading are about the character; in doubt they are not.

    >>> [is_own(label) for label in ("Physical Description", "基本信息", "Other characters", "Milo", "外見")]
    [True, True, False, False, True]
    """
    text = folded(label)
    if text in _SHOWN or is_container(text):
        return True
    if is_about_others(text):
        return False
    words = re.findall(r"[a-z]+", text)
    return bool(_OWN_WIDE.search(text)) or (bool(words) and text.isascii() and _OWN_WORDS.issuperset(words))


def is_about_others(label: str) -> bool:
    """Whether a heading says that other people or things follow."""
    return bool(_OTHERS.search(folded(label)))


def is_name_label(label: str) -> bool:
    """Whether the name that somebody goes by stands under a label; the one from birth is a fact like others."""
    return bool(_NAMES.fullmatch(folded(label)))
