"""Files in the shapes of the public release, written for this project, and servers that play model and judge."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.servers.chat_server import Behaviour, ChatServer

NPC = {
    "裴青山": {
        "npc_type": "情感陪伴",
        "npc_setting": "姓名: 裴青山,\n性别: 男,\n职业: 黄山脚下的制墨师傅,\n爱好: 养画眉，听雨,\n师父: 程伯安,",
    },
    "Tamsin Roe": {
        "npc_type": "original",
        "npc_setting": "Occupation: lighthouse keeper\nPet: a goose called Admiral\nBorn: in Mousehole, in 1961",
    },
}


def dialogue(question: str, metrics: Any, reference: str = "", npc_name: str = "Tamsin Roe", *before: str) -> dict:
    """One dialogue; what was said before alternates, the user's turn first."""
    texts = [*before, question]
    roles = ("user", "assistant")
    messages = [{"role": roles[i % 2], "text": text} for i, text in enumerate(texts)]
    return {"messages": messages, "reference": reference, "metrics": metrics, "npc_name": npc_name}


def write_files(folder: Path, dialogues: dict[str, Any], npc: dict[str, Any] = NPC) -> list[str]:
    """Writes both files; gives the options that name them."""
    for name, content in (("npc.json", npc), ("dialogue.json", dialogues)):
        (folder / name).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return ["--npc_file", str(folder / "npc.json"), "--dialogue_file", str(folder / "dialogue.json")]


@contextmanager
def serving(behaviour: Behaviour) -> Iterator[ChatServer]:
    """A server in a thread of its own, for the time of the block."""
    loop, server = asyncio.new_event_loop(), ChatServer(behaviour)
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(10)
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(server.__aexit__(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def judged_replies(messages: list[dict[str, str]]) -> tuple[str, str]:
    """The two replies in a question to the judge, in its order."""
    found = re.search(
        r"<First Reply>\n(.*?)\n</First Reply>\n\n<Second Reply>\n(.*?)\n</Second Reply>",
        messages[-1]["content"],
        re.DOTALL,
    )
    assert found, messages
    return found[1], found[2]


def verdict(word: str) -> str:
    """What a well-behaved judge writes."""
    return json.dumps({"reason": f"It is {word}.", "verdict": word})
