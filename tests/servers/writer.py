"""A stand-in for a model: what it replies follows from the messages (and the seed) alone.

It knows the prompts of the project: an author's prompt gets a draft that passes the checks nearly always, a judge's
prompt a verdict, and a character's prompt an answer to the questions that it wrote itself. Its questions are clozes,
"What belongs in the gap of ...?": poor style, but they can be made from any profile and answered without a model.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import blake2b
from typing import Any

from raiden.core.types import LANGUAGES, Language
from raiden.datagen.questions.wording import WORDINGS
from raiden.rewards import japanese, korean

GAP = "____"
_SETTING = re.compile(r"<Character Setting>\n(.*?)\n</Character Setting>", re.DOTALL)
_NOT_KNOWN: dict[Language, str] = {
    "en": "I do not remember that.",
    "zh": "这个我记不清了。",
    "ja": "それは覚えていません。",
    "ko": "그건 기억나지 않아요.",
}
_ANSWER: dict[Language, str] = {
    "en": "My answer is {}.",
    "zh": "我的回答是{}。",
    "ja": "私の答えは{}です。",
    "ko": "제 대답은 {}입니다.",
}
_CLOZE: dict[Language, dict[str, str]] = {
    "en": {
        "what": 'What belongs in the gap of "{}"?',
        "who": 'Who belongs in the gap of "{}"?',
        "where": 'Where does the gap of "{}" take you?',
        "when": 'When is the gap of "{}" filled, in which year or season?',
        "why": 'Why is there a gap in "{}"?',
        "how": 'How would you fill the gap of "{}"?',
    },
    "zh": {
        "what": "“{}”这句话空着的地方该填什么？",
        "who": "“{}”这句话空着的地方该填谁？",
        "where": "“{}”这句话空着的地方说的是哪里？",
        "when": "“{}”这句话空着的地方说的是什么时候？",
        "why": "“{}”这句话为什么空着一处？",
        "how": "“{}”这句话空着的地方你会怎么填？",
    },
    "ja": {
        "what": "「{}」という文の空いたところには何が入りますか？",
        "who": "「{}」という文の空いたところにはだれが入りますか？",
        "where": "「{}」という文の空いたところはどこのことですか？",
        "when": "「{}」という文の空いたところはいつのことですか？",
        "why": "「{}」という文はどうして空いたところがあるのですか？",
        "how": "「{}」という文の空いたところをどうやって埋めますか？",
    },
    "ko": {
        "what": "'{}' 이 문장의 빈칸에는 무엇이 들어가나요?",
        "who": "'{}' 이 문장의 빈칸에는 누구가 들어가나요?",
        "where": "'{}' 이 문장의 빈칸은 어디를 말하나요?",
        "when": "'{}' 이 문장의 빈칸은 언제를 말하나요?",
        "why": "'{}' 이 문장에는 왜 빈칸이 있나요?",
        "how": "'{}' 이 문장의 빈칸은 어떻게 채우나요?",
    },
}
# What a user mentions: somebody's name, and what the call was about.
_FACT: dict[Language, str] = {
    "en": "{} rang me about {}.",
    "zh": "今天{}打电话来说{}的事。",
    "ja": "きょう{}から{}のことで電話がありました。",
    "ko": "오늘 {}한테서 {} 일로 전화가 왔어요.",
}
# What the two of them say besides: the user, the character.
_TALK: dict[Language, tuple[str, str]] = {
    "en": ("Let us talk about something else: the weather.", "I am glad that you are here."),
    "zh": ("我们聊点别的吧，比如天气。", "你能来，我很高兴。"),
    "ja": ("ほかの話をしましょう。いい天気ですね。", "来てくれてうれしいです。"),
    "ko": ("다른 이야기를 해요. 날씨가 좋네요.", "와 주셔서 저는 기뻐요."),
}
_SYLLABLES: dict[Language, str] = {
    "en": "bal dor fen gim hul jor kes lum mip nov pel rud sot tev vin wex zab",
    "zh": "雁 荻 樨 霁 茗 岚 澈 蔚 珂 缇 砚 翎 潆 璟 笙 黛",
    "ja": "バル ドモ フェナ ギム フル ジョラ ケス ルミ ミポ ノヴ ペレ ルド ソテ テヴ",
    "ko": "발렌 도르 페나 길모 훌란 졸라 케스 루멘 미포 노바 펠레 루디 소테 테비",
}
_ENGLISH_WORD = re.compile(r"\b(?:[A-Z][a-z]{3,}|[a-z]{6,})\b")


def write(messages: Sequence[Mapping[str, str]], seed: int, wrong_share: float = 0.0) -> str:
    """The reply to a conversation.

    Args:
        wrong_share: of the answers in character, chosen by messages and seed, how many do not know.
    """
    text = messages[-1]["content"]
    task = text.rpartition("</Character Setting>")[2].lstrip()
    for language in LANGUAGES:
        for focus, template in WORDINGS[language].task.items():
            if found := _pattern(template).match(task):
                return json.dumps(_draft(language, focus, found.groupdict(), messages), ensure_ascii=False)
        if found := _pattern(WORDINGS[language].verdict).match(text):
            return json.dumps({"right": found["reply"].strip() != _NOT_KNOWN[language]})
    return _answer(messages, seed, wrong_share)


@cache
def _pattern(template: str) -> re.Pattern[str]:
    """A pattern that takes the filled-in parts of a prompt out again."""
    names: set[str] = set()

    def group(match: re.Match[str]) -> str:
        name = match[1]
        if name in names:
            return f"(?P={name})"
        names.add(name)
        return f"(?P<{name}>.+?)"

    return re.compile(re.sub(r"\\\{(\w+)\\\}", group, re.escape(template)), re.DOTALL)


def _draft(
    language: Language, focus: str, task: Mapping[str, str], messages: Sequence[Mapping[str, str]]
) -> dict[str, Any]:
    draw = _digest(messages)
    if focus == "cm":
        keyword = _invented(language, draw)
        fact = _FACT[language].format(keyword, _invented(language, draw >> 32))
        filler = _TALK[language]
        turns = [filler[i % 2] for i in range(int(task["num_turns"]))]
        turns[int(task["fact_turn"]) - 1] = fact
        roles = ("user", "assistant")
        draft: dict[str, Any] = {"conversation": [{"role": roles[i % 2], "content": t} for i, t in enumerate(turns)]}
        sentence = fact
    else:
        draft = {}
        sentence, keyword = _choose(language, task["passage"], messages[-1]["content"], draw)
    draft["question"] = _CLOZE[language][task["type"]].format(sentence.replace(keyword, GAP))
    draft["answer"] = _ANSWER[language].format(keyword)
    if task["type"] in ("why", "how"):
        return draft | {"match": "all", "terms": [{"type": "text", "variants": [keyword]}]}
    return draft | {"keyword": keyword}


def _choose(language: Language, passage: str, prompt: str, draw: int) -> tuple[str, str]:
    """A sentence of the setting and a noun in it; of the passage where that has one."""
    setting = _SETTING.search(prompt)
    lines = setting[1].splitlines() if setting else []
    for text in (passage, *lines[1:], *lines[:1]):
        sentence = text.partition(": ")[2] or text
        nouns = _nouns(language, sentence)
        if nouns:
            noun = nouns[draw % len(nouns)]
            at = sentence.index(noun)
            # Its neighbourhood tells the question from others of this type.
            return sentence[max(0, at - 24) : at + len(noun) + 24].strip(), noun
    return passage, passage


def warm_up() -> None:
    """Loads the dictionaries, which takes seconds that no request should wait for."""
    for language in LANGUAGES:
        _nouns(language, "学校 학교")


def _nouns(language: Language, text: str) -> list[str]:
    if language == "en":
        words = _ENGLISH_WORD.findall(text)
    elif language == "zh":
        import rjieba

        words = [w for w, tag in rjieba.tag(text) if tag.startswith("n") and len(w) > 1]
    elif language == "ja":
        words = [t.surface for t in japanese.tokenise(text) if t.pos == "名詞" and len(t.surface) > 1]
    else:
        words = [s for t in korean.tokenise(text) for s, tag in t.parts if tag in ("NNG", "NNP") and len(s) > 1]
    return [word for word in dict.fromkeys(words) if text.count(word) == 1 and not word.isdigit()]


def _invented(language: Language, draw: int) -> str:
    syllables = _SYLLABLES[language].split()
    first, rest = draw % len(syllables), draw // len(syllables)
    second, rest = rest % len(syllables), rest // len(syllables)
    third = rest % len(syllables)
    name = "".join(syllables[i] for i in (first, second, third))
    return name.capitalize()


def _answer(messages: Sequence[Mapping[str, str]], seed: int, wrong_share: float) -> str:
    """What the character says to a cloze of this writer."""
    question = messages[-1]["content"]
    cloze = re.search(rf"[\"“「'](.*{GAP}.*)[\"”」']", question)
    language = next((ln for ln in LANGUAGES if _is_of(ln, question)), "en")
    if cloze is None or _digest(messages, seed) % 1000 < 1000 * wrong_share:
        return _NOT_KNOWN[language]
    whole = "\n".join(message["content"] for message in messages[:-1])
    filled = re.search(re.escape(cloze[1]).replace(GAP, "(.{1,40}?)"), whole)
    return _ANSWER[language].format(filled[1]) if filled else _NOT_KNOWN[language]


def _is_of(language: Language, question: str) -> bool:
    return any(_pattern(cloze.replace("{}", "{gap}")).fullmatch(question) for cloze in _CLOZE[language].values())


def _digest(messages: Sequence[Mapping[str, str]], seed: int = 0) -> int:
    text = json.dumps([list(messages), seed], ensure_ascii=False, sort_keys=True)
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")
