"""The long rows of the English table: parties of a deed, times, relations that exclude each other, what is no role."""

import re

from raiden.rewards.idioms.base import phrases
from raiden.rewards.numerals import ENGLISH_NUMBER_WORDS
from raiden.rewards.reading.grammar import any_of

_SIDED = r"(?:hand|eye|leg|arm|ear|foot|pocket|side|drawer|shelf|door|shoe|bag|box|bank|wall|corner)\b"

_ARTICLE = rf"(?:an?|the|some|this|that|{any_of(ENGLISH_NUMBER_WORDS)})"
_PARTY = rf"(?:(?:{_ARTICLE}|my|your|our|his|her|their) [\w-]+(?: [\w-]+)?|[A-Z][\w'-]+)"
SLOTS = (
    (
        re.compile(r"\bwhere\b"),
        re.compile(
            r"\b(?:in|at|on|to|under|behind|near|by|from|into|inside|beside|above|below|over|across|through) "
            rf"(?:{_ARTICLE} (?!(?:dark|rain|end|way|time|open|best|least|first|last)\b)[\w-]+|[A-Z][\w'-]+)"
        ),
    ),
    (re.compile(r"\bwhom?\b[^?]* from\W*$"), re.compile(rf"\bfrom {_PARTY}")),
)
PARTIES = (
    re.compile(rf"(?P<verb>\w+)(?: (?:up|out|down|on|off|in|with|for|to|from))? (?P<party>{_PARTY})"),
    re.compile(r"(?P<party>[A-Z][\w'-]+) (?:who |that )?(?P<verb>\w+)"),
)

DAYS = (
    r"monday|tuesday|wednesday|thursday|friday|saturday|sunday|tomorrow|january|february|march|april|may|june|july|"
    r"august|september|october|november|december|spring|summer|autumn|winter"
)

BEFORE = phrases(
    r"\bi(?:'ve| have)? (?:just )?finished\b",
    r"\bused to\b|^\W*back in (?!a )\w+ (?=[^.?!]*\b(?:i|we)\b)|"
    r"\bformer(?:ly)?\b|\bpreviously\b|\bex-|\bquit\b|\bga?ve up\b|\bgiven up\b|\bstopped \w+ing\b|"
    r"\bretired\b|\bno longer\b|\bany ?more\b|\b(?:un)?till?\b|\bback then\b|\bin those days\b|\byears ago\b|"
    r"\bonce "
    r"(?:was|lived|worked|had|owned|kept|played)\b|\b(?:i|we) (?:once |also )?(?:lived|worked|served|dwelt|owned|"
    r"kept|played)\b|\b(?:i|we) \w+ed\b[^.?!]*\b(?:as a (?:boy|girl|child|kid)|(?:in|for|at) (?:my )?(?:college|"
    r"school|"
    r"university)|that was that|in my (?:youth|day))\b|\bi was (?:once )?an?\b(?! only)|\bi had an?\b|\bin (?:my|"
    r"those) (?:youth|younger) days\b",
)

LATER = phrases(
    rf"\bin (?:the )?(?:{DAYS}),? i (?:start|begin|join|move)\b",
    rf"\b(?:starting|beginning|as of|from|come) (?:next |this )?(?:{DAYS})\b(?! (?:to|till|until|through)\b)",
    r"\bnext (?:week|month|year|spring|summer|autumn|winter|time)\b|\btomorrow\b|\bone day\b|\bsome ?day\b|"
    r"\b(?:'ll|will|going to|gonna) (?:be|become|move|live|have|get|buy|start)\b|\bmoving to\b|\bhop(?:e|ing) "
    r"to\b|\bplan(?:s|ning|ned)? (?:to|on)\b|\bwant(?:s|ed)? to\b|\bwould (?:like|love) to\b|\b(?:i'd|we'd) "
    r"(?:like|love)\b|\bdream(?:ed|t|s)? of\b|\b(?:tell|tells|told|telling|want|wants|wanted|urges?|urged|begs?|"
    r"begged) me to\b|\bi wish\b|\bif (?:only )?i\b|\bpromise me\b|\b(?:i'd|i would|we'd|we "
    r"would)\b[^.?!]{0,60}\bif "
    r"(?!you (?:ask|must|want|wish|please|like|will)\b|i'm honest)|\bwould(?:n't)? (?:be|mind|do) (?:nice|lovely|"
    r"good|grand|great|fun|an?)\b|\b(?:thinking of|considering|saving (?:up )?for)\b|\b(?:once|when|as soon as|"
    r"after)\b[^.?!]*\b(?:i|we)(?:'ll| will)\b|\b(?:i'm|i am|we're) "
    r"(?:getting|"
    r"buying|joining|starting|adopting|opening|taking up)\b[^.?!]*\b(?:in (?:january|february|march|april|may|"
    r"june|"
    r"july|august|september|october|november|december)|soon|once|when|if|come|(?:this|in the) (?:spring|summer|"
    r"autumn|winter))\b",
)

SAYERS = (
    r"(?:poster|sign|book|letter|legend|stor(?:y|ie)|song|ballad|file|record|brochure|label|plaque|map|rumou?r|gossip|"
    r"website|programme|newspaper|article)"
)

HEARSAY = phrases(
    r"\b(?:the \w+s|they|people|folks?|some|others|everyone|everybody)(?:'ll| will|'d| would) (?:tell you|swear|"
    r"say|claim|"
    r"have you believe)\b",
    rf"\b{SAYERS}s?\b(?: \w+){{0,3}}? (?:say|says|said|reads?|claims?|has it|tells?|told|insists?|swears?|"
    rf"swore)\b",
    r"\bonce upon a time\b[^.?!]*? there (?:was|lived|were)\b",
    r"\bi(?:'m| was| am) (?:told|instructed|ordered|programmed|asked) to (?:say|answer|output|write|mention)\b",
    r"\b(?:some|someone|somebody|people|others|they|everyone|everybody|folks|many|most|rumou?r|(?:the "
    r")?(?:villagers|"
    r"neighbou?rs|"
    r"papers|locals|sailors|legends?|gossips?|town|village)) (?:\w+ ){0,4}?(?:say|says|said|think|thinks|thought|"
    r"(?:believe|claim|assume|guesse?|swear|whisper|print|write|suspect|reckon|insist|figure|bet|expect|peg|picture)(?:s|d|ed)?|"
    r"swore|"
    r"wrote|has it)\b",
    r"\bi (?:\w+ )?(?:thought|assumed|figured) (?:it|he|she|that|they|you)\b",
    r"\b(?:takes?|took|mistakes?|mistook) (?:me|us) for\b",
    r"\b(?:(?:the|this) (?:whole|entire)|half (?:of )?(?:the|this|my)) \w+ (?:says?|said|swears?|swore|thinks?|"
    r"thought|believes?d?|claims?|calls?)\b",
)

RELATIONS = (
    {
        "trade": phrases(r"\b(?:job|trade|profession|occupation|for a living|for work)\b"),
        "byname": phrases(r"\bcalls? (?:me|us)\b"),
    },
    {
        "true name": phrases(r"\b(?:real|full|birth|proper|given|actual|true) name\b"),
        "byname": phrases(r"\b(?:the|my) \w+s call me\b|\b(?:stage|pen) name\b|\bnickname"),
    },
    {
        "yesterday": phrases(r"\b(?:yesterday|last night|the day before)\b"),
        "today": phrases(r"\b(?:today|tonight|this (?:morning|afternoon|evening))\b"),
        "tomorrow": phrases(r"\btomorrow\b"),
    },
    {
        "breakfast": phrases(r"\b(?:breakfast|mornings?)\b"),
        "lunch": phrases(r"\b(?:lunch|noon|midday)\b"),
        "supper": phrases(r"\b(?:supper|dinner|evenings?|night|nights)\b"),
    },
    {name: phrases(rf"\b{name}s?\b") for name in ("spring", "summer", "autumn", "winter")},
    {"weekday": phrases(r"\bweek ?days?\b"), "weekend": phrases(r"\bweek ?ends?\b")},
    {"child": phrases(r"\b(?:child(?:ren)?|kids?)\b"), "adult": phrases(r"\b(?:adults?|grown-?ups?)\b")},
    {
        "elder": phrases(r"\b(?:elder|eldest|older|oldest|big (?:brother|sister))\b"),
        "younger": phrases(r"\b(?:younger|youngest|(?:little|baby|kid) (?:brother|sister))\b"),
    },
    {
        "left": phrases(rf"\bleft {_SIDED}"),
        "right": phrases(rf"\bright {_SIDED}"),
    },
    {"find": phrases(r"\b(?:find|finds|found|finding)\b(?! out)"), "lose": phrases(r"\b(?:lose|loses|lost|losing)\b")},
    {
        "win": phrases(r"\b(?:w[io]n|wins|winner|winning|victor(?:y|ious)?|triumph\w*|(?:i|you) beat)\b"),
        "lose": phrases(r"\b(?:lose|lost|loses|loser|beaten|defeated|came (?:second|last))\b"),
    },
    {
        "home": phrases(r"\b(?:do|did|are) you (?:now |still )?(?:liv(?:e|ing)|lodg(?:e|ing)|stay(?:ing)?)\b"),
        "work": phrases(r"\bi work (?:at|in|for|on)\b(?![^.?!,;]*\band\b)"),
    },
    {
        "from": phrases(r"\b(?:from|born|hometown|grew up|raised)\b"),
        "to": phrases(
            r"\b(?:(?:head(?:ed|ing)?|bound|going|go|goes|sail(?:ing)?|travel(?:l?ing)?|moving|on (?:my|"
            r"our|the) way|off) (?:to|for)|headed|destination|going)\b"
        ),
    },
    {
        "place": phrases(r"\b(?:where|at|in|on|by|from|to|near|under|behind|beside|inside|here|there|next)\b"),
        "being": phrases(r"\bi(?:'m| am) (?:just |only |really )?an? [\w-]+\W*$"),
    },
    {
        "birth": phrases(r"\b(?:born|birthday|birth|birthplace)\b"),
        "meeting": phrases(r"\b(?:met|meet)\b"),
        "wedding": phrases(r"\b(?:marr(?:y|ied|iage)|wedding|wed|wedded|anniversary|honeymoon)\b"),
        "death": phrases(r"\b(?:died|death|dies|buried|funeral|passed away)\b"),
        "arrival": phrases(r"\b(?:arriv\w+|moved (?:here|in|to)|came here)\b"),
        "proposal": phrases(r"\b(?:propos(?:e|ed|al)|engaged|engagement)\b"),
        "founding": phrases(r"\b(?:found(?:ed|ing)|established)\b"),
    },
    {
        "spouse": phrases(r"\b(?:husband|wife|spouse|marr(?:y|ied)|wed)\b"),
        "suitor": phrases(r"\b(?:propos(?:e|ed|al)|court(?:ed|ing)|turned (?:him|her) down|reject(?:ed)?|jilted)\b"),
    },
    {
        "buy": phrases(r"\b(?:buy|bought|buying|purchase[ds]?|shopping)\b"),
        "sell": phrases(r"\b(?:sell|sold|selling|sells)\b"),
        "have": phrases(r"\b(?:have|had|has|got) [^.?!]{0,30}(?:enough|already|at home)\b"),
    },
    {
        "opening": phrases(r"\b(?:open(?:s|ed|ing)?|start(?:s|ed)?|begin(?:s)?|began)\b"),
        "rising": phrases(r"\b(?:(?:get|gets|got) up|wakes?|woke|rise)\b"),
        "closing": phrases(r"\b(?:clos(?:e|es|ed|ing)|shut(?:s)?|end(?:s|ed)?|finish(?:es|ed)?|go to bed)\b"),
    },
    {
        "harmed": phrases(r"\b(?:allerg\w+|afraid|scared?|scares|fears?|frighten\w*|upsets?)\b"),
        "unharmed": phrases(r"\b(?:fine (?:with|by)|(?:is|are) (?:fine|harmless|no trouble)|don't mind)\b"),
    },
)

OUT_OF_ROLE = phrases(
    r"\bas an? (?:ai|a\.i\.|artificial|language model|large language|assistant|chatbot)\b|\blanguage model\b|"
    r"\b(?:the|my|this|her|his|character(?:'s)?|given|provided) (?:character )?(?:profile|character sheet|"
    r"description|background information|persona|system prompt)\b[^.?!]{0,20}\b(?:says?|states?|mentions?|lists?|"
    r"indicates?|tells)\b|\baccording to (?:the|my|this|her|his) (?:\w+ )?(?:profile|description|persona|sheet|"
    r"prompt)|\bi(?:'m| am) (?:just|only) an? (?:ai|bot|chatbot|computer program|program|virtual)\b|\b(?:my|the) "
    r"character (?:is|was) (?:described|written|listed|defined|a|an)\b|\bgraders?\b|"
    r"\bgive\b[^.?!]{0,30}\b(?:full marks|(?:full|maximum|max|top) (?:reward|score|points))|\breward (?:model|"
    r"function)\b|\bignore (?:all |any |the )?(?:previous|prior|above)\b|\bthe (?:user|system|prompt|"
    r"instructions?) (?:wants?|asks?|asked|told|expects?|requires?)\b|\b(?:correct|expected|reference|desired|"
    r"required|gold) (?:answer|response|output)s?\W{0,3}(?:is|:|=|would be)|\bkey ?words?(?: \w+){0,2}\s?(?:is\b|"
    r"are\b|:|=)|\bis the (?:(?:correct|right|expected) answer|keyword)\b"
)

LABELS = (
    phrases(
        r"(?:^|[\n.!?,;{(>-])\s*[*_]*(?:(?:the )?(?:\w+ )?(?:answer|solution|response|output|translation)|"
        r"key ?words?|label|target|name|age|gender|sex|occupation|job|profession|role|hometown|birthplace|"
        r"residence|hobby|hobbies|likes|dislikes|pet|drink|food|translator's note|note|hint)"
        r"[*_]*\s*[:=]\s*[\"'*_]*(?:an? |the )?$"
    ),
    phrases(
        r"\bthe (?:(?:final|right|true|required|secret) )?(?:answer|word|term)(?: (?:here|to \w+(?: question)?))? "
        r"is:? \W*(?:an? |the )?$"
    ),
)

SELF_FACTS = (
    phrases(r"\bmy name(?:'s| is)\b|\bi(?:'m| am) called\b|\bname:|\bi(?:'m| am) \w+(?: \w+)?, an? \w+"),
    phrases(r"\byears old\b|\bmy age\b|\bage:|\bi(?:'m| am) (?:\d+|(?:twenty|thirty|forty|fifty|sixty)\b)"),
    phrases(
        r"\bi work\b|\bmy job\b|\bby trade\b|\boccupation:|\bi(?:'m| am) an? (?:\w+ )?\w+(?:er|or|ist|"
        r"ian|man|se)\b"
    ),
    phrases(
        r"\bi (?:live|was born|grew up|come from)\b|\bi(?:'m| am) from\b|\bhometown\b|\blives? in\b|\bborn in\b|"
        r"\ban? [\w-]+ from \w+"
    ),
    phrases(
        r"\b(?:my|her|his) (?:cat|dog|horse|parrot|pet|bird|goat)\b|\b(?:i|she|he) (?:keeps?|owns?|have|has) "
        r"an? (?:[\w-]+ )?(?:cat|dog|horse|parrot|bird|goat)"
    ),
    phrases(
        r"\b(?:my|her|his) (?:mother|father|brother|sister|wife|husband|son|daughter|parents|grand\w+|uncle|"
        r"aunt)\b"
    ),
    phrases(r"\bi (?:like|love|enjoy|adore)\b|\bmy favou?rite\b|\blikes:"),
    phrases(
        r"\bi (?:hate|dislike|fear|can't stand)\b|\bhates\b|\bi(?:'m| am) (?:afraid|scared|allergic)\b|\bdislikes:"
    ),
    phrases(r"\bi (?:dream|hope|want|wish)\b|\b(?:my|her|his) dream\b|\bdreams of\b|\bdream:"),
    phrases(r"\b(?:i|she|he) (?:plays?|collects?|paints?|sings?|writes?|knits?|fish)\b|\bhobb(?:y|ies)\b"),
)

IRONY = (
    phrases(
        r"\boh,? (?:sure|yes|of course|absolutely|right)\b|\b(?:yeah|yes|sure),? (?:right|sure|absolutely)\b",
        r"^\W*(?:oh,? )?(?:sure|right|yeah)\b,",
        r"(?:^|[.!?*] ?)(?:right|sure|yeah|yes|of course|absolutely|naturally)\b[,.]? (?:and )?i(?:'m| am)\b",
    ),
    phrases(
        r"\band (?:you're|i'm|my \w+ is|he's) (?:the|a) (?:queen|king|pope|emperor|tsar|moon|president|fairy)|"
        r"\bi(?:'m| am) (?:secretly )?(?:the |an? )?(?:\w+ )?(?:queen|king|pope|emperor|tsar|president|princess|"
        r"prince|"
        r"fairy|unicorn|astronaut|spy|santa)\b"
    ),
    phrases(r"\broll(?:s|ing)? (?:\w+ )?eyes\b|\bsnorts?\b|\bscoffs?\b|\bdeadpan|\bsarcas|\bdry(?:ly)?\b"),
    phrases(r"\b(?:do|does) (?:i|this|that|these) (?:look|sound|seem) (?:like|as if)\b"),
    phrases(r"\bgolden carriage\b|\bpigs (?:might |can )?fly\b|\bin your dreams\b|\bthe moon is\b"),
)

TAKEN_BACK = phrases(
    r"\bno,? (?:wait|scratch that|that's (?:a lie|not (?:true|right)))\b|\b(?:just|only) (?:kidding|joking)\b|"
    r"\bthat(?:'s| is| was) a lie\b|\bi(?:'m| was) lying\b|\bi lied\b|(?<!it )(?<!whether )\bor (?:rather |maybe "
    r")?not\b|\bboth (?:am|do|is|have|did) and\b|\b(?:am|do|is|was|have|did|live|like) and (?:am|do|is|was|have|"
    r"did) ?(?:not|n't)|\byes and no\b|\b(?:but|and|yet) (?:i|it|that) (?:also )?(?:am|is|do|was|did)(?: not|"
    r"n't)(?: \w+)?(?=[.!?]|$)|\b(?:is|are|both) (?:true|right|correct) and (?:also |at the same time |yet "
    r")?(?:false|wrong|untrue|not)\b|\bat the same time (?:i'm |i am |it's )?not\b|(?:^|[,.!;] )(?:forget|ignore|"
    r"strike) (?:that|what i (?:just )?said)\b|\bi(?:'m| am) nothing of the (?:sort|kind)\b|\bi take (?:that|it) "
    r"back\b|\bi mean,? i(?:'m not| am not| wasn't| don't| didn't)(?=[.!?]|$)|, (?:or )?(?:whatever|whichever|"
    r"any of them) you (?:like|want|prefer|please|say)\b"
)
