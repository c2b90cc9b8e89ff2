"""Evaluations made by hand, and the pages that are built of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from raiden.evaluation.curves import Curve, Point
from raiden.evaluation.html import build_page, page_content
from raiden.evaluation.results import Evaluation, metrics_of

ATTACK = "</script><script>window.ran=1</script><img src=x onerror=\"alert('ran')\">\u2028<!--{{style}}"


def row(id: str, reply: str, right: bool, said: str = "", **changes: Any) -> dict[str, Any]:
    """A row of an evaluation file whose reply says `said` where it is right."""
    start = reply.find(said)
    return {
        "id": id,
        "reply_index": 0,
        "character_name": "Edith",
        "focus": "sbk",
        "language": "en",
        "question_type": "where",
        "difficulty": "easy",
        "profile": {"Name": "Edith", "Introduction": "Edith was born in Hull."},
        "history": [],
        "question": "Where were you born?",
        "reference": "I was born in Hull.",
        "reply": reply,
        "finish_reason": "stop",
        "accuracy": float(right),
        "format": 1.0,
        "total": float(right),
        "components": {"accuracy": float(right), "format": 1.0},
        "spans": [{"start": start, "end": start + len(said), "text": said}] if said else [],
        "reason": f"says {said}" if right else "says nothing of it",
        **changes,
    }


ZH = {
    "language": "zh",
    "question": "你小时候在哪里长大？",
    "reference": "苏州。",
    "character_name": "林若水",
    "profile": {},
}
JA = {
    "language": "ja",
    "question": "お名前は。",
    "reference": "みどり。",
    "character_name": "みどり",
    "question_type": "who",
}
KO = {
    "language": "ko",
    "question": "고향이 어디예요?",
    "reference": "강릉이에요.",
    "character_name": "서연",
    "focus": "cm",
}
TALK = [{"role": "user", "content": "나는 강릉에서 왔어요."}, {"role": "assistant", "content": "반가워요!"}]


def evaluation(model: str, rows: list[dict[str, Any]], **more: Any) -> Evaluation:
    return Evaluation(model, metrics_of(rows), rows, **more)


def before() -> Evaluation:
    """Of four samples one is right: the Japanese one."""
    return evaluation(
        "the base",
        [
            row("en1", ATTACK, False),
            row("zh1", "不记得了。", False, **ZH),
            row("ja1", "みどりです。", True, "みどり", **JA),
            row("ko1", "몰라요.", False, history=TALK, **KO),
        ],
    )


def after() -> Evaluation:
    """Three are right: English and Chinese got right, Japanese got wrong, Korean is right once in two replies."""
    return evaluation(
        "the trained one",
        [
            row("en1", "🦊🦊 In Hull!", True, "Hull"),
            row("zh1", "我在苏州长大。", True, "苏州", **ZH),
            row("ja1", "さあ。", False, finish_reason="length", **JA),
            row("ko1", "강릉이에요.", True, "강릉", history=TALK, **KO),
            row("ko1", "서울이에요.", False, history=TALK, **KO, reply_index=1),
        ],
    )


CURVES = [
    Curve("train/sbk", (Point(0, 0.25), Point(5, 0.5), Point(10, 0.75))),
    Curve("val/sbk", (Point(0, 0.125), Point(10, 0.625))),
    Curve("grad_norm", (Point(1, 2.0), Point(2, None), Point(3, 4.0))),
    Curve("sync/seconds", (Point(1, 0.5),)),
]


def write_page(path: Path, *evaluations: Evaluation, curves: list[Curve] | None = None) -> str:
    """Writes a page and gives its address."""
    named = [(f"{each.model}.json", each) for each in evaluations]
    path.write_text(build_page(page_content(named, curves or []), "Before and after"), encoding="utf-8")
    return path.as_uri()
