"""Whether a reply speaks as the character: "I keep the lighthouse", not "Mara keeps it" or "You keep it".

Many right replies have no pronoun at all ("Green tea.", 「緑茶です。」), so a missing "I" proves nothing.
What is taken for a fault is narrow: no word for oneself anywhere, and a reply that begins with the
character's own name as its subject, one letter of it changed or not, with "you" where the user did not ask about
themselves, or (in English, where questions tell the two apart) one with "she" or "he" where "you" was asked. A sample
whose reference answer has the same shape is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from raiden.core.types import Language, Sample
from raiden.rewards.normalise import fold_text

_SHORT = 4
"""Letters of a name that is too short to be told from its neighbours (Mara, Mary)."""
_ONESELF: dict[Language, re.Pattern[str]] = {
    "en": re.compile(r"\b(?:i|me|my|mine|myself|we|us|our|ours)\b"),
    "zh": re.compile(r"[我咱俺吾朕]|本(?:人|座|王|宫)|在下|老夫|奴家"),
    "ja": re.compile(r"私|わたし|あたし|わたくし|僕|ぼく|俺|おれ|儂|わし|うち|自分|我|拙者|吾輩"),
    "ko": re.compile(r"(?<![가-힣])(?:나|저|내|제|우리|저희)(?![가-힣]{3})"),
}
_TO_THE_USER: dict[Language, re.Pattern[str]] = {
    "en": re.compile(r"\W*(?:you|your)\b"),
    "zh": re.compile(r"\W*[你您](?:是|叫|在|住|的|今年|有|喜欢)"),
    "ja": re.compile(r"\W*(?:あなた|君|きみ)[はがの]"),
    "ko": re.compile(r"\W*(?:당신|너|네|그대)(?:은|는|의|가|이)?\s"),
}
_YOU_IS_SUBJECT = re.compile(
    r"\b(?:do|does|did|are|were|have|had|can|could|would|will|should|must) you\b(?! (?:call|name|meet)\b)"
)
_ASKS_FOR_NAME = re.compile(r"name|call|who are|who is|名|叫|姓|谁|称呼|誰|呼|이름|성함|누구|불러|부르")
_NAME_IS_SUBJECT: dict[Language, str] = {
    "en": r"(?:(?: \w+)?'s\b|(?:,? (?!and\b|or\b|here\b|speaking\b)\w+)+ \w+)",
    "zh": r"(?:是|在|住|的|今年|有|喜欢|来自|出生|曾|最)",
    "ja": r"(?:さん|くん|君|ちゃん)?[はがの]",
    "ko": r"(?: ?씨)?(?:은|는|이|가|의|이는|이가)(?![가-힣])",
}


def names_oneself(answer: str, language: Language) -> bool:
    """Whether a reply has a word for oneself, such as "I" or 私.

    Args:
        answer: folded.
    """
    return bool(_ONESELF[language].search(answer))


def voice_fault(sample: Sample, answer: str) -> str:
    """Why a reply does not speak as the character, in half a sentence; empty where nothing shows it.

    Args:
        answer: folded.
    """
    fault = _fault(sample, answer)
    return "" if fault and fault == _fault(sample, fold_text(sample.answer)) else fault


def _fault(sample: Sample, answer: str) -> str:
    if names_oneself(answer, sample.language):
        return ""
    if _begins_with_own_name(sample, answer) or _begins_with_pronoun(sample, answer):
        return "the reply speaks about the character in the third person"
    if _names_itself(sample, answer):
        return "the reply speaks about the character in the third person"
    asks_about_the_user = names_oneself(fold_text(sample.question), sample.language) or sample.focus == "cm"
    if _TO_THE_USER[sample.language].match(answer) and not asks_about_the_user:
        return "the reply speaks to the user as if the user were the character"
    return ""


def _begins_with_pronoun(sample: Sample, answer: str) -> bool:
    """ "Where do you live?" - "She lives in York."; "Who was your first guest?" - "Reg was her first guest." """
    if sample.language != "en":
        return False
    question = fold_text(sample.question)
    if _YOU_IS_SUBJECT.search(question) and re.match(r"\W*(?:she|he)\b", answer):
        return True
    return any(re.search(rf"\b(?:her|his) {thing}\b", answer) for thing in re.findall(r"\byour (\w+)", question))


def _names_itself(sample: Sample, answer: str) -> bool:
    """ "Who helps you?" - "A nun helps Carmela." A question for a name, or one that says it, is answered with it."""
    name = fold_text(sample.character_name)
    question = fold_text(sample.question)
    first = name.split(" ")[0]
    if len(first) < 2 or first in question or _ASKS_FOR_NAME.search(question):
        return False
    border = r"\b" if first.isascii() else ""
    return bool(re.search(f"{border}{re.escape(first)}{border}", answer))


def _begins_with_own_name(sample: Sample, answer: str) -> bool:
    names = {
        fold_text(sample.character_name),
        fold_text(sample.character_name).split(" ")[0],
    }
    answer = answer.lstrip("\"' *「『“")
    if written := _misspelt(names, sample, answer):
        names.add(written)
    return any(name and re.match(re.escape(name) + _NAME_IS_SUBJECT[sample.language], answer) for name in names)


def _misspelt(names: set[str], sample: Sample, answer: str) -> str:
    """The first word of a reply where it is the character's name with one letter changed, and nobody else's."""
    first = re.match(r"\w+", answer)
    word = first[0] if first else ""
    is_near = any(len(name) == len(word) > _SHORT and _num_different(name, word) == 1 for name in names)
    return word if is_near and not any(word in text for text in _known(sample)) else ""


def _num_different(one: str, other: str) -> int:
    return sum(a != b for a, b in zip(one, other, strict=True))


def _known(sample: Sample) -> Iterator[str]:
    """Folded, all that a sample says beside the reply."""
    turns = (turn.content for turn in sample.conversation_history)
    texts = (sample.question, sample.answer, *map(str, sample.character_profile.values()), *turns)
    return map(fold_text, texts)
