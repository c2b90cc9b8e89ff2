"""English turns of phrase."""

from raiden.core.languages import ENGLISH_FUNCTION_WORDS
from raiden.rewards.idioms.base import Idioms, phrases

_STARTER = (
    r"(?:but|so|because|and|i|i'm|i've|i'll|i'd|it|it's|he|he's|she|she's|we|we're|they|my|just|only|"
    r"instead|rather|though|although|yet|actually|you|this|that|now|these|nowadays|today)"
)
_DETERMINER = (
    r"(?:(?:an?|the|my|in|at|from|by|on|of|to|is it|it's|it is|was it|even|perhaps|maybe|possibly|"
    r"probably) )*"
)
_BE_NOT = r"(?:am|is|was|are|were|'s|'m|'re)(?: not|n't)"

ENGLISH = Idioms(
    denies="before",
    clause_break=phrases(
        r"[;:()]",
        r" -+ ",
        r"(?=\bnor\b)",
        rf",\s+(?={_STARTER}\b)",
        r",(?![^.!?;]{0,160}\b(?:or|nor)\b)",
        r"\b(?:but|because|since|although|though|however|whereas|while|(?<!not )yet(?! to)|so|"
        r"until|unless|as)\b",
        r"\band (?=(?:i|i'm|i've|it|he|she|we|they|my|instead|now)\b)",
    ),
    harmless=phrases(
        r"\bnever (?:stop|stopped|fail|fails|failed|forget|forgot|forgets|tire|tired|tires|grew "
        r"tired|get tired|miss|misses|missed)\b",
        r"(?:\bnot|n't) (?:only|just|merely|simply|solely|to mention|for nothing)\b",
        r"\bno (?:doubt|wonder|question|matter|one but|one else but|less than|longer than|other "
        r"than|mistake)\b",
        r"\bnone other than\b",
        r"\b(?:nothing|none|no one|nobody|no place|nowhere) (?:but|beats|beat|like|compares|better than)\b",
        r"\b(?:nothing|none|no one|nobody|nowhere)\b[^,.;]{0,30} (?:quite )?(?:like|as \w+ as)\b",
        r"(?:\b(?:nothing|none|no one|nobody|no|not|never)\b|n't\b)[^,.;]{0,40}"
        r"\b(?:more|better|dearer|rather|higher)(?: \w+){0,2} than\b",
        r"\bwouldn't (?:trade|swap|miss|change|sell|give up)\b|\bwhat's not to\b",
        r"\bno (?=[,.!?])|\bno$|\bno\. ?(?=\d|$)|\bgive or take\b",
        r"\bwithout (?:a |any )?(?:doubt|question|fail|hesitation)\b",
        r"\bwhy not\b|\bif not\b|\bnever mind\b|\bcan't help\b|\bcannot help\b|\bcan't wait\b|"
        r"\bdon't worry\b|\bdon't forget\b",
        r"\b(?:do not|don't|won't|can't|cannot) (?:mind|deny|hide|forget|worry|blame|be surprised|"
        r"tell anyone)\b",
        r"(?:\bnot|n't) (?:ashamed|afraid|shy|embarrassed|too proud)\b",
        r"\bnot (?:far|long) (?:from|ago|after|before)\b|\bnot (?:before|until|till)\b|\b(?:rain "
        r"or shine|day or night|sooner or later|more or less|one way or another|like it or not)\b|"
        r"\bnot bad\b|\bwhether or not\b|\bbelieve it or not\b",
        r"\b(?:aren't|isn't|don't|didn't|wasn't|doesn't|haven't) (?:i|it|you|he|she|they|we)\b(?=[?,])",
    ),
    negator=phrases(
        r"\b(?:not|never|no|nor|neither|none|nobody|nothing|nowhere|without|cannot|hardly|barely|scarcely)\b",
        r"n't\b",
        r"\b(?:dont|isnt|wasnt|doesnt|didnt|cant|wont|arent|havent)\b",
        r"\bhave yet to\b|'ve yet to\b|\black(?:s|ed)?\b|\binstead of\b|\brather than\b|\bfar "
        r"from\b|\banything but\b|\bother than\b|\bunlike\b|"
        r"\bapart from\b",
        r"\brefus(?:e|ed|es) to\b|\bden(?:y|ied|ies)\b|\bstopped being\b|\bg[ia]ve(?:n)? up\b|\bquit "
        r"being\b|\bpretend(?:s|ed|ing)?\b",
    ),
    turner=phrases(
        r"\bwho (?:says|said|told you)\b|\bwho would\b|\bas much "
        r"as\b|\bgoes by\b|\bexcept\b|\bbesides\b"
    ),
    denied_directly_before=phrases(
        r"\brather [^.,;]{1,20} than [^.,;]{0,20}$",
        r"\b(?:more|better|rather) than (?:an? |the |my )?$",
        r"\b(?:not|never|no|nor|anything but|far from being) (?:an? |the |my )?(?:\w+ )?$",
    ),
    denied_directly_after=phrases(
        r",? but (?:not any ?more|no longer|i'm not|i am not|i quit)\b",
        r"\s*(?:,\s*)?i (?:am|was|do|did|have|'m) ?(?:not|n't)\b|\s*,?\s*i'm not\b",
        r"\s*\?+\s*(?:oh,? )?(?:no|never|not|nope|hardly|heavens|god)\b",
        rf"\s+{_BE_NOT} (?:my|for me|what|who|where|something|one|it|me|true|right|among)\b",
    ),
    naming=phrases(r"\s*(?:is|was) (?:his|her|its|their|the|my) name\b"),
    dislike=phrases(
        r"\b(?:hate[sd]?|dislike[sd]?|detest(?:s|ed)?|loathe[sd]?|despise[sd]?|can't (?:stand|"
        r"bear)|cannot (?:stand|bear)|sick of|tired of)\b"
    ),
    negative_question=phrases(
        r"\b(?:not|never|no|avoid|hate|dislike|detest|loathe|fear|afraid|allergic|forbidden|regret|"
        r"refuse|worst|least|without|missing|lack)\b|n't\b|\b(?:hard|unable) to (?:stand|bear)\b"
    ),
    rhetorical=phrases(
        r"\bwhat's not to\b",
        r"\bdid you know\b",
        r"\bwho (?:says|said|told you)\b",
        r"\bwhat else\b",
        r"\bhow could i\b",
        r"\bwhy wouldn't\b",
    ),
    denying_question=phrases(r"\bwho (?:says|said|told you)\b", r"\bhow could i (?:ever )?be\b"),
    asks_back=phrases(
        r"\byou(?:'re| are)? (?:just )?(?:ask|asked|asking|wonder|wondering|want to know)(?: me)? "
        r"(?:if|whether|what|where|who|why|how|when)\b",
        r"\b(?:are|were) you asking\b|\b(?:did|do) (?:you|i) (?:say|mean|ask)\b|\bdo you think\b|\bwhether\b",
    ),
    tag_question=phrases(
        r"(?:and )?(?:you|yourself|you know|okay|ok|al(?:l )?right|happy(?: now)?|satisfied|right|see|understand|"
        r"remember|eh|huh|no|isn't "
        r"it|aren't i|don't you think|what about you|how about you|you see)\??$",
        r"(?:have|do|are|did|can|would|will|could|isn't|aren't|don't|didn't|haven't|wasn't|doesn't|know|"
        r"and you|what|how|why|(?:you )?ever) .*$",
    ),
    yes=phrases(
        r"\W*(?:oh,? )?(?:yes|yeah|yep|aye|of course|certainly|indeed|naturally|sure|that's right|"
        r"exactly|absolutely|correct|always)\b",
        r"\W*[a-z]{3,}s me\b",
    ),
    alternative_before=phrases(
        rf"\bor {_DETERMINER}$",
        rf"\beither {_DETERMINER}(?:\w+ )?$",
        rf"\b(?:could|might|may) be [^.?!]{{1,60}}?, (?:it )?(?:could|might|may) be {_DETERMINER}$",
    ),
    alternative_after=phrases(
        r",? or (?!(?:do|did|does|are|is|was|can|have|would|will|who|what|where)\b|so\b|rather\b|as\b|if\b|"
        r"simply\b|just\b|more\b|less\b|two\b|at least\b|else\b|nothing\b|"
        r"thereabouts\b|\w+,? (?:for short|as )|[^.,!?]{0,24}for short)",
        r"(?:,\s+(?:\w+ ){0,3}\w+){1,8},? or\b",
        r", (?:it )?(?:could|might|may) be\b",
    ),
    hedge=phrases(
        r"\b(?:might|may|could|maybe|perhaps|possibly|probably|presumably|guess|suppose|either|"
        r"somewhere|something like|who's to say|take your pick)\b"
    ),
    clueless=phrases(
        r"\b(?:do not|don't|dont|can't|cannot|couldn't) (?:really |quite |exactly |honestly "
        r")?(?:know|remember|recall|say|tell|decide)\b",
        r"\bno idea\b|\bnot (?:so |quite |really |entirely )?(?:sure|certain)\b|\bwho knows\b|"
        r"\bwho's to say\b|\btake your pick\b|"
        r"\bhard to say\b|\bunsure\b|\bi forg[eo]t\b",
    ),
    belief=phrases(
        r"\bthe (?:\w+s|children|men|women) (?:think|thought|believed?|assumed?)\b",
        r"\b(?:some|people|he|she|my \w+|others|they|everyone|everybody|folks|many|most|rumou?r|"
        r"villagers|neighbou?rs) (?:\w+ ){0,2}?(?:say|says|said|think|thinks|thought|believe|"
        r"believes|claim|claims|assume|assumes|call|calls|guess|has it|take|takes)\b",
        r"\byou(?:'d| might| may| would| could) (?:think|guess|assume|expect|suppose|take me for|"
        r"mistake me for)\b|\bi(?:'m| am) "
        r"(?:often |sometimes )?(?:mistaken|taken) for\b",
    ),
    contrast=phrases(r"\bbut\b|\bhowever\b|\bthough\b|\byet\b|\bin truth\b|\bactually\b|\bin fact\b|\breally\b"),
    wish_question=phrases(r"\b(?:dreams?|dreamt|dreamed|wish|hope|want|wanted|would|like to|plan|grow up|ambition)\b"),
    reason_question=phrases(r"\bwhy\b|\bhow come\b|\breason\b"),
    unreal_before=phrases(
        r"\b(?:could|should|might|would) have (?:been|become) (?:an? |the )?$",
        r"\b(?:wanted|wants|told|urged|begged) me to (?:be|become) (?:an? |the )?$",
        r"\b(?:if|wish|as if|as though) (?:only )?i (?:were|was|had been) (?:an? |the |in |from |born in )*$",
        r"\bi(?:'d| would) (?:love|like) to be (?:an? |the )?$|\b(?:want(?:ed)?|dream(?:ed|t)? of|"
        r"hope[sd]?) (?:to be|to become|being|becoming) (?:an? |the )?$",
    ),
    unreal_after=phrases(r"(?!)"),
    glue=phrases(
        rf"\b(?:{'|'.join(sorted(ENGLISH_FUNCTION_WORDS))}|every|each|always|never|once|since|near|"
        rf"about|until|i've|i'll|i'd)\b"
    ),
    clause=phrases(r"(?!)"),
    separator=phrases(r"\s*[,;/]\s*(?:and\s|or\s)?", r"\s+(?:and|or|&)\s+"),
)
