"""English persons, times and relations."""

import re

from raiden.rewards.idioms.base import phrases
from raiden.rewards.irregular import IRREGULAR_FORMS
from raiden.rewards.numerals import ENGLISH_NUMBER_WORDS
from raiden.rewards.reading.en_tables import (
    BEFORE,
    DAYS,
    HEARSAY,
    IRONY,
    LABELS,
    LATER,
    OUT_OF_ROLE,
    PARTIES,
    RELATIONS,
    SAYERS,
    SELF_FACTS,
    SLOTS,
    TAKEN_BACK,
)
from raiden.rewards.reading.grammar import NEVER, Grammar, any_of, broader, families, word_of

KIN = families(
    "mother mum mom mama ma mummy mommy mam; father dad da papa pa daddy pop; sister sis; brother bro; "
    "grandmother grandma gran granny nana nan; grandfather grandpa granddad grandad gramps; son boy lad; "
    "daughter girl lass; wife missus; husband hubby; aunt auntie aunty; uncle; cousin; nephew; niece; twin; "
    "granddaughter; grandson; child kid baby; friend mate pal; neighbour neighbor; boss employer; teacher tutor; "
    "master mentor; colleague coworker; roommate flatmate; apprentice; landlord landlady; captain; partner fiance "
    "fiancee; boyfriend; girlfriend; stepmother; stepfather; godmother; godfather; family parents folks; editor"
)
_KIN = rf"(?P<kin>{any_of(KIN)})s?\b"
_NOMINATIVE = r"(?:i|he|she|we|they)(?:'(?:m|s|re|ve|ll|d))?"
_REPORT = (
    r"(?:say|says|said|think|thinks|thought|believe|believes|know|knows|knew|remember|guess|suppose|swear|hear|heard|"
    r"told (?:me|you)|telling (?:me|you)|tells me|mean|reckon|bet)"
)
_NO_SUBJECT_BEFORE = (
    r"of|to|with|at|in|from|by|for|on|into|after|before|than|like|as|am|is|was|were|are|i'm|have|has|had|met|love|"
    r"loved|saw|gave|got|told|asked|call|calls|called|named|said|married|lost|won|miss|keep|kept|take|took"
)
_SUBJECT = (
    rf"^\W*(?:it(?: was| is|'s) (?=(?:my|your|our) (?:\w+ )?(?:{any_of(KIN)})\s*$))?"
    rf"(?:(?!(?:{_NO_SUBJECT_BEFORE})\b)[\w'-]+\W+){{0,4}}?"
    rf"(?:(?:(?:my|our|your|his|her|their|the|this|that|old)\s+)?(?:(?!(?:of|in|is|was)\b)[\w-]+\s+){{0,2}}?{_KIN}|"
    r"(?P<self>i|my)\b|(?P<user>you|your|yours)\b|(?P<third>he|she|they|his|her|hers|their|theirs|who|mine)\b|"
    r"(?P<people>somebody|someone|people|everyone|everybody|others|(?:the )?(?:villagers|papers|neighbours|others|"
    r"locals)|(?:the|that|some) (?:\w+ )?(?:man|woman|fellow|bloke|guy|chap|lady|gentleman|student|stranger|lodger|"
    r"tenant|customer|guest|people) (?:upstairs|downstairs|next door|across|at|in|from|over|who|down|up))\b|"
    r"(?P<thing>we|our|ours|it|that|this|there|these|those|what)\b"
    r"(?! (?:days?|mornings?|evenings?|nights?|weeks?|months?|years?|spring|summer|autumn|winter|times?)\b))"
)
_PAST = {form for forms in IRREGULAR_FORMS.values() for form in forms if not form.endswith("s")}

_NO_THING = (
    r"i|you|he|she|it|we|they|there|that|this|these|those|one|what|where|how|who|when|why|which|not|all|"
    r"name|names|price|cost|answer|truth|rest|thing|only|best|worst|same|first|last"
)

ENGLISH = Grammar(
    cut=phrases(
        r"[;:()\"]+|\s-+\s|-{2,}|\.{2,}|…",
        r",\s+(?:(?:and|but|so|or)\s+)?",
        r"\s(?=(?:but|because|while|though|although|whereas|which|who|since)\b)",
        rf"\s(?=(?:and |so )?(?:(?:if|when) )?{_NOMINATIVE}\s)(?<!\b(?:where|which|while|since)\s)"
        r"(?<!\b(?:what|that|when)\s)(?<!\b(?:who|but)\s)(?<!\bif\s)"
        r"(?<!(?:because|whereas)\s)(?<!though\s)(?:and |so )?",
        r"\sand\s(?=(?!(?:then|also|just|even|finally|never)\b)"
        rf"[a-z]+ (?:{any_of(_PAST)}|[a-z]+ed) (?:the|an?|my|me)\b)",
        rf"\s(?:and|but|then)\s(?=(?:{any_of(_PAST)}|[a-z]+ed) "
        r"(?:the|an?|my|your|his|her|our|their|me|him|it|them|in|at|on|to|into|from|with|up|down|out|off|for|"
        rf"{any_of(ENGLISH_NUMBER_WORDS)})\b)",
        r"\sand\s(?=(?:the |my |an? )?(?:[a-z]+ ){1,2}(?:with|for|to|from) (?:my|the|an?|your|our|his|her)\b)",
        rf"\sand\s(?=(?:the |my |an? )?[a-z]+ (?:at|in|for|from) (?:{any_of(ENGLISH_NUMBER_WORDS)}|\d))",
        r"\sand\s(?=(?:my|you|your)\b|the \w+(?:'s|(?: up| down)? (?:is|was|takes?|costs?))\b)",
        rf"\b{_REPORT}(?: that)?\s(?=(?:my|your|you|the|it|it's|that)\b)",
    ),
    subject=phrases(_SUBJECT),
    owns=re.compile(
        r" |'s (?!\w+ing\b|an?\b|the\b|my\b|called\b|named?\b)"
        r"(?:(?!(?:of|to|in|at|with|by|on|from|about|been|not|still|always)\b)[\w-]+ ){0,3}"
    ),
    copula=re.compile(r" (?:is|was|are|were|means?) (?:(?:the|an?|my|our) )?"),
    last_subject=False,
    turn=re.compile(r"\W*(?:but|actually|in truth|in fact|really)\b"),
    kin=KIN,
    kin_word=word_of(KIN, latin=True),
    broader=broader("child: son daughter; family: mother father; partner: wife husband boyfriend girlfriend"),
    synonyms=families(
        "usa u.s. u.s.a. america united_states; uk u.k. britain united_kingdom; autumn fall; doctor physician doc; "
        "lift elevator; flat apartment; torch flashlight; biscuit cookie; football soccer; rubbish trash garbage; "
        "holiday vacation; sofa couch; tap faucet; jumper sweater; prawn shrimp; postman mailman; chemist pharmacist; "
        "aubergine eggplant; spectacles glasses; seaside beach; attorney lawyer; film movie; lorry truck; sweets "
        "candy; dollars bucks; dollar buck; pounds quid; bike bicycle; rabbit bunny; photo photograph picture"
    ),
    abbreviations=(),
    split_name=(NEVER, NEVER),
    other_senses=(
        (re.compile("may"), NEVER, re.compile(r" (?:i|you|we|he|she|they|it|be|have|as well)\b"), NEVER),
        (re.compile("blue"), re.compile(r"\bfeel(?:s|ing)? $|\bfelt $|\bout of the $"), NEVER, re.compile(r"\bfeel")),
        (re.compile("green"), re.compile(r"\bturn(?:s|ed)? $"), re.compile(r" with envy"), NEVER),
        (re.compile("bow"), re.compile(r"\b(?:takes?|took|with) an? (?:\w+ )?$"), NEVER, NEVER),
        (
            re.compile("bear|duck|fly|seal|hawk|crane|swallow|bat|ram|badger|hound|fish|squash|jam"),
            re.compile(r"\b(?:to|can't|cannot|i|could|i'll|let me|let us|let's|don't) $"),
            NEVER,
            re.compile(r"\b(?:do|doing|hobby|spend|like to)\b"),
        ),
        (
            re.compile("date|plum|apple"),
            re.compile(r"\b(?:first|blind|a|my|our|his|her) $"),
            re.compile(r" with|'s eye| of (?:my|his)"),
            NEVER,
        ),
        (re.compile("orange|apple"), NEVER, re.compile(r" (?:phone|laptop|watch|computer)s?\b"), NEVER),
    ),
    of_self=phrases(r"\b(?:i|i'm|i've|i'd|i'll|me|my|mine|myself|us|we|our|ours)\b"),
    third=phrases(r"\b(?:he|she|they|him|her|his|their|he's|she's|they're)\b"),
    speaks_up=phrases(r"(?:but |and |so |me, )?i (?!didn't|don't|wasn't|never|couldn't)\w+ "),
    nobody_asked=phrases(
        r"^\W*(?:and |so )?(?:where|when) (?:do|did|are|is|was|were|have|had|can|should|will) (?:you|i)\b"
        r"(?! (?:say|tell|think)\b)"
    ),
    third_person=phrases(r"\W*(?:he|she)(?:'s)?\b"),
    third_owner=phrases(r"(?<!\bcall )(?<!\bcalled )(?<!\bnamed )\b(?:his|her|their) (?:[\w-]+ )?$"),
    self_owner=phrases(r"\bmy (?:[\w-]+ ){0,2}$"),
    mine=phrases(r"\bmy [\w-]+"),
    yours=phrases(r"\byour [\w-]+"),
    on_self=phrases(r"\b(?:me|us)\b"),
    asks_object=phrases(
        r"\bwhat (?:did|do|have) you (?:give|bring|send|sell|buy|lend|make|cook|bake|find|take|steal|eat|drink)\b"
        r"(?![^?]* (?:for|from|to|with|by|at|about|of|on|in)\W*$)"
    ),
    oblique=phrases(r"\W*(?:for|from|to|with|by) (?:(?:the|an?|some|my|your) )?"),
    does_so=phrases(r" (?:did|does)(?: (?:it|that|so))?(?=[.,!])"),
    anaphor=phrases(r"\b(?:it|them|that|this|one)\b"),
    passive=phrases(
        r"\b(?:by|get|gets|got|have|has|had|receive\w*|let|lets|ask|asks|"
        r"(?:was|were|been) (?:given|\w+ed|taught|told))\b"
    ),
    of_user=phrases(r"\b(?:you|your|yours|yourself|you're|you've|you'd|you'll)\b"),
    self_state=phrases(
        r"\b(?:i'm|i am|i was|i(?:'ve| have) (?:to|been)|my \w+ (?:is|was|are|were|has|have|had)) ", r"\bmy \w+'s "
    ),
    impersonal_you=phrases(
        r"\byou(?:'d| would|'ll| will| can| could| may| might| must| should| see| know| need| want| mean)\b|"
        r"\bif you\b|\bwhen you\b|\byou ask\b|\bthank you\b|\bask(?:ed)? me\b"
    ),
    drops_you=False,
    question_form=phrases(
        r"^\W*(?:(?:and|but|or|so|well|now)\W+)*(?:who|what|where|when|why|how|which|whose|do|does|did|are|is|am|was|"
        r"were|have|has|can|could|will|would|shall|should|may|isn't|aren't|don't|didn't|doesn't|wasn't|won't|"
        r"haven't)\b"
    ),
    question_words=phrases(r"\b(?:who|whom|what|where|when|why|how)\b"),
    confirms=phrases(r"(?:n't|right|yes|no|huh|eh|correct)(?: (?:i|you|he|she|it|we|they))?\s*\?"),
    asked_person=phrases(
        rf"\b(?:(?:my|our|your|his|her|their|the|this|that)\s+)(?:(?!(?:of|in|is|was)\b)[\w-]+\s+){{0,2}}?{_KIN}|"
        rf"\b(?P<self>you|your|yours|you're|you've)\b|\b(?P<user>i|my|mine|i'm|i've)\b|"
        r"\b(?P<third>he|she|they|his|her|their)\b"
    ),
    topic=phrases(
        r"(?:^\W*(?:(?:and|but|while|though) )?(?P<definite>(?:the|my|our|your) )?|"
        r"\b(?:is|are|was|were|do|does|did|you) (?:(?:the|your|my|an?) )?|"
        r"\b(?:did|do|does) (?:you|i) \w+ (?:the|your|my|an?) )"
        rf"(?P<topic>(?!(?:{_NO_THING})\b)[a-z-]{{3,}})(?(definite)(?='s | [a-z]|\s*$)|(?= (?:is|are|was|were|costs?|"
        r"lasts?|takes?|answers|goes|came|called|named)\b|(?: down| up)?(?: takes?\b|\?)))"
    ),
    named_thing=phrases(
        rf" (?:is|was) (?:the|my|our) (?P<topic>(?!(?:{_NO_THING})\b)[a-z-]{{3,}})(?:'s name)?(?: and\b|[.,;!])"
    ),
    named_time=phrases(rf"\b(?:{DAYS}|tonight|christmas|easter|the weekend)\b"),
    counted=phrases(
        rf"\b(?:how many|\d+|{any_of(ENGLISH_NUMBER_WORDS)}) (?:[a-z]+ )??"
        r"(?P<thing>[a-z]{2,}s|children|people|men|women|mice|sheep|geese|fish)\b"
    ),
    until_then=phrases(r"\W*(?:and |but )?(?:until|till) then\b"),
    subordinate=phrases(r"\W*(?:because|since|so that|thanks to|due to|after(?! that| all)|when|while|who|which)\b"),
    cause=phrases(r"\b(?:because|since|so that|for the|for my|thanks to|due to|on account)\b"),
    slots=SLOTS,
    parties=PARTIES,
    asked_verb=phrases(
        r"\b(?:what|which)(?:\b[^?]*?\b(?:did|do|have) you| [a-z]+ (?:is|was|were|got)) "
        r"(?P<verb>\w+)\b(?! (?:to|about|think|for)\b)"
    ),
    advice=phrases(r"\b(?:should|shall|can|could|may|would|must) (?:i|we)\b"),
    advised_self=phrases(r"\bi (?:should|shall|can|could|may|would|must)\b"),
    frame=phrases(
        r"\b(?:do|can|could|did|would) you (?:still |even |happen to )?(?:remember|recall|know|remind me|tell me|"
        r"say|mention|guess)\b",
        r"\b(?:did|have|had) i (?:just |once )?(?:say|said|tell you|told you|mention|mentioned|tell)\b",
        r"\b(?:did|do|have) you (?:say|said|tell me|told me|mention|mentioned) (?:that )?",
        r"\b(?:tell|remind) me\b|\bi (?:told you|said|mentioned)\b|\bmay i ask\b|\bi wonder\b|\bdo you think\b",
    ),
    reported=phrases(
        r"\b(?:people|villagers|papers|they|everyone|neighbours|rumou?rs?|others|the \w+s|who|locals|"
        r"legend)\b[^?]{0,24}"
        r"\b(?:say|think|believe|blame|call|claim|write|print|suspect|accuse|assume|suppose|take you for)\b",
        rf"\b(?:on|in) (?:the|that|this|your) {SAYERS}\b",
        r"\b(?:do|does|did|would|will) (?!you\b|i\b|we\b)[^?]{1,30}? (?:say|think|believe|claim|swear|call|take)\b",
    ),
    seeks_subject=phrases(
        r"^\W*(?:and |so |but |well,? )?(?:who|which \w+)\b(?!'s| (?:is|was)\b(?! \w+ing\b)| am\b| are\b| were\b| "
        r"do\b| did\b| does\b| (?:would|will|can)\b(?= (?:you|i|we|he|she|they|your|my|the)\b)| have\b| has your\b|"
        r"\s+(?:i|you|we|he|she|they|my|your)\b)",  # "who did I say | I am?"
        r"^\W*(?:and |so )?what (?:happened|made|makes|keeps|kept|scares|stopped|helps|woke)\b",
    ),
    asks_who=phrases(r"\bwhom?\b|\bwhose\b"),
    values={
        "age": phrases(r"\bhow old\b|\b(?:your|my|his|her) age\b|\bwhat age\b"),
        "clock": phrases(
            r"\bwhat time\b|\bwhen (?:do|does|is|will|did)\b[^?]*\b(?:open|close|start|get up|wake|shut|"
            r"begin|leave|pick)"
        ),
        "duration": phrases(r"\bhow long\b|\bhow many (?:years|months|days|hours|weeks|minutes)\b"),
        "year": phrases(r"\b(?:what|which) year\b|\bwhen (?:did|was|were)\b"),
        "length": phrases(r"\bhow (?:tall|high|deep|wide|far)\b"),
        "count": phrases(r"\bhow many\b"),
        "price": phrases(r"\bhow much (?!(?:time|longer)\b)"),
    },
    asks_when=phrases(r"\bwhen\b|\b(?:what|which) (?:day|time|year|month|date)\b"),
    manner=phrases(r"\bwhy\b|\bhow come\b|\bhow (?:did|do|does|would|can|could|is|are|was|were|have|will)\b"),
    asks_before=phrases(
        r"\bused to\b|\bbefore\b|\bformer(?:ly)?\b|\bprevious(?:ly)?\b|\bonce\b|\boriginally\b|\bas a (?:child|boy|"
        r"girl)\b|\bwhen you were\b|\bg[ia]ve up\b|\bquit\b|\bin the past\b|\bstop(?:ped)?\b|\bin those days\b|"
        r"\bfirst\b|\bretire"
    ),
    asks_event=phrases(
        r"\b(?:did|was|were|had|happened|made|(?!called\b|named\b)\w+ed|came|got|won|lost|gave|told|taught|went|left)\b"
    ),
    asks_later=phrases(
        r"\b(?:will|going to|gonna|want|wants|would|hope|plan|plans|planning|dreams?|wish|next|tomorrow|"
        r"grow up|moving|getting|buying|starting|joining|adopting|saving|one day|headed|bound|later|tonight|ambition|"
        r"become|if)\b|'ll\b|'d like"
    ),
    before=BEFORE,
    now=phrases(r"\b(?:now|nowadays|these days|today|currently|at the moment|at present)\b"),
    later=LATER,
    supposed=(re.compile(r"\bif i (?:were|was|had been) (?:really |only )?(?:an? |the |your )?$"), re.compile("")),
    almost=phrases(
        r"\b(?:nearly|almost|supposed to|meant to|was going to|were going to|about to|tried to|(?:should|would|could) "
        r"have (?:been|gone|had|got|bought|\w+e[dn]))\b|\balways wanted\b|\b(?:this|so) close to \w+ing\b|\bwithin "
        r"an? (?:inch|hair|whisker)\b|"
        r"\bthought (?:about|of) \w+ing\b"
    ),
    relations=RELATIONS,
    offer=phrases(r"\b(?:want|wish|expect|hope|urge|raise|train)(?:e?d|s)? (?:me|us|you) (?:to|as)\b"),
    contrary=re.compile(
        r"(?P<if>\bif (?:only )?(?:i|we) (?:had|were|was|could|ever)\b[^.?!]*?\b(?:i|we)(?:'d| would)\b[^.?!]*)"
    ),
    opposites=({"before": phrases(r"\bbefore\b"), "after": phrases(r"\bafter\b")},),
    likewise=phrases(r"\b(?:too|also|as well)\b"),
    refusal=phrases(
        r"\b(?:refus\w+|declin\w+|reject\w*|turn(?:s|ed)? down|g[ia]ve(?:s|n)? up|quit|skip\w*|avoid\w*)\b"
    ),
    beside=(
        phrases(
            r"\b(?:across(?: the \w+)? from|opposite|next (?:door )?to|beside|near|facing|(?:a?round the corner|a "
            r"stone's "
            r"throw|(?:up|down) the (?:road|street)|two doors) from) (?:(?:the|an?|my|our) )?(?:\w+ )?$"
        ),
        NEVER,
        phrases(r"\bwhere\b[^?]*\b(?:work|job|study|teach|employed)"),
    ),
    beside_it=phrases(
        r"\b(?:i'm|i am|i live|i work|we're|we are|mine's|mine is|my \w+(?:'s| is)) [^.?!]{0,24}\b"
        r"(?:behind|past|beyond|opposite|across from|next (?:door )?to|above|below|near|beside|"
        r"(?:left|right|north|south|east|west) of) (?:it|that|there)\b"
    ),
    hearsay=HEARSAY,
    print_=phrases(
        r"\b(?:papers?|newspapers?|headlines?|posters?|book|song|legend|they|people|others?|rumou?rs?|"
        r"press|the \w+s)\b[^.?!]{0,24}"
        r"\b(?:print|prints|printed|say|says|said|write|writes|wrote|claim|claims|scream|screams|reads?)\b"
    ),
    work=phrases(
        r"\b(?:read|reads|reading|book|novel|story|stories|tale|poem|song|ballad|tune|album|lullaby|opera|play|film|"
        r"movie|chapter|sing|sings|sang|sung|singing|hum|humming|listen\w*|watch(?:ed|ing)?|wrote|write|writing)\b"
    ),
    bears_name=phrases(r"\b(?:name ?tag|badge|id card|business card|door ?plate|passport)\b"),
    irony=IRONY,
    scoff=phrases(
        r"\s*\?+\W*(?:pf+t|please|hah?a?|hardly|nah|bah|puh|ridiculous|nonsense|don't be|as if|you (?:must be|wish))\b"
    ),
    taken_back=TAKEN_BACK,
    out_of_role=OUT_OF_ROLE,
    labels=LABELS,
    self_facts=SELF_FACTS,
)
