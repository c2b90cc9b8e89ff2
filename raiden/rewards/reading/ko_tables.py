"""The long row of the Korean table: relations that exclude each other."""

from raiden.rewards.idioms.base import phrases

RELATIONS = (
    {"yesterday": phrases(r"어제|그저께|어젯밤"), "today": phrases(r"오늘"), "tomorrow": phrases(r"내일|모레")},
    {"morning": phrases(r"아침"), "noon": phrases(r"점심"), "evening": phrases(r"저녁")},
    {name: phrases(name) for name in ("봄", "여름", "가을", "겨울")},
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
        "opening": phrases(r"열[어고나리었]|여나요|엽니|시작|일어나|출근|개점"),
        "closing": phrases(r"닫[아는고았]|끝[나났]|마[쳐감]|자[나요]\b|퇴근"),
    },
    {
        "harmed": phrases(r"알레르기|무서|두려|겁|싫"),
        "unharmed": phrases(r"괜찮|문제없|상관없|끄떡없|안\s?무서|멀쩡"),
    },
)
