"""A valid sample record and a valid profile record, to be changed by tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SETTING = "Name: 小明\nGender: male\nIntroduction: 爱读书的学生\nDetailed Description: 小明住在成都。"


def profile_record(setting: str = SETTING) -> dict[str, Any]:
    return {"prompt": f"请扮演角色。\n\n<Character Setting>\n{setting}\n</Character Setting>\n\n开始。"}


def sample_record(**changes: Any) -> dict[str, Any]:
    """The sample of docs/data.md, with these fields changed; `...` takes a field out."""
    record = {
        "character_name": "小明",
        "character_profile": {"Name": "小明", "Gender": "male", "Introduction": "爱读书的学生"},
        "conversation_history": [{"role": "user", "content": "你好"}, {"role": "assistant", "content": "你好呀"}],
        "question": "你叫什么名字？",
        "answer": "我叫小明。",
        "keywords": ["小明"],
        "question_type": "what",
        "validation_method": "single_term_validation",
        "difficulty": "easy",
        "metadata": {"source": "sglang_sbk", "model": "GLM-4.6", "language": "zh"},
    }
    return {key: value for key, value in {**record, **changes}.items() if value is not ...}


def write_json(path: Path, value: Any) -> Path:
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
    return path


def write_jsonl(path: Path, records: list[Any]) -> Path:
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), encoding="utf-8")
    return path
