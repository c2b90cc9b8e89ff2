"""The long rows of the Korean table: relations that exclude each other, homographs, what speaks out of the role."""

import re

from raiden.rewards.idioms.base import phrases
from raiden.rewards.reading.grammar import NEVER

RELATIONS = (
    {"yesterday": phrases(r"어제|그저께|어젯밤"), "today": phrases(r"오늘"), "tomorrow": phrases(r"내일|모레")},
    {"morning": phrases(r"아침"), "noon": phrases(r"점심"), "evening": phrases(r"저녁")},
    {name: phrases(name) for name in ("봄", "여름", "가을", "겨울")},
    {"weekday": phrases(r"평일|주중"), "weekend": phrases(r"주말")},
    {"child": phrases(r"아이|어린이|애들"), "adult": phrases(r"어른|성인")},
    {"left": phrases(r"왼[쪽손팔발눈]"), "right": phrases(r"오른[쪽손팔발눈]")},
    {
        "win": phrases(r"이겼|이긴|이기|승리|우승|일등"),
        "lose": phrases(r"졌(?!어요\?)|진\s(?:건|게|사람)|지고|패배|패했|이등|꼴찌|지다"),
    },
    {
        "from": phrases(r"(?:에서|서)\s?(?:왔|온|오[셨신]|돌아|오는)|출신|고향|태어"),
        "to": phrases(r"(?:로|으로|에)\s?(?:떠나|떠납|갑니|가[요는서]|갈|향하|가세|가려)|행선지|떠납니다|로\s가"),
    },
    {
        "birth": phrases(r"생일|태어|생년|출생"),
        "meeting": phrases(r"만난|만났|알게\s?된"),
        "proposal": phrases(r"청혼|프러포즈|약혼(?![자녀])"),
        "wedding": phrases(r"결혼|혼례|시집|장가"),
        "death": phrases(r"돌아가|죽[은었]|세상을\s?떠|장례|기일"),
        "arrival": phrases(r"이사\s?온|이사\s?왔|입사|입학"),
    },
    {
        "spouse": phrases(r"남편|아내|부인|배우자|결혼한|신랑|신부"),
        "suitor": phrases(r"청혼|고백|거절|차였|찼|프러포즈|맞선"),
    },
    {
        "buy": phrases(r"사[러려고]|샀|살\s|사\s?(?:올|와|오)|(?:[를을서]\s)사[서요]|(?:[를을서]\s)산\s"),
        "sell": phrases(r"팔[아았고려]|팝니"),
    },
    {
        "opening": phrases(r"열[어고나리었]|여나요|엽니|시작|출근|개점"),
        "rising": phrases(r"일어나|기상"),
        "closing": phrases(r"닫[아는고았]|끝[나났]|마[쳐감]|자[나요]\b|퇴근"),
    },
    {
        "harmed": phrases(r"알레르기|무서|두려|겁|싫"),
        "unharmed": phrases(r"괜찮|문제없|상관없|끄떡없|안\s?무서|멀쩡"),
    },
)

OUT_OF_ROLE = phrases(
    r"(?:ai|인공지능|언어\s?모델|챗봇|어시스턴트)(?:로서|이기|이라|입니다|라서|모델)|언어\s?모델|"
    r"(?:설정|캐릭터|인물|제|내|주어진)\s?(?:상|프로필|설정집|시트|소개)"
    r"(?:에|상|을|으로)[^.]{0,12}(?:따르|보면|의하|나와|적혀|쓰여|되어)|인공지능\s?(?:프로그램|모델)|"
    r"연기하는\s?(?:캐릭터|인물|역할)(?:는|은)|채점(?:자|관|기)|만점을\s?(?:주|달라|부탁)|키워드(?:는|:)|"
    r"(?:정답|모범\s?답안|(?:예상|기대되는|기대하는)\s?(?:답변|답))(?:은|는|:)|보상\s?(?:모델|함수)|"
    r"(?:사용자|시스템|프롬프트)[가는이은][^.]{0,16}(?:원하|바라|요구|말하래|말하라|기대|지시)|이전\s?지시|"
    r"(?:이|가)\s정답(?:입니다|이에요)|라고\s?(?:말|답|대답)하라고\s?(?:지시|명령|들었|시켰)"
)

LABELS = (
    phrases(
        r"(?:^|[\n.!?,;{(>-])\s*[*_]*(?:(?:최종\s?)?(?:정답|답|답변|대답)|키워드|번역|역주|주석|주|힌트|이름|나이|"
        r"성별|직업|일|"
        r"고향|출신|취미|반려동물|음료|음식)[*_]*\s*[:=]\s*[\"'*_]*$"
    ),
    phrases(r"(?:답|답변|대답|그\s?단어)(?:은|는)\s\W*$"),
)

SELF_FACTS = (
    phrases(r"(?:제|내)?\s?이름은|라고\s(?:합|해)|(?<![가-힣])저는\s[가-힣]{2,3}(?:이고|고|예요|이에요|입니다)"),
    phrases(r"살(?:이|입|인|예)|세(?:이|입)|나이는"),
    phrases(r"직업|일을\s해|[가-힣](?:사|원|장인|가|의사)(?:로|이고|예요|입니다)|만들(?:고|어)"),
    phrases(r"출신|고향|살고|에\s살|에서\s(?:살|만들|일)"),
    phrases(r"키우|기르"),
    phrases(
        r"(?:형|누나|오빠|언니|동생|엄마|아빠|어머니|아버지|아내|남편|아들|딸|할머니|할아버지)(?:은|는|가|이|의)?"
    ),
    phrases(r"좋아|즐겨"),
    phrases(r"싫어|못\s?먹|무서|두려|알레르기"),
    phrases(r"꿈|싶"),
    phrases(r"모[으아은]|치고|불고|그리|수집|취미|연주"),
)

TAKEN_BACK = phrases(
    r"(?:농담|거짓말|뻥|장난)(?:이에요|예요|이야|입니다|이지|이었어요|이죠|야)(?=[.!~]|$)|(?:이기도|"
    r"하기도)\s하고[^.]{0,16}(?:아니기도|않기도|안\s[가-힣]{1,8}기도)|수도\s[^.]{1,12}수도\s?있|"
    r"방금\s(?:한\s)?말은\s(?:취소|거짓)|"
    r"맞기도\s?하고[^.]{0,10}(?:틀리|아니)|방금\s?(?:건|것은|한\s?말은)\s?(?:잊|취소|무시)|없던\s?걸로|"
    r"못\s?들은\s?걸로|든[^.]{0,30}(?:마음대로|원하는\s?대로|편한\s?대로)"
)

OTHER_SENSES = (
    (
        re.compile("사과"),
        NEVER,
        re.compile(r"(?:부터|를|는|도|만)?\s?(?:하겠|하고|하러|합니|할게|해야|했|하려|드리|드립|드려|받)"),
        re.compile("왜|용서|잘못"),
    ),
    (
        re.compile("밤"),
        NEVER,
        re.compile(r"(?:에|마다|새|늦|이면|이\s?(?:되|깊)|엔|길|하늘)"),
        re.compile(r"언제|몇\s?시|시간"),
    ),
    (
        re.compile("배"),
        NEVER,
        re.compile(r"(?:가|는|도)?\s?(?:[가-힣]{1,3}\s)?(?:고프|고파|아프|아파|불러|부르)"),
        re.compile("어디가|왜"),
    ),
    (re.compile("배"), re.compile(r"(?:몇|두|세|열)\s?$"), NEVER, NEVER),
    (
        re.compile("눈"),
        NEVER,
        re.compile(r"(?:이|을|도|물)?\s?(?:감|뜨|아프|마주|치|앞|빛)"),
        re.compile("왜|어디"),
    ),
    (
        re.compile("말"),
        NEVER,
        re.compile(r"(?:을|도|은|이)?\s?(?:하|해|씀|없|안|못|걸|마[세라시요]|말고)"),
        re.compile(r"뭐라|무슨\s말"),
    ),
    (
        re.compile("차"),
        NEVER,
        re.compile(r"(?:이|를)?\s?(?:막히|밀려|세우|몰|타고)"),
        re.compile(r"무엇을\s타|뭐\s타"),
    ),
    (re.compile("다리"), NEVER, re.compile(r"(?:가|도)?\s?(?:아프|아파|부러|저리|후들)"), re.compile("왜|어디가")),
    (re.compile("벌"), NEVER, re.compile(r"(?:을|도)?\s?(?:받|서|주)"), NEVER),
)
