"""Replies scored a CPU second, by language, on one core, after warm-up; prints one JSON line.

    python tests/benchmarks/score_speed.py [--replies 2000]

Every reply has 60 words (Chinese and Japanese: 120 characters) and is new to the caches; half of them hold
the keyword.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from collections.abc import Callable, Iterator

from raiden.core.types import Language, Sample
from raiden.rewards import VRAR, rule_from_record

KEYWORDS: dict[Language, str] = {"en": "green tea", "zh": "绿茶", "ja": "緑茶", "ko": "녹차"}
TALK: dict[Language, str] = {
    "en": (
        "I walk along the river every morning, and my brother keeps the old boat for me. When it rains, we sit by"
        " the window and mend nets. She never liked the harbour, but our mother sang there. He bought bread, honey"
        " and candles at the market. You should see the lights in winter, they are something else."
    ),
    "zh": (
        "我从小 在南方 长大， 每天早上 沿着江边 跑步， 周末 和朋友们 去爬山。 最喜欢的 是妈妈做的 红烧肉，"
        " 虽然 没有学过 画画， 但是 也爱 看展览。 弟弟 住在 隔壁的 村子里， 他 不会 游泳。"
    ),
    "ja": (
        "私は 南の 小さな島で 育ちました。 毎朝 川沿いを 走り、 週末は 友達と 山に登ります。 好きな 食べ物は"
        " 母の作った 肉じゃがです。 泳げませんが、 釣りは 得意です。 弟は 隣の村で 働いています。"
    ),
    "ko": (
        "저는 남쪽 바닷가에서 자랐고, 지금은 서울에서 일하고 있어요. 매일 아침 강을 따라 달리고 주말에는"
        " 친구들과 산에 가요. 수영은 못 하지만 낚시는 잘해요. 동생은 옆 마을에서 빵집을 해요."
    ),
}
PROFILE = {
    "Name": "Mara Quill",
    "Occupation": "lighthouse keeper",
    "Detailed Description": 4 * "She keeps a cat called Biscuit, plays the fiddle and collects sea glass in storms. ",
}


def make_sample(language: Language, keyword: str) -> Sample:
    record = {"keywords": [keyword]}
    return Sample(
        "speed", "Mara Quill", PROFILE, (), "What do you drink?", keyword, (keyword,),
        rule_from_record(record, "speed:1"), "what", "single_term_validation", "easy", language, "sbk", record,
    )  # fmt: skip


def replies(language: Language, num_replies: int) -> Iterator[str]:
    words = TALK[language].split()
    glue = " " if language in ("en", "ko") else ""
    chance = random.Random(language)
    num_pieces = 60 if glue else 40
    for index in range(num_replies):
        pieces = chance.choices(words, k=num_pieces)
        if index % 2:
            pieces[chance.randrange(num_pieces)] = KEYWORDS[language]
        yield glue.join(pieces)[: 120 if not glue else None] + "."


def replies_per_second(score: Callable[[str], object], texts: list[str]) -> float:
    start = time.process_time()
    for text in texts:
        score(text)
    return len(texts) / (time.process_time() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replies", type=int, default=2000, help="replies a language")
    num_replies = parser.parse_args().replies
    reward = VRAR()
    figures: dict[str, float] = {}
    for language, keyword in KEYWORDS.items():
        sample = make_sample(language, keyword)
        texts = list(replies(language, num_replies + 4))
        for warm_up in texts[:4]:
            reward(sample, warm_up)
        figures[language] = round(replies_per_second(lambda text, sample=sample: reward(sample, text), texts[4:]))
    print(
        json.dumps(
            {
                "benchmark": "score_speed",
                "unit": "replies per CPU second",
                "load": round(os.getloadavg()[0], 1),
                **figures,
            }
        )
    )


if __name__ == "__main__":
    main()
