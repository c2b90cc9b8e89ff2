"""English relations that exclude each other (`Grammar.relations`)."""

from raiden.rewards.idioms.base import phrases

RELATIONS = (
    {
        "win": phrases(r"\b(?:w[io]n|wins|winner|winning|victor(?:y|ious)?|triumph\w*)\b"),
        "lose": phrases(r"\b(?:lose|lost|loses|loser|beaten|defeated|came (?:second|last))\b"),
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
