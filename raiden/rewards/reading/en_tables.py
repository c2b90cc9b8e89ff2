"""The long rows of the English table: relations that exclude each other, and what speaks out of the role."""

from raiden.rewards.idioms.base import phrases

_SIDED = r"(?:hand|eye|leg|arm|ear|foot|pocket|side|drawer|shelf|door|shoe|bag|box|bank|wall|corner)\b"

RELATIONS = (
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
        "win": phrases(r"\b(?:w[io]n|wins|winner|winning|victor(?:y|ious)?|triumph\w*)\b"),
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
        "opening": phrases(r"\b(?:open(?:s|ed|ing)?|start(?:s|ed)?|begin(?:s)?|began|get up|wake up)\b"),
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
