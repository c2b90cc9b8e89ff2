"""Requests to send, and profiles to ask about."""

from __future__ import annotations

from raiden.core.types import LANGUAGES, Focus, Language, Message, Profile
from raiden.data.profiles import parse_profile
from raiden.datagen.base import Slot
from raiden.datagen.questions.author import plan_messages, plan_schema
from raiden.datagen.questions.plans import make_plan
from raiden.endpoints import ChatRequest

_FIELDS: dict[Language, dict[str, str]] = {
    "en": {
        "Name": "Maud Tillery",
        "Occupation": "bell founder in Redruth",
        "Life": "Her cousin Barnabas keeps goats. She was apprenticed in Truro. A kingfisher nests by her window.",
    },
    "zh": {
        "Name": "郑兰舟",
        "职业": "黄山脚下的制墨师傅",
        "经历": "他在徽州学徒三年。师父留给他一把铜尺。他养的画眉每天清早叫醒邻居。",
    },
    "ja": {
        "Name": "三枝つむぎ",
        "職業": "盛岡の鉄瓶職人",
        "経歴": "祖父から工房を受けついだ。庭に山椒の木がある。冬は駅前でりんごを売る。",
    },
    "ko": {
        "Name": "남궁솔",
        "직업": "통영의 나전칠기 장인",
        "내력": "할머니에게 자개 일을 배웠다. 마당에는 석류나무가 있다. 저녁이면 항구에서 첼로를 켠다.",
    },
}
GREETING = ChatRequest((Message("user", "Good morning!"),))


def profile(language: Language) -> Profile:
    setting = "\n".join(f"{field}: {value}" for field, value in _FIELDS[language].items())
    return parse_profile({"prompt": f"<Character Setting>\n{setting}\n</Character Setting>"}, "test:1")


def draft_request(language: Language = "en", focus: Focus = "sbk", index: int = 0) -> ChatRequest:
    """What the author asks for a slot."""
    slot = Slot(profile(language), focus, language, index)
    plan = make_plan(slot, 0, 0)
    return ChatRequest(plan_messages(slot, plan), seed=plan.seed, schema=plan_schema(slot, plan))


def draft_requests(num: int) -> list[ChatRequest]:
    """So many different ones, in all languages."""
    slots = ((language, focus) for language in LANGUAGES for focus in ("sbk", "cm"))
    kinds = list(slots)
    return [draft_request(*kinds[i % len(kinds)], i // len(kinds)) for i in range(num)]
