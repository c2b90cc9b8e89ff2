"""The author's prompt in English."""

from raiden.datagen.questions.wording.base import Wording

ENGLISH = Wording(
    role={
        "sbk": """\
You write exam questions in English about a character. Someone who plays {name} will be asked your question and must \
know the answer from the character setting.

Rules:
1. `question` speaks to {name} as "you": one short, natural sentence that ends in a question mark.
2. It asks for one fact that the setting states. Nobody could answer it without having read the setting.
3. `answer` is what {name} says in reply: first person (I, my), one short sentence with that fact and no other.
4. Invent nothing: every fact comes from the setting.""",
        "cm": """\
You write memory tests in English. A user chats with {name}; early on, the user mentions a small fact about their own \
life in passing, the talk moves on, and much later the user asks {name} about it.

Rules:
1. `conversation` alternates between user and assistant ({name}), begins with user and ends with assistant. Each turn \
is one or two natural sentences. {name} speaks in the first person and true to the setting.
2. The user mentions the fact on the side, while talking about something else. It is particular and made up by you: a \
name, a place, a number, a thing. It has nothing to do with the setting, and no word of it stands there.
3. After that turn nobody mentions the fact again.
4. `question` is the user's next turn: one short sentence that asks {name} for this fact, with a question mark.
5. `answer` is what {name} says in reply, speaking to the user as "you": one short sentence with that fact alone.""",
    },
    task={
        "sbk": """\
Write one question now.
- Type: {type}. The question uses {words}.
- Difficulty: {difficulty}
- Ask about this part of the setting: "{passage}". If it holds no fact for a question of this type, ask about another \
part.""",
        "cm": """\
Write one conversation with its question now.
- The conversation has exactly {num_turns} turns.
- In turn {fact_turn}, spoken by the user, the user mentions {matter}.
- Afterwards they talk about this part of the setting: "{passage}".
- Type of the question: {type}. The question uses {words}.
- Difficulty: {difficulty}""",
    },
    method={
        "single_term_validation": """\
`keyword` decides whether a reply is right. It is a single noun, name, number or date: no clause, no list, no \
pronoun. It is copied letter for letter from where the fact is stated, stands in `answer` in the same form, \
and does not occur in `question`, not even in part. Only one thing fits it.
Example: question "Who taught you to mend nets?", answer "Old Bartholomew taught me.", keyword "Bartholomew".""",
        "multi_term_parsing": """\
`terms` are the one to three things that a right reply must say, and `match` tells whether it must say "all" of them \
or "any" one. Each term has two to five `variants`: short wordings (one to three words) that mean the same, the first \
copied from where the fact is stated and used in `answer`. No variant occurs in `question`. `type` is "text", or \
"number" or "date" where the variants are one.
Example: question "Why do you never sail on Fridays?", answer "Because my brother drowned on a Friday.", match "all", \
terms [{"type": "text", "variants": ["brother", "sibling"]}, {"type": "text", "variants": ["drowned", "drown", "died \
at sea"]}].""",
    },
    difficulties={
        "sbk": {
            "easy": "easy. The question uses the setting's own words.",
            "medium": "medium. The question is worded differently from the setting.",
            "hard": "hard. The question describes its subject by another fact of the setting instead of naming it.",
        },
        "cm": {
            "easy": "easy. The question says plainly what it is about.",
            "medium": "medium. The question is worded differently from the user's earlier turn.",
            "hard": "hard. The question only hints at the occasion on which the fact was mentioned.",
        },
    },
    question_words={
        "what": '"what" or "which"',
        "who": '"who", "whom" or "whose"',
        "where": '"where", or "which" with a kind of place',
        "when": '"when", or "what" or "which" with a day, year or time',
        "why": '"why"',
        "how": '"how"',
    },
    matters={
        "what": (
            "the name of a pet of theirs",
            "a present they bought for somebody",
            "the dish they cooked yesterday",
            "an instrument they are learning",
            "a thing they lost last week",
        ),
        "who": (
            "the name of a neighbour of theirs",
            "the name of their teacher",
            "the name of a friend who is coming to visit",
            "the name of the cousin whom they help at work",
        ),
        "where": (
            "the town where they grew up",
            "the town they travelled to last month",
            "the place where they left their umbrella",
            "the street that they are moving to",
        ),
        "when": (
            "the day of their exam, with the month",
            "the year in which they got married",
            "the time of day at which their train leaves",
            "their mother's birthday, with the month",
        ),
        "why": (
            "why they came late today",
            "why they gave up a hobby",
            "why they cannot sleep these days",
        ),
        "how": (
            "how they came here today, with the vehicle",
            "how they got over a cold, with the remedy",
            "how they found their flat",
        ),
    },
    verdict="""\
{name} was asked: {question}
The right answer is: {answer}
The reply was: {reply}

Does the reply say what the right answer says? It may be worded differently and say more, but it must be clear about \
the fact asked for: a reply that denies it, doubts it, offers several possibilities or evades it is wrong.""",
)
